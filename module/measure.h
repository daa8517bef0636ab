/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Measuring one cell: batches of samples in a context.
 */
#ifndef _KMBENCH_MEASURE_H
#define _KMBENCH_MEASURE_H

#include <linux/types.h>

#include "histogram.h"
#include "limits.h"
#include "scenario.h"

/**
 * struct kmb_batch - as many operations as one entry into a context makes
 * @scenario: whose loop runs.
 * @gfp: flags of each allocation.
 * @size: bytes of each allocation.
 * @nr: operations in this batch, 1 to KMB_MAX_BATCH.
 * @failed: allocations that returned NULL so far.
 * @hist: receives the samples.
 * @objs: where the objects of a batch are kept, all NULL between batches.
 */
struct kmb_batch {
	const struct kmb_scenario *scenario;
	gfp_t gfp;
	size_t size;
	u32 nr;
	u64 failed;
	struct kmb_histogram *hist;
	void *objs[KMB_MAX_BATCH];
};

void kmb_batch_alloc(struct kmb_batch *batch);
void kmb_batch_free(struct kmb_batch *batch);
void kmb_batch_pair(struct kmb_batch *batch);

/**
 * struct kmb_result - what a measurement brings
 * @failed: allocations that returned NULL.
 * @clock: cost of reading the clock, ticks.
 * @empty: samples around no operation, ticks.
 * @op: samples of the operation, ticks.
 */
struct kmb_result {
	u64 failed;
	struct kmb_stats clock;
	struct kmb_histogram empty;
	struct kmb_histogram op;
};

int kmb_measure(const struct kmb_cell *cell, u32 warmup, u32 iterations,
		struct kmb_result *result);

#endif /* _KMBENCH_MEASURE_H */
