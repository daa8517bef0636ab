/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A series of samples: exact count, sum, min and max, and a log-linear
 * histogram. The layout of the buckets is part of the ABI.
 */
#ifndef _KMBENCH_HISTOGRAM_H
#define _KMBENCH_HISTOGRAM_H

#include <linux/minmax.h>
#include <linux/string.h>
#include <linux/types.h>

#include "uapi/kmbench.h"

/**
 * struct kmb_histogram - where samples are recorded
 * @stats: the exact part, ticks.
 * @buckets: KMB_HIST_BUCKETS counts.
 */
struct kmb_histogram {
	struct kmb_stats stats;
	u64 buckets[KMB_HIST_BUCKETS];
};

static inline void kmb_stats_reset(struct kmb_stats *stats)
{
	*stats = (struct kmb_stats){ .min = U64_MAX };
}

static __always_inline void kmb_stats_add(struct kmb_stats *stats, u64 ticks)
{
	stats->count++;
	stats->sum += ticks;
	stats->min = min(stats->min, ticks);
	stats->max = max(stats->max, ticks);
}

static inline void kmb_histogram_reset(struct kmb_histogram *hist)
{
	memset(hist->buckets, 0, sizeof(hist->buckets));
	kmb_stats_reset(&hist->stats);
}

static inline void kmb_stats_merge(struct kmb_stats *sum,
				   const struct kmb_stats *stats)
{
	sum->count += stats->count;
	sum->sum += stats->sum;
	sum->min = min(sum->min, stats->min);
	sum->max = max(sum->max, stats->max);
}

/**
 * kmb_histogram_add() - record one sample
 * @hist: where.
 * @ticks: the sample; any value.
 *
 * Never sleeps, takes no lock: one writer at a time.
 */
static __always_inline void kmb_histogram_add(struct kmb_histogram *hist,
					      u64 ticks)
{
	kmb_stats_add(&hist->stats, ticks);
	hist->buckets[kmb_hist_index(ticks)]++;
}

#endif /* _KMBENCH_HISTOGRAM_H */
