// SPDX-License-Identifier: GPL-2.0
/*
 * What becomes of charges and of memory when a request that is charged fails,
 * or when the memory cgroup refuses it?
 *
 * It is asked for so often, or for so much, that what a failure kept would
 * show. Left out: reclaim at the limit, as nothing in the cgroup could be
 * reclaimed, and its OOM killer, as it has no task.
 */
#include <kunit/test.h>
#include <linux/memcontrol.h>
#include <linux/preempt.h>
#include <linux/sched.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>

#include "kernel_log.h"
#include "memcg.h"
#include "objects.h"
#include "promises.h"
#include "recycle.h"
#include "scarcity.h"

/* Calls that have to fail; what they keep comes to more than is in store. */
#define FAILURES 512

/**
 * struct refusal - what became of requests that cannot be served
 * @nr: objects that were served.
 * @nulls: requests that were not.
 * @left: pages that were charged after all was freed.
 */
struct refusal {
	unsigned int nr;
	unsigned int nulls;
	unsigned long left;
};

static struct refusal ask_too_much(const struct kmb_memcg *home, size_t bytes,
				   unsigned int failures)
{
	struct kmb_chain chain = {};
	struct refusal refusal = {};
	struct mem_cgroup *old;

	migrate_disable();
	old = set_active_memcg(home->memcg);
	while (refusal.nulls < failures && !kmb_scarcity_is_over())
		refusal.nulls += !kmb_chain_grow(&chain, 1, bytes,
						 GFP_NOWAIT | __GFP_ACCOUNT);
	set_active_memcg(old);
	refusal.nr = chain.nr;
	kmb_chain_free(&chain);
	refusal.left = kmb_memcg_pages(home);
	migrate_enable();
	return refusal;
}

static void p34_failure_is_not_charged(struct kunit *test)
{
	struct kmb_memcg *home = test->priv;
	struct refusal refusal;

	kmb_promise(test, 34);
	kmb_memcg_or_skip(test, true);
	KUNIT_ASSERT_EQ(test, kmb_memcg_make(home), 0);
	kmb_scarcity_begin(test);
	kmb_scarcity_take(0, 0);
	refusal = ask_too_much(home, PAGE_SIZE, FAILURES);
	kmb_scarcity_give_all();
	KMB_EXPECT(test, 34, refusal.nulls == FAILURES,
		   KMB_WHAT "used up memory: expected %u times NULL, got %u",
		   (size_t)PAGE_SIZE, "GFP_NOWAIT|__GFP_ACCOUNT", "task",
		   FAILURES, refusal.nulls);
	KMB_EXPECT(test, 34, refusal.left <= kmb_memcg_most_in_store(),
		   KMB_WHAT "%u times NULL: expected at most %lu pages charged, got %lu",
		   (size_t)PAGE_SIZE, "GFP_NOWAIT|__GFP_ACCOUNT", "task", refusal.nulls,
		   kmb_memcg_most_in_store(), refusal.left);
}

/* What the cgroups of these cases may be charged. */
#define LIMIT SZ_1M

static void make_limited(struct kunit *test)
{
	struct kmb_memcg *home = test->priv;

	kmb_memcg_or_skip(test, true);
	KUNIT_ASSERT_EQ(test, kmb_memcg_make(home), 0);
	KUNIT_ASSERT_EQ(test, kmb_memcg_limit(home, LIMIT), 0);
}

/* What the cgroup refuses comes back, or it would be more than the volume. */
static void expect_refused(struct kunit *test, size_t bytes)
{
	unsigned int failures = KMB_VOLUME / bytes;
	struct kmb_counters before;
	struct refusal refusal;
	long lost;

	kmb_counters_read(&before);
	refusal = ask_too_much(test->priv, bytes, failures);
	lost = kmb_lost_since(&before);
	KMB_EXPECT(test, 34, refusal.nr * bytes <= LIMIT,
		   KMB_WHAT "expected objects of at most %d bytes together, got %u",
		   bytes, "GFP_NOWAIT|__GFP_ACCOUNT", "task", LIMIT, refusal.nr);
	KMB_EXPECT(test, 34, !kmb_is_lost(lost),
		   KMB_WHAT "refused %u times: expected all memory back, got %ld pages less",
		   bytes, "GFP_NOWAIT|__GFP_ACCOUNT", "task", failures, lost);
}

