// SPDX-License-Identifier: GPL-2.0
/*
 * What does kvmalloc() do where nothing may sleep, when kmalloc() fails?
 *
 * Since 6.19 vmalloc() serves there, too; before, it is NULL. A task of
 * real-time priority is woken before each call: whoever offers the CPU during
 * the call then loses it, which is seen where preemption is not counted. And
 * where it may sleep, but not do all that it wants, does the scope end that
 * says so to vmalloc()? Left out: interrupts off, where vmalloc() is not legal,
 * and sleep that only scarce memory brings.
 */
#include <kunit/test.h>
#include <linux/mm.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include "contexts.h"
#include "inject.h"
#include "objects.h"
#include "promises.h"
#include "rival.h"
#include "trip.h"

/* What kmalloc() never has. */
#define ABOVE (KMALLOC_MAX_SIZE + PAGE_SIZE + 24)

/* Of what kmalloc() has, but fails: to map more takes long, where it is mapped. */
#define LARGEST min_t(size_t, 64 * PAGE_SIZE, KMALLOC_MAX_SIZE)

static void call_kvmalloc(struct kmb_stop *stop)
{
	kmb_rival_wake();
	stop->object = kvmalloc(kmb_hide(stop->bytes),
				stop->gfp->flags | __GFP_NOWARN);
	kmb_stop_find_nonzero(stop);
}

static void call_injected(struct kmb_stop *stop)
{
	kmb_inject(1);
	call_kvmalloc(stop);
	kmb_inject_end();
}

static const char *kind_of(const void *object)
{
	return is_vmalloc_addr(object) ? "vmalloc memory" : kmb_kind_of(object);
}

static bool is_expected(const void *object)
{
	return KMB_KVMALLOC_NEED_NOT_BLOCK ? is_vmalloc_addr(object) : !object;
}

static void expect_fallback(struct kunit *test, struct kmb_trip *trip)
{
	const char *kind = KMB_KVMALLOC_NEED_NOT_BLOCK ? "vmalloc memory" : "NULL";
	const struct kmb_stop *stop;
	bool kept = true;

	kmb_expect_kept(test, 28, trip, "kvmalloc()");
	for (stop = trip->stops; kept && stop < trip->stops + trip->nr; stop++)
		kept = KMB_EXPECT_STOP(test, 28, trip, stop,
				       is_expected(stop->object),
				       "kmalloc() fails: expected %s, got %s",
				       kind, kind_of(stop->object)) &&
		       KMB_EXPECT_STOP(test, 28, trip, stop, stop->wrong < 0,
				       "expected zeroes, got 0x%02x at byte %zd",
				       stop->got, stop->wrong);
}

static void add_each_gfp(struct kunit *test, size_t bytes)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(kmb_gfps); i++)
		if (!gfpflags_allow_blocking(kmb_gfps[i].flags))
			kmb_trip_add_or_go(test, bytes, &kmb_gfps[i],
					   expect_fallback);
}

static bool is_for_vmalloc(const struct kmb_context *context)
{
	return context->process && !context->irqs_off;
}

static KMB_GENERATOR(contexts_for_vmalloc)
{
	return kmb_next_context(prev, desc, is_for_vmalloc);
}

static void skip_unless_roomy(struct kunit *test)
{
	if (ABOVE >> PAGE_SHIFT > totalram_pages() / 16)
		kmb_skip(test, "KMALLOC_MAX_SIZE is %lu, too much for this machine",
			 KMALLOC_MAX_SIZE);
}

static void p28_atomic_above_kmalloc(struct kunit *test)
{
	struct kmb_trip *trip = test->priv;

	kmb_promise(test, 28);
	trip->context = kmb_context_of(test);
	skip_unless_roomy(test);
	trip->call = call_kvmalloc;
	add_each_gfp(test, ABOVE);
	kmb_trip_go_and_judge(test, expect_fallback);
}

static void skip_without_injection(struct kunit *test)
{
	if (!IS_ENABLED(CONFIG_FAILSLAB))
		kmb_skip(test, "CONFIG_FAILSLAB is off");
	if (!IS_ENABLED(CONFIG_FAIL_PAGE_ALLOC))
		kmb_skip(test, "CONFIG_FAIL_PAGE_ALLOC is off");
}

static void p28_atomic_when_kmalloc_fails(struct kunit *test)
{
	struct kmb_trip *trip = test->priv;
	size_t i;

	kmb_promise(test, 28);
	trip->context = kmb_context_of(test);
	skip_without_injection(test);
	trip->call = call_injected;
	for (i = 0; i < ARRAY_SIZE(kmb_sizes); i++)
		if (kmb_sizes[i].bytes > PAGE_SIZE && kmb_sizes[i].bytes <= LARGEST)
			add_each_gfp(test, kmb_sizes[i].bytes);
	KUNIT_ASSERT_GT(test, trip->nr, 0);
	kmb_trip_go_and_judge(test, expect_fallback);
}

