/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Measuring one cell: series of batches in a context.
 */
#ifndef _KMBENCH_MEASURE_H
#define _KMBENCH_MEASURE_H

#include <linux/types.h>

#include "batch.h"
#include "scenario.h"

/**
 * struct kmb_result - what a measurement brings
 * @mean_failed: operations whose allocation returned NULL, among those of @mean.
 * @allocs: calls that allocate, warm-up included.
 * @frees: calls that free, likewise.
 * @vmalloced: see struct kmb_run.
 * @clock: cost of reading the clock, ticks.
 * @record: cost of a sample of nothing, recording included, ticks.
 * @mean: the mean-loop, see struct kmb_run.
 * @together: what several CPUs did, likewise.
 * @empty: samples around no operation, ticks.
 * @op: samples of the operation, ticks.
 * @fails: samples of those whose allocation returned NULL, which are not in @op.
 */
struct kmb_result {
	u64 mean_failed;
	u64 allocs;
	u64 frees;
	u64 vmalloced;
	struct kmb_stats clock;
	struct kmb_stats record;
	struct kmb_stats mean;
	struct kmb_together together;
	struct kmb_histogram empty;
	struct kmb_histogram op;
	struct kmb_histogram fails;
};

int kmb_run_batches(struct kmb_batch *batch, const struct kmb_context *context,
		    u32 total);
int kmb_measure(const struct kmb_cell *cell, u32 warmup, u32 iterations,
		struct kmb_result *result);

#endif /* _KMBENCH_MEASURE_H */
