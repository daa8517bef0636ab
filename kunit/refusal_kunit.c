// SPDX-License-Identifier: GPL-2.0
/*
 * What becomes of charges and of memory when a request that is charged fails,
 * or when the memory cgroup refuses it?
 *
 * It is asked for so often that what each failure kept would show. Left out:
 * reclaim at the limit, as nothing in the cgroup could be reclaimed, and its
 * OOM killer, as it has no task.
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
	KUNIT_EXPECT_EQ(test, refusal.nulls, FAILURES);
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