static void p34_refused_memory_comes_back(struct kunit *test)
{
	kmb_promise(test, 34);
	kmb_pages_or_skip(test);
	make_limited(test);
	expect_refused(test, SZ_4K);
	expect_refused(test, SZ_64K);
}

/* The cgroup has no task to kill, and the kernel says so. */
static void *take_beyond_limit(const struct kmb_memcg *home, size_t bytes)
{
	const gfp_t flags = GFP_KERNEL_ACCOUNT | __GFP_NOFAIL;
	struct kmb_chain chain = {};
	struct mem_cgroup *old;
	void *object;

	kmb_log_ask();
	old = set_active_memcg(home->memcg);
	while (kmb_chain_grow(&chain, 1, bytes, GFP_NOWAIT | __GFP_ACCOUNT))
		;
	object = kmb_kmalloc(bytes, flags);
	set_active_memcg(old);
	kmb_log_asked();
	kmb_chain_free(&chain);
	return object;
}

static void p24_nofail_ignores_the_limit(struct kunit *test)
{
	static const size_t sizes[] = { 64, SZ_4K };
	void *object;
	size_t i;

	kmb_promise(test, 24);
	make_limited(test);
	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		object = take_beyond_limit(test->priv, sizes[i]);
		KMB_EXPECT(test, 24, object,
			   KMB_WHAT "at the limit of the cgroup: expected an object, got NULL",
			   sizes[i], "GFP_KERNEL_ACCOUNT|__GFP_NOFAIL", "task");
		kfree(object);
	}
}

/**
 * struct bulk - a cache of pages, what was asked of it, and what became of it
 * @cache: the cache; to destroy it tells of objects that are left in it.
 * @mark: the end of the log before that.
 * @at: room for the objects.
 * @got: objects that were given.
 * @held: pages that were charged then.
 * @left: pages that were charged after all was freed.
 */
struct bulk {
	struct kmem_cache *cache;
	struct kmsg_dump_iter mark;
	void **at;
	size_t got;
	unsigned long held;
	unsigned long left;
};

/* The limit for bulks, in pages and so in objects: a return from it is seen. */
static unsigned int bulk_limit(void)
{
	return 4 * kmb_memcg_most_in_store();
}

/* Twice that is too much. */
static void bulk_begin(struct kunit *test, struct bulk *bulk)
{
	bulk->at = kunit_kmalloc(test, 2 * bulk_limit() * sizeof(*bulk->at),
				 GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, bulk->at);
	kmb_log_mark(&bulk->mark);
	bulk->cache = kmem_cache_create("kmbench_refused", PAGE_SIZE, 0,
					KMB_NO_MERGE, NULL);
	KUNIT_ASSERT_NOT_NULL(test, bulk->cache);
}

/* Return: warnings. */
static unsigned int bulk_end(struct bulk *bulk)
{
	kmem_cache_destroy(bulk->cache);
	return kmb_log_warnings(&bulk->mark);
}

static void ask_for_bulk(const struct kmb_memcg *home, struct bulk *bulk,
			 unsigned int nr)
{
	struct mem_cgroup *old;

	migrate_disable();
	old = set_active_memcg(home->memcg);
	bulk->got = kmb_alloc_bulk(bulk->cache,
				   GFP_NOWAIT | __GFP_ACCOUNT | __GFP_NOWARN,
				   nr, bulk->at);
	set_active_memcg(old);
	bulk->held = kmb_memcg_pages(home);
	kmem_cache_free_bulk(bulk->cache, bulk->got, bulk->at);
	bulk->left = kmb_memcg_pages(home);
	migrate_enable();
}

static void make_limited_for_bulk(struct kunit *test)
{
	struct kmb_memcg *home = test->priv;

	kmb_memcg_or_skip(test, true);
	KUNIT_ASSERT_EQ(test, kmb_memcg_make(home), 0);
	KUNIT_ASSERT_EQ(test, kmb_memcg_limit(home, bulk_limit() * PAGE_SIZE), 0);
}

static void expect_not_charged(struct kunit *test, const struct bulk *bulk,
			       const char *what)
{
	KMB_EXPECT(test, 34, bulk->left <= kmb_memcg_most_in_store(),
		   KMB_WHAT "bulk of %u, %s: expected at most %lu pages charged, got %lu",
		   (size_t)PAGE_SIZE, "GFP_NOWAIT|__GFP_ACCOUNT", "task",
		   2 * bulk_limit(), what, kmb_memcg_most_in_store(), bulk->left);
}

