// SPDX-License-Identifier: GPL-2.0
/*
 * The operations that are timed, each with its two loops.
 *
 * Timed: the call with its arguments in registers or in the batch, and one
 * reading of the clock. Not timed: recording the sample, the loop, the entry
 * into the context, filling and emptying the batch. The size is not a constant,
 * so the lookup of the size class is timed, too: it is what a caller with a
 * run-time size pays.
 *
 * What could fool a reader: each sample contains the cost of reading the
 * clock, which the same loop around nothing shows ("empty"); a batch touches
 * nothing but the allocator and its own histogram between two samples, so
 * caches are as warm as they ever get. The mean-loop has neither, but the
 * loop's own two or three instructions.
 *
 * Left out: scenarios of more than one CPU, which are in crew.c.
 */
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/prandom.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>

#include "compat.h"
#include "ops.h"

/* Each sample of a scenario, from before the batch to after it. */
#define KMB_LOOPS(_name, _prepare, _op, _finish)			\
static void each_##_name(struct kmb_batch *batch)			\
{									\
	_prepare(batch);						\
	kmb_time_each(batch, NULL, _op);				\
	_finish(batch);							\
}									\
static void all_##_name(struct kmb_batch *batch)			\
{									\
	_prepare(batch);						\
	kmb_time_all(batch, _op);					\
	_finish(batch);							\
}									\
const struct kmb_loops kmb_loops_##_name = {				\
	.each = each_##_name, .all = all_##_name,			\
}

static void nothing(struct kmb_batch *batch)
{
}

static __always_inline bool op_empty(struct kmb_batch *batch, u32 i)
{
	return true;
}
KMB_LOOPS(empty, nothing, op_empty, nothing);

/* Two instructions a turn on x86, hence KMB_DELAY of them. */
static __always_inline bool op_delay(struct kmb_batch *batch, u32 i)
{
#ifdef CONFIG_X86
	u32 turns = KMB_DELAY / 2;

	asm volatile("1: dec %0\n\tjnz 1b" : "+r" (turns) : : "cc");
#else
	u64 start = kmb_clock();

	while (kmb_clock() - start < KMB_DELAY)
		cpu_relax();
#endif
	return true;
}
KMB_LOOPS(delay, nothing, op_delay, nothing);

/**
 * kmb_batch_fill() - allocate all objects of a batch
 * @batch: the batch; an allocation that fails leaves a NULL.
 */
void kmb_batch_fill(struct kmb_batch *batch)
{
	u32 i;

	for (i = 0; i < batch->nr; i++)
		batch->objs[i] = kmalloc(batch->size, batch->gfp);
	batch->allocs += batch->nr;
}

static void batch_release(struct kmb_batch *batch)
{
	u32 i;

	for (i = 0; i < batch->nr; i++) {
		kfree(batch->objs[i]);
		batch->objs[i] = NULL;
	}
	batch->frees += batch->nr;
}

static __always_inline bool op_alloc(struct kmb_batch *batch, u32 i)
{
	batch->objs[i] = kmalloc(batch->size, batch->gfp);
	return batch->objs[i];
}

static void alloc_finish(struct kmb_batch *batch)
{
	batch->allocs += batch->nr;
	batch_release(batch);
}
KMB_LOOPS(alloc, nothing, op_alloc, alloc_finish);

static __always_inline bool op_free(struct kmb_batch *batch, u32 i)
{
	void *obj = batch->objs[i];

	kfree(obj);
	return obj;
}

static void free_finish(struct kmb_batch *batch)
{
	batch->frees += batch->nr;
	memset(batch->objs, 0, batch->nr * sizeof(batch->objs[0]));
}
KMB_LOOPS(free, kmb_batch_fill, op_free, free_finish);
/* Of a batch that is full already. */
KMB_LOOPS(free_held, nothing, op_free, free_finish);

static void fill_lifo(struct kmb_batch *batch)
{
	u32 i;

	kmb_batch_fill(batch);
	for (i = 0; i < batch->nr / 2; i++)
		swap(batch->objs[i], batch->objs[batch->nr - 1 - i]);
}
KMB_LOOPS(free_lifo, fill_lifo, op_free, free_finish);

/* The same order each time, or the virtual clock would not be exact. */
static void fill_shuffled(struct kmb_batch *batch)
{
	struct rnd_state rnd;
	u32 i, j;

	kmb_batch_fill(batch);
	prandom_seed_state(&rnd, batch->nr);
	for (i = batch->nr - 1; i; i--) {
		j = prandom_u32_state(&rnd) % (i + 1);
		swap(batch->objs[i], batch->objs[j]);
	}
}
KMB_LOOPS(free_shuffled, fill_shuffled, op_free, free_finish);

static void pair_finish(struct kmb_batch *batch)
{
	batch->allocs += batch->nr;
	batch->frees += batch->nr;
}

