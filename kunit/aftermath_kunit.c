// SPDX-License-Identifier: GPL-2.0
/*
 * Does a call that fails leave the context as it was: interrupts, preemption,
 * and the task on its CPU?
 *
 * Requests fail there because they are too large, because fault injection
 * says so, or because memory is used up, each on another way out of the
 * allocator; whoever offers the CPU on it loses it, see rival.h. Left out: what
 * they do to the counters of memory, see failure_kunit.c; injection in
 * interrupts, which fail_nth spares.
 */
#include <kunit/test.h>
#include <linux/gfp.h>
#include <linux/irqflags.h>
#include <linux/mm.h>
#include <linux/slab.h>

#include "contexts.h"
#include "inject.h"
#include "objects.h"
#include "promises.h"
#include "rival.h"
#include "scarcity.h"
#include "trip.h"

/* More objects than come back meanwhile. */
#define MANY 4096

static bool fits(const struct kmb_context *context, const struct kmb_gfp *gfp)
{
	return !context->atomic || !gfpflags_allow_blocking(gfp->flags);
}

static void expect_null(struct kunit *test, unsigned int nr,
			const struct kmb_trip *trip)
{
	const struct kmb_stop *stop;
	bool kept = true;

	kmb_expect_kept(test, nr, trip, "kmalloc() that fails");
	for (stop = trip->stops; kept && stop < trip->stops + trip->nr; stop++)
		kept = KMB_EXPECT_STOP(test, nr, trip, stop, !stop->object,
				       "expected NULL, got %s",
				       kmb_kind_of(stop->object));
}

static void expect_oversize(struct kunit *test, struct kmb_trip *trip)
{
	expect_null(test, 6, trip);
}

static void expect_injected(struct kunit *test, struct kmb_trip *trip)
{
	expect_null(test, 41, trip);
}

static void call_oversize(struct kmb_stop *stop)
{
	kmb_rival_wake();
	stop->object = kmb_kmalloc(KMALLOC_MAX_SIZE + stop->bytes,
				   stop->gfp->flags | __GFP_NOWARN);
}

static void call_injected(struct kmb_stop *stop)
{
	kmb_rival_wake();
	kmb_inject(1);
	stop->object = kmb_kmalloc(stop->bytes,
				   stop->gfp->flags | __GFP_NOWARN);
	kmb_inject_end();
}

static void p6_oversize_keeps_the_context(struct kunit *test)
{
	struct kmb_trip *trip = test->priv;
	size_t i;

	kmb_promise(test, 6);
	trip->context = kmb_context_of(test);
	trip->call = call_oversize;
	for (i = 0; i < ARRAY_SIZE(kmb_gfps); i++)
		if (fits(trip->context, &kmb_gfps[i]))
			kmb_trip_add(trip, 1, &kmb_gfps[i]);
	KUNIT_ASSERT_GT(test, trip->nr, 0);
	kmb_trip_go_and_judge(test, expect_oversize);
}

static bool is_process(const struct kmb_context *context)
{
	return context->process;
}

static KMB_GENERATOR(process_contexts)
{
	return kmb_next_context(prev, desc, is_process);
}

static void skip_without_injection(struct kunit *test)
{
	if (!IS_ENABLED(CONFIG_FAILSLAB))
		kmb_skip(test, "CONFIG_FAILSLAB is off");
	if (!IS_ENABLED(CONFIG_FAIL_PAGE_ALLOC))
		kmb_skip(test, "CONFIG_FAIL_PAGE_ALLOC is off");
}

/* Of each size: what may sleep is spared. */
static void p41_injection_keeps_the_context(struct kunit *test)
{
	struct kmb_trip *trip = test->priv;
	size_t i, j;

	kmb_promise(test, 41);
	trip->context = kmb_context_of(test);
	skip_without_injection(test);
	trip->call = call_injected;
	for (i = 0; i < ARRAY_SIZE(kmb_sizes); i++)
		for (j = 0; j < ARRAY_SIZE(kmb_gfps); j++)
			if (kmb_sizes[i].bytes <= KMALLOC_MAX_SIZE &&
			    !gfpflags_allow_blocking(kmb_gfps[j].flags))
				kmb_trip_add_or_go(test, kmb_sizes[i].bytes,
						   &kmb_gfps[j], expect_injected);
	KUNIT_ASSERT_GT(test, trip->nr, 0);
	kmb_trip_go_and_judge(test, expect_injected);
}