static void expect_served(struct kunit *test, struct kmb_trip *trip)
{
	const struct kmb_stop *stop;

	kmb_expect_kept(test, 28, trip, "kvmalloc()");
	for (stop = trip->stops; stop < trip->stops + trip->nr; stop++)
		KMB_EXPECT_STOP(test, 28, trip, stop, is_vmalloc_addr(stop->object),
				"expected vmalloc memory, got %s", kind_of(stop->object));
}

/* What vmalloc() is told by a scope, as it takes no flags to its page tables. */
static const struct kmb_gfp scoped[] = {
	KMB_GFP(GFP_NOIO, ""), KMB_GFP(GFP_NOFS, ""),
	KMB_GFP_EFFORT(__GFP_NORETRY, ""), KMB_GFP_EFFORT(__GFP_RETRY_MAYFAIL, ""),
};

static void call_each_scoped(struct kunit *test)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(scoped); i++) {
		kmb_trip_add(test->priv, ABOVE, &scoped[i]);
		kmb_trip_go_and_judge(test, expect_served);
	}
}

/* In no scope, and in those that the task opened before. */
static void p28_scope_of_the_fallback_ends(struct kunit *test)
{
	static const struct kmb_context task = KMB_CONTEXT(task, "");
	struct kmb_trip *trip = test->priv;
	unsigned int before;

	kmb_promise(test, 28);
	skip_unless_roomy(test);
	trip->context = &task;
	trip->call = call_kvmalloc;
	call_each_scoped(test);
	before = memalloc_noio_save();
	call_each_scoped(test);
	memalloc_noio_restore(before);
	before = memalloc_nofs_save();
	call_each_scoped(test);
	memalloc_nofs_restore(before);
}

static void call_yield(struct kmb_stop *stop)
{
	kmb_rival_wake();
	cond_resched();
}

static void call_wake(struct kmb_stop *stop)
{
	kmb_rival_wake();
}

/* Who offers the CPU loses it, and who does not keeps it. */
static void control_offer_of_the_cpu_is_seen(struct kunit *test)
{
	static const struct kmb_context off = KMB_CONTEXT(preemptoff, "", .atomic = true);
	struct kmb_trip *trip = test->priv;

	if (IS_ENABLED(CONFIG_PREEMPT_COUNT) || num_online_cpus() > 1)
		kmb_skip(test, "preemption is counted, or there is more than one CPU");
	trip->context = &off;
	kmb_trip_add(trip, 8, &kmb_gfps[0]);
	trip->call = call_wake;
	kmb_trip_go(test);
	KUNIT_EXPECT_FALSE(test, kmb_stop_slept(trip->stops));
	trip->call = call_yield;
	kmb_trip_go(test);
	KUNIT_EXPECT_TRUE(test, kmb_stop_slept(trip->stops));
}

/* Memory of each kind is told from the others. */
static void control_fallback_is_told_apart(struct kunit *test)
{
	void *object = kmb_kmalloc(64, GFP_KERNEL), *pages = vmalloc(64);

	KUNIT_EXPECT_FALSE(test, is_expected(object));
	KUNIT_EXPECT_NOT_NULL(test, pages);
	KUNIT_EXPECT_EQ(test, is_expected(pages), KMB_KVMALLOC_NEED_NOT_BLOCK);
	KUNIT_EXPECT_EQ(test, is_expected(NULL), !KMB_KVMALLOC_NEED_NOT_BLOCK);
	kvfree(pages);
	kfree(object);
}

static struct kunit_case cases[] = {
	KUNIT_CASE_PARAM(p28_atomic_above_kmalloc, contexts_for_vmalloc),
	KUNIT_CASE_PARAM(p28_atomic_when_kmalloc_fails, contexts_for_vmalloc),
	KUNIT_CASE(p28_scope_of_the_fallback_ends),
	KUNIT_CASE(control_offer_of_the_cpu_is_seen),
	KUNIT_CASE(control_fallback_is_told_apart),
	{}
};

static int kvatomic_init(struct kunit *test)
{
	return kmb_rival_start() ?: kmb_trip_init(test);
}

static void kvatomic_exit(struct kunit *test)
{
	kmb_trip_exit(test);
	kmb_rival_stop();
}

static struct kunit_suite kvatomic_suite = {
	.name = "kmalloc_kvatomic",
	.init = kvatomic_init,
	.exit = kvatomic_exit,
	.test_cases = cases,
};

kunit_test_suite(kvatomic_suite);