static void p29_refused_bulk_gives_none(struct kunit *test)
{
	unsigned int warnings;
	struct bulk bulk;

	kmb_promise(test, 29);
	make_limited_for_bulk(test);
	bulk_begin(test, &bulk);
	ask_for_bulk(test->priv, &bulk, 2 * bulk_limit());
	warnings = bulk_end(&bulk);
	KMB_EXPECT(test, 29, !bulk.got && !warnings,
		   KMB_WHAT "bulk of %u, refused: expected none and no warning, got %zu and %u",
		   (size_t)PAGE_SIZE, "GFP_NOWAIT|__GFP_ACCOUNT", "task",
		   2 * bulk_limit(), bulk.got, warnings);
}

static void p34_refused_bulk_is_not_charged(struct kunit *test)
{
	struct bulk bulk;

	kmb_promise(test, 34);
	make_limited_for_bulk(test);
	bulk_begin(test, &bulk);
	ask_for_bulk(test->priv, &bulk, 2 * bulk_limit());
	bulk_end(&bulk);
	expect_not_charged(test, &bulk, "refused");
}

static void p34_failed_bulk_is_not_charged(struct kunit *test)
{
	struct kmb_memcg *home = test->priv;
	struct bulk bulk;

	kmb_promise(test, 34);
	if (!KMB_BULK_UNCHARGES)
		kmb_skip(test, "a bulk of this kernel that fails stays charged");
	kmb_memcg_or_skip(test, true);
	KUNIT_ASSERT_EQ(test, kmb_memcg_make(home), 0);
	kmb_scarcity_begin(test);
	bulk_begin(test, &bulk);
	kmb_scarcity_take(0, 0);
	ask_for_bulk(home, &bulk, 2 * bulk_limit());
	kmb_scarcity_give_all();
	bulk_end(&bulk);
	KMB_EXPECT(test, 34, !bulk.got, KMB_WHAT "bulk, no memory: expected none, got %zu",
		   (size_t)PAGE_SIZE, "GFP_NOWAIT|__GFP_ACCOUNT", "task", bulk.got);
	expect_not_charged(test, &bulk, "without memory");
}

/* Half of the limit is served, and would be seen if it stayed charged. */
static void control_bulk_that_fits_is_served(struct kunit *test)
{
	struct bulk bulk;

	make_limited_for_bulk(test);
	bulk_begin(test, &bulk);
	ask_for_bulk(test->priv, &bulk, bulk_limit() / 2);
	KUNIT_EXPECT_EQ(test, bulk_end(&bulk), 0);
	KUNIT_EXPECT_EQ(test, bulk.got, bulk_limit() / 2);
	KUNIT_EXPECT_GT(test, bulk.held, kmb_memcg_most_in_store());
	KUNIT_EXPECT_LE(test, bulk.left, kmb_memcg_most_in_store());
}

/* Without the flag, the limit is one. */
static void control_limit_is_kept(struct kunit *test)
{
	struct kmb_memcg *home = test->priv;
	struct refusal refusal;

	make_limited(test);
	refusal = ask_too_much(home, SZ_4K, 1);
	KUNIT_EXPECT_EQ(test, refusal.nulls, 1);
	/* Red zones are charged, too. */
	KUNIT_EXPECT_GT(test, refusal.nr * SZ_4K, LIMIT / 4);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(p34_failure_is_not_charged),
	KUNIT_CASE(p34_refused_memory_comes_back),
	KUNIT_CASE(p24_nofail_ignores_the_limit),
	KUNIT_CASE(p29_refused_bulk_gives_none),
	KUNIT_CASE(p34_refused_bulk_is_not_charged),
	KUNIT_CASE(p34_failed_bulk_is_not_charged),
	KUNIT_CASE(control_bulk_that_fits_is_served),
	KUNIT_CASE(control_limit_is_kept),
	{}
};

static void refusal_exit(struct kunit *test)
{
	kmb_scarcity_exit(test);
	kmb_memcg_exit(test);
}

static struct kunit_suite refusal_suite = {
	.name = "kmalloc_refusal",
	.init = kmb_memcg_init,
	.exit = refusal_exit,
	.test_cases = cases,
};

kunit_test_suite(refusal_suite);
