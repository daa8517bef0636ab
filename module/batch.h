/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A batch: as many operations as one entry into a context makes, and the
 * loops that time them. The operations are in ops.c.
 */
#ifndef _KMBENCH_BATCH_H
#define _KMBENCH_BATCH_H

#include <linux/types.h>

#include "clock.h"
#include "histogram.h"
#include "limits.h"

struct kmb_batch;
struct kmb_scenario;
struct kmem_cache;

/**
 * struct kmb_loops - the loops of one operation, in whatever context
 * @each: takes batch->nr samples into batch->hist, one an operation.
 * @all: makes batch->nr operations between two readings of the clock, for
 *	batch->mean; NULL where operations cannot follow each other.
 */
struct kmb_loops {
	void (*each)(struct kmb_batch *batch);
	void (*all)(struct kmb_batch *batch);
};

/**
 * struct kmb_batch - what the loops work on
 * @scenario: whose operation it is.
 * @loop: the one of its loops that is to run.
 * @gfp: flags of each allocation.
 * @size: bytes of each allocation.
 * @nr: operations in this batch, 1 to KMB_MAX_BATCH.
 * @failed: operations of @all whose allocation returned NULL so far.
 * @allocs: calls that allocate so far.
 * @frees: calls that free so far.
 * @vmalloced: objects that vmalloc() had to provide so far, of those of a demand.
 * @hist: receives the samples of @each.
 * @fails: receives those whose allocation returned NULL.
 * @mean: receives those of @all.
 * @together: receives what several CPUs did.
 * @cache: of the scenario's own, NULL where it has none.
 * @objs: where the objects of a batch are kept, all NULL between batches.
 */
struct kmb_batch {
	const struct kmb_scenario *scenario;
	void (*loop)(struct kmb_batch *batch);
	gfp_t gfp;
	size_t size;
	u32 nr;
	u64 failed;
	u64 allocs;
	u64 frees;
	u64 vmalloced;
	struct kmb_histogram *hist;
	struct kmb_histogram *fails;
	struct kmb_stats *mean;
	struct kmb_together *together;
	struct kmem_cache *cache;
	void *objs[KMB_MAX_BATCH];
};

/* Does the i-th operation; whether its allocation succeeded. Inlined. */
typedef bool kmb_op(struct kmb_batch *batch, u32 i);
/* Gets ready for the i-th operation, or for all of them; not timed. */
typedef void kmb_prepare_op(struct kmb_batch *batch, u32 i);
typedef void kmb_prepare(struct kmb_batch *batch);

static __always_inline void kmb_sample(struct kmb_batch *batch, bool got,
				       u64 ticks)
{
	kmb_histogram_add(likely(got) ? batch->hist : batch->fails, ticks);
}

/*
 * A build with KMB_INJECT=N has N instructions more in what is timed: whether the
 * gate finds them is how it is tested.
 */
static __always_inline void kmb_inject(void)
{
#ifdef KMB_INJECT
	asm volatile(".rept %c0\n\tnop\n\t.endr" : : "i" (KMB_INJECT));
#endif
}

/*
 * The timed loop. @op is a constant, so that its code lies between the two
 * readings and nothing is called there but what it calls.
 */
static __always_inline void kmb_time_each(struct kmb_batch *batch,
					  kmb_prepare_op *before, kmb_op *op)
{
	u64 start, end;
	bool got;
	u32 i;

	for (i = 0; i < batch->nr; i++) {
		if (before)
			before(batch, i);
		start = kmb_clock();
		kmb_inject();
		got = op(batch, i);
		end = kmb_clock();
		kmb_sample(batch, got, end - start);
	}
}

/**
 * kmb_mean_add() - record many operations that were timed as one
 * @mean: where; its count is that of operations, min and max of means.
 * @nr: operations, at least 1.
 * @ticks: what they took together.
 */
static inline void kmb_mean_add(struct kmb_stats *mean, u32 nr, u64 ticks)
{
	mean->count += nr;
	mean->sum += ticks;
	mean->min = min(mean->min, ticks / nr);
	mean->max = max(mean->max, ticks / nr);
}

/* The mean-loop: no reading of the clock between two operations. */
static __always_inline void kmb_time_all(struct kmb_batch *batch, kmb_op *op)
{
	u32 i, failed = 0;
	u64 start, end;

	start = kmb_clock();
	for (i = 0; i < batch->nr; i++) {
		kmb_inject();
		failed += !op(batch, i);
	}
	end = kmb_clock();
	batch->failed += failed;
	kmb_mean_add(batch->mean, batch->nr, end - start);
}

#endif /* _KMBENCH_BATCH_H */
