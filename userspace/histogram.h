/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A histogram of samples, kept as the list of its non-empty buckets.
 *
 * Which bucket counts which value is the ABI's business (uapi/kmbench.h).
 */
#ifndef KMBENCH_HISTOGRAM_H
#define KMBENCH_HISTOGRAM_H

#include <stdint.h>

/**
 * struct histogram_bucket - a bucket that counted something
 * @index: which, in [0, KMB_HIST_BUCKETS).
 * @count: samples in it, at least 1.
 */
struct histogram_bucket {
	uint32_t index;
	uint64_t count;
};

/**
 * struct histogram - the non-empty buckets, in ascending order
 * @nr: how many.
 * @buckets: the buckets.
 */
struct histogram {
	uint32_t nr;
	struct histogram_bucket buckets[];
};

struct histogram *histogram__new(const uint64_t *counts);
void histogram__delete(struct histogram *histogram);
struct histogram *histogram__merge(const struct histogram *a,
				   const struct histogram *b);
uint64_t histogram__count(const struct histogram *histogram);
uint64_t histogram__rank(uint64_t count, uint32_t per_10000);
uint64_t histogram__percentile(const struct histogram *histogram,
			       uint32_t per_10000, uint64_t min, uint64_t max);

#endif /* KMBENCH_HISTOGRAM_H */