static __always_inline bool op_pair(struct kmb_batch *batch, u32 i)
{
	void *obj = kmalloc(batch->size, batch->gfp);
	bool got = obj;

	kfree(obj);
	return got;
}
KMB_LOOPS(pair, nothing, op_pair, pair_finish);

static __always_inline bool op_kzalloc(struct kmb_batch *batch, u32 i)
{
	void *obj = kzalloc(batch->size, batch->gfp);
	bool got = obj;

	kfree(obj);
	return got;
}
KMB_LOOPS(kzalloc, nothing, op_kzalloc, pair_finish);

/* With the size as the number, so that every size is one. */
static __always_inline bool op_kcalloc(struct kmb_batch *batch, u32 i)
{
	void *obj = kcalloc(batch->size, 1, batch->gfp);
	bool got = obj;

	kfree(obj);
	return got;
}
KMB_LOOPS(kcalloc, nothing, op_kcalloc, pair_finish);

static void fill_halves(struct kmb_batch *batch)
{
	size_t half = max_t(size_t, batch->size / 2, 1);
	u32 i;

	for (i = 0; i < batch->nr; i++)
		batch->objs[i] = kmalloc(half, batch->gfp);
}

static __always_inline bool op_krealloc(struct kmb_batch *batch, u32 i)
{
	void *grown = krealloc(batch->objs[i], batch->size, batch->gfp);

	if (grown)
		batch->objs[i] = grown;
	return grown;
}
KMB_LOOPS(krealloc, fill_halves, op_krealloc, batch_release);

static __always_inline bool op_kvmalloc(struct kmb_batch *batch, u32 i)
{
	void *obj = kvmalloc(batch->size, batch->gfp);
	bool got = obj;

	kvfree(obj);
	return got;
}
KMB_LOOPS(kvmalloc, nothing, op_kvmalloc, nothing);

static __always_inline bool op_kvalloc(struct kmb_batch *batch, u32 i)
{
	batch->objs[i] = kvmalloc(batch->size, batch->gfp);
	return batch->objs[i];
}

static void kvalloc_finish(struct kmb_batch *batch)
{
	u32 i;

	for (i = 0; i < batch->nr; i++) {
		batch->vmalloced += is_vmalloc_addr(batch->objs[i]);
		kvfree(batch->objs[i]);
		batch->objs[i] = NULL;
	}
}

/* No second loop: whether all could be had would be another question. */
static void each_demand(struct kmb_batch *batch)
{
	kmb_time_each(batch, NULL, op_alloc);
	alloc_finish(batch);
}

static void each_kvdemand(struct kmb_batch *batch)
{
	kmb_time_each(batch, NULL, op_kvalloc);
	kvalloc_finish(batch);
}

const struct kmb_loops kmb_loops_demand = { .each = each_demand };
const struct kmb_loops kmb_loops_kvdemand = { .each = each_kvdemand };

/* What kfree_rcu() needs inside of an object. */
struct rcu_object {
	struct rcu_head head;
};

static __always_inline bool op_rcu(struct kmb_batch *batch, u32 i)
{
	struct rcu_object *obj = batch->objs[i];
	bool got = obj;

	kfree_rcu(obj, head);
	return got;
}
KMB_LOOPS(rcu, kmb_batch_fill, op_rcu, free_finish);

#ifdef KMB_HAS_NOLOCK
static __always_inline bool op_nolock(struct kmb_batch *batch, u32 i)
{
	void *obj = kmalloc_nolock(batch->size, batch->gfp & __GFP_ZERO,
				   NUMA_NO_NODE);
	bool got = obj;

	kfree_nolock(obj);
	return got;
}
KMB_LOOPS(nolock, nothing, op_nolock, nothing);
#endif

/* Empties the cache, so that the next object needs a new slab. */
static __always_inline void before_cold(struct kmb_batch *batch, u32 i)
{
	if (batch->objs[0])
		kmem_cache_free(batch->cache, batch->objs[0]);
	batch->objs[0] = NULL;
	kmem_cache_shrink(batch->cache);
}

static __always_inline bool op_cold(struct kmb_batch *batch, u32 i)
{
	batch->objs[0] = kmem_cache_alloc(batch->cache, batch->gfp);
	return batch->objs[0];
}

static void each_cold(struct kmb_batch *batch)
{
	kmb_time_each(batch, before_cold, op_cold);
	before_cold(batch, 0);
}

const struct kmb_loops kmb_loops_cold = { .each = each_cold };

static __always_inline bool op_bulk(struct kmb_batch *batch, u32 i)
{
	size_t got = kmb_alloc_bulk(batch->cache, batch->gfp, KMB_BULK,
				    batch->objs);

	if (got)
		kmem_cache_free_bulk(batch->cache, got, batch->objs);
	return got;
}

static void bulk_finish(struct kmb_batch *batch)
{
	memset(batch->objs, 0, KMB_BULK * sizeof(batch->objs[0]));
}
KMB_LOOPS(bulk, nothing, op_bulk, bulk_finish);