/* Sizes of a slab of a page or less, of a larger one, and of none. */
static const size_t scarce_sizes[] = { 64, 1024, PAGE_SIZE, 4 * PAGE_SIZE };

static struct kmb_chain chain;

static void grow_until_null(size_t bytes)
{
	unsigned int i;

	for (i = 0; i < MANY && !kmb_scarcity_is_over(); i++)
		if (!kmb_chain_grow(&chain, 1, bytes, GFP_NOWAIT))
			break;
}

static void use_up(void)
{
	size_t i;

	kmb_scarcity_take(0, 0);
	for (i = 0; i < ARRAY_SIZE(scarce_sizes); i++)
		grow_until_null(scarce_sizes[i]);
}

/*
 * What another CPU has at hand, and what others gave back since, is taken first:
 * on a slow host that is much, but never more than there is.
 */
static void call_without_memory(struct kmb_stop *stop)
{
	unsigned long i, most = (totalram_pages() << PAGE_SHIFT) / stop->bytes;

	stop->object = NULL;
	kmb_rival_wake();
	for (i = 0; i < most && !kmb_scarcity_is_over(); i++)
		if (!kmb_chain_grow(&chain, 1, stop->bytes, stop->gfp->flags))
			return;
	stop->object = ZERO_SIZE_PTR;
}

/* On the way out that comes after a new slab was asked for in vain. */
static void p18_used_up_memory_keeps_the_context(struct kunit *test)
{
	static const struct kmb_gfp gfp = KMB_GFP(GFP_NOWAIT, "");
	struct kmb_trip *trip = test->priv;
	size_t i;
	int err;

	kmb_promise(test, 18);
	trip->context = kmb_context_of(test);
	trip->call = call_without_memory;
	for (i = 0; i < ARRAY_SIZE(scarce_sizes); i++)
		kmb_trip_add(trip, scarce_sizes[i], &gfp);
	kmb_scarcity_begin(test);
	use_up();
	err = kmb_trip_try(trip);
	kmb_chain_free(&chain);
	kmb_scarcity_give_all();
	KUNIT_ASSERT_EQ(test, err, 0);
	expect_null(test, 18, trip);
}

static void call_that_enables(struct kmb_stop *stop)
{
	call_oversize(stop);
	local_irq_enable();
}

/* A failure that switches interrupts on is seen. */
static void control_interrupts_on_are_seen(struct kunit *test)
{
	static const struct kmb_context irqsoff = KMB_CONTEXT(irqsoff, "");
	struct kmb_trip *trip = test->priv;

	trip->context = &irqsoff;
	kmb_trip_add(trip, 1, &kmb_gfps[ARRAY_SIZE(kmb_gfps) - 1]);
	trip->call = call_that_enables;
	kmb_trip_go(test);
	KUNIT_EXPECT_FALSE(test, kmb_stop_kept_state(trip->stops));
	trip->call = call_oversize;
	kmb_trip_go(test);
	KUNIT_EXPECT_TRUE(test, kmb_stop_kept_state(trip->stops));
}

static struct kunit_case cases[] = {
	KUNIT_CASE_PARAM(p6_oversize_keeps_the_context, kmb_every_context),
	KUNIT_CASE_PARAM(p41_injection_keeps_the_context, process_contexts),
	KUNIT_CASE_PARAM(p18_used_up_memory_keeps_the_context, kmb_every_context),
	KUNIT_CASE(control_interrupts_on_are_seen),
	{}
};

static int aftermath_init(struct kunit *test)
{
	return kmb_rival_start() ?: kmb_trip_init(test);
}

static void aftermath_exit(struct kunit *test)
{
	kmb_scarcity_exit(test);
	kmb_trip_exit(test);
	kmb_rival_stop();
}

static struct kunit_suite aftermath_suite = {
	.name = "kmalloc_aftermath",
	.init = aftermath_init,
	.exit = aftermath_exit,
	.test_cases = cases,
};

kunit_test_suite(aftermath_suite);
