// SPDX-License-Identifier: GPL-2.0
/*
 * The timed loops, and what drives them.
 *
 * Timed: the call of kmalloc() or kfree() with its arguments in registers,
 * and one reading of the clock. Not timed: recording the sample, the loop, the
 * entry into the context. The size is not a constant, so the lookup of the
 * size class is timed too: it is what a caller with a run-time size pays.
 *
 * What could fool a reader: each sample contains the cost of reading the
 * clock, which is measured by the same loop around nothing ("empty") and
 * reported beside, never subtracted; a batch touches nothing but the allocator
 * and its own histogram between two samples, so caches are as warm as they ever
 * get.
 */
#include <linux/errno.h>
#include <linux/math.h>
#include <linux/minmax.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>

#include "clock.h"
#include "measure.h"

static void batch_release(struct kmb_batch *batch)
{
	u32 i;

	for (i = 0; i < batch->nr; i++) {
		kfree(batch->objs[i]);
		batch->objs[i] = NULL;
	}
}

static void batch_empty(struct kmb_batch *batch)
{
	u64 start, end;
	u32 i;

	for (i = 0; i < batch->nr; i++) {
		start = kmb_clock();
		end = kmb_clock();
		kmb_histogram_add(batch->hist, end - start);
	}
}

/* The loop that tells what batch_empty() adds is not itself a scenario. */
static const struct kmb_scenario empty_scenario = {
	.name = "empty", .batch = batch_empty,
};

static __always_inline void sample(struct kmb_batch *batch, bool got,
				   u64 ticks)
{
	if (likely(got))
		kmb_histogram_add(batch->hist, ticks);
	else
		batch->failed++;
}

/**
 * kmb_batch_alloc() - time kmalloc(), free after the last sample
 * @batch: what to allocate.
 */
void kmb_batch_alloc(struct kmb_batch *batch)
{
	u64 start, end;
	u32 i;

	for (i = 0; i < batch->nr; i++) {
		start = kmb_clock();
		batch->objs[i] = kmalloc(batch->size, batch->gfp);
		end = kmb_clock();
		sample(batch, batch->objs[i], end - start);
	}
	batch_release(batch);
}

/**
 * kmb_batch_free() - allocate, then time kfree()
 * @batch: what to allocate.
 */
void kmb_batch_free(struct kmb_batch *batch)
{
	u64 start, end;
	bool got;
	u32 i;

	for (i = 0; i < batch->nr; i++)
		batch->objs[i] = kmalloc(batch->size, batch->gfp);
	for (i = 0; i < batch->nr; i++) {
		got = batch->objs[i];
		start = kmb_clock();
		kfree(batch->objs[i]);
		end = kmb_clock();
		batch->objs[i] = NULL;
		sample(batch, got, end - start);
	}
}

/**
 * kmb_batch_pair() - time kmalloc() and kfree() of the same object together
 * @batch: what to allocate.
 */
void kmb_batch_pair(struct kmb_batch *batch)
{
	u64 start, end;
	void *obj;
	bool got;
	u32 i;

	for (i = 0; i < batch->nr; i++) {
		start = kmb_clock();
		obj = kmalloc(batch->size, batch->gfp);
		got = obj;
		kfree(obj);
		end = kmb_clock();
		sample(batch, got, end - start);
	}
}

static void batch_in_context(void *arg)
{
	struct kmb_batch *batch = arg;

	batch->scenario->batch(batch);
}

/* Batch after batch until @total operations are done. */
static int run_batches(struct kmb_batch *batch,
		       const struct kmb_context *context, u32 total)
{
	u32 limit = clamp_t(size_t, KMB_MAX_BATCH_BYTES / batch->size, 1,
			    KMB_MAX_BATCH);
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

/* Warm up, forget what that recorded, then take @iterations samples. */
static int measure_series(struct kmb_batch *batch,
			  const struct kmb_context *context, u32 warmup,
			  u32 iterations)
{
	int err;

	err = run_batches(batch, context, warmup);
	if (err)
		return err;
	batch->failed = 0;
	memset(batch->hist->buckets, 0, sizeof(batch->hist->buckets));
	kmb_stats_reset(&batch->hist->stats);
	return run_batches(batch, context, iterations);
}

/**
 * kmb_measure() - measure one cell on this CPU
 * @cell: what to measure; checked.
 * @warmup: operations before the first sample, up to KMB_MAX_ITERATIONS.
 * @iterations: samples, 1 to KMB_MAX_ITERATIONS.
 * @result: what came out; undefined after an error.
 *
 * Return: 0; -ENOMEM; -EINTR after a signal; -EIO when the context was not
 * reached. Whatever is returned, all objects have been freed.
 */
int kmb_measure(const struct kmb_cell *cell, u32 warmup, u32 iterations,
		struct kmb_result *result)
{
	struct kmb_batch *batch;
	int err;

	batch = kzalloc(sizeof(*batch), GFP_KERNEL);
	if (!batch)
		return -ENOMEM;
	batch->gfp = cell->gfp | __GFP_NOWARN;
	batch->size = cell->size;

	measure_clock(&result->clock);
	batch->scenario = &empty_scenario;
	batch->hist = &result->empty;
	err = measure_series(batch, cell->context, warmup, iterations);
	if (err)
		goto free_batch;
	batch->scenario = cell->scenario;
	batch->hist = &result->op;
	err = measure_series(batch, cell->context, warmup, iterations);
	result->failed = batch->failed;
free_batch:
	kfree(batch);
	return err;
}
