// SPDX-License-Identifier: GPL-2.0
/*
 * What drives the timed loops: warm-up, the series of samples, the mean-loop,
 * and what the clock and the empty loop cost in the same run.
 */
#include <linux/errno.h>
#include <linux/irqflags.h>
#include <linux/math.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "compat.h"
#include "crew.h"
#include "measure.h"
#include "ops.h"
#include "own.h"
#include "partials.h"

/* The loop that tells what the loops themselves add is no row. */
static const struct kmb_scenario empty_scenario = {
	.name = "empty", .loops = &kmb_loops_empty, .nr = KMB_BATCH,
};

static void batch_in_context(void *arg)
{
	struct kmb_batch *batch = arg;

	batch->loop(batch);
}

/**
 * kmb_run_batches() - batch after batch until enough operations are done
 * @batch: what to do; ready but for @nr.
 * @context: where.
 * @total: operations.
 *
 * Return: 0; -EINTR after a signal; -EIO when the context was not reached.
 */
int kmb_run_batches(struct kmb_batch *batch, const struct kmb_context *context,
		    u32 total)
{
	u32 limit = kmb_batch_limit(batch->scenario, batch->size);
	int err;

	for (; total; total -= batch->nr) {
		batch->nr = min(total, limit);
		err = context->run(batch_in_context, batch);
		if (err)
			return err;
		if (signal_pending(current))
			return -EINTR;
		cond_resched();
	}
	return 0;
}

static void measure_clock(struct kmb_stats *stats)
{
	u64 start, end;
	u32 i, j;

	kmb_stats_reset(stats);
	for (i = 0; i < KMB_CLOCK_SAMPLES; i++) {
		start = kmb_clock();
		for (j = 1; j < KMB_CLOCK_READINGS; j++)
			kmb_clock();
		end = kmb_clock();
		kmb_stats_add(stats, (end - start) / KMB_CLOCK_READINGS);
	}
}

/* The loop of all samples, timed as a whole. */
static void measure_record(struct kmb_stats *stats, struct kmb_batch *batch)
{
	u64 start, end;
	u32 i;

	kmb_stats_reset(stats);
	batch->nr = KMB_CLOCK_READINGS;
	for (i = 0; i < KMB_CLOCK_SAMPLES; i++) {
		start = kmb_clock();
		kmb_loops_empty.each(batch);
		end = kmb_clock();
		kmb_stats_add(stats, (end - start) / KMB_CLOCK_READINGS);
	}
}

/* What measuring costs does not depend on the cell: no interrupt may be in it. */
static void measure_overhead(struct kmb_result *result, struct kmb_batch *batch)
{
	unsigned long flags;

	local_irq_save(flags);
	measure_clock(&result->clock);
	measure_record(&result->record, batch);
	local_irq_restore(flags);
}

/* One series on as many CPUs as the cell has. */
static int run_series(const struct kmb_cell *cell, struct kmb_batch *batch,
		      u32 total, bool mean)
{
	if (cell->scenario->work)
		return kmb_crew_run(cell, total, mean, batch);
	batch->loop = mean ? batch->scenario->loops->all :
			     batch->scenario->loops->each;
	return kmb_run_batches(batch, cell->context, total);
}

/* Warm up, forget what that recorded, then take all samples. */
static int measure_each(const struct kmb_cell *cell, struct kmb_batch *batch,
			u32 warmup, u32 iterations)
{
	int err;

	err = run_series(cell, batch, warmup, false);
	if (err)
		return err;
	batch->vmalloced = 0;
	kmb_histogram_reset(batch->hist);
	kmb_histogram_reset(batch->fails);
	return run_series(cell, batch, iterations, false);
}

static int measure_empty(const struct kmb_cell *cell, struct kmb_batch *batch,
			 u32 warmup, u32 iterations)
{
	struct kmb_cell empty = *cell;

	empty.scenario = &empty_scenario;
	batch->scenario = &empty_scenario;
	return measure_each(&empty, batch, warmup, iterations);
}

/*
 * For those that hold one object, not in a cache of their own: of several it would be but the
 * first, and the order in which others are given back moves what comes after it.
 */
static void first_page_first(const struct kmb_cell *cell, struct kmb_batch *batch)
{
	u32 calls;

	if (cell->scenario->holds != 1 || cell->scenario->flags & KMB_ROW_OWN_CACHE)
		return;
	calls = kmb_partials_first_page(cell->size, batch->gfp);
	batch->allocs += calls;
	batch->frees += calls;
}

static int measure_op(const struct kmb_cell *cell, struct kmb_batch *batch,
		      u32 warmup, u32 iterations, struct kmb_result *result)
{
	int err;

	batch->scenario = cell->scenario;
	batch->hist = &result->op;
	first_page_first(cell, batch);
	err = measure_each(cell, batch, warmup, iterations);
	if (!err && cell->scenario->loops->all)
		err = run_series(cell, batch, iterations, true);
	result->mean_failed = batch->failed;
	result->allocs = batch->allocs;
	result->frees = batch->frees;
	result->vmalloced = batch->vmalloced;
	return err;
}

static int make_cache(const struct kmb_cell *cell, struct kmb_batch *batch)
{
	if (!(cell->scenario->flags & KMB_ROW_OWN_CACHE))
		return 0;
	batch->cache = kmem_cache_create("kmbench", cell->size, 0,
					 KMB_NO_MERGE, NULL);
	return batch->cache ? 0 : -ENOMEM;
}

/**
 * kmb_measure() - measure one cell, on this CPU first of all
 * @cell: what to measure; checked.
 * @warmup: operations before the first sample, up to KMB_MAX_ITERATIONS.
 * @iterations: samples, 1 to KMB_MAX_ITERATIONS.
 * @result: what came out; zeroed before, undefined after an error.
 *
 * Return: 0; -ENOMEM; -EINTR after a signal; -EIO when the context was not
 * reached. Whatever is returned, all objects have been freed, or will be when
 * the grace period of kfree_rcu() is over.
 */
int kmb_measure(const struct kmb_cell *cell, u32 warmup, u32 iterations,
		struct kmb_result *result)
{
	struct kmb_batch *batch;
	int err;

	batch = kmb_own_alloc(sizeof(*batch));
	if (!batch)
		return -ENOMEM;
	batch->gfp = cell->gfp | __GFP_NOWARN;
	batch->size = cell->size;
	batch->hist = &result->empty;
	batch->fails = &result->fails;
	batch->mean = &result->mean;
	batch->together = &result->together;
	kmb_stats_reset(&result->mean);
	measure_overhead(result, batch);
	err = make_cache(cell, batch);
	if (err)
		goto free_batch;
	err = measure_empty(cell, batch, warmup, iterations);
	if (!err)
		err = measure_op(cell, batch, warmup, iterations, result);
	kmem_cache_destroy(batch->cache);
free_batch:
	kmb_own_free(batch, sizeof(*batch));
	return err;
}
