// SPDX-License-Identifier: GPL-2.0
/*
 * May kvfree() of an interrupt have memory of vmalloc()?
 *
 * To unmap it takes locks that the interrupted task may hold: so that is left to
 * a task. That a lock is held at that moment is up to chance; that the memory is
 * still mapped when kvfree() returns is not, but how it is done is nobody's
 * promise: it is reported. Left out: kvfree()
 * where the task may not sleep, which is legal for memory of kmalloc() only.
 */
#include <kunit/test.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include "contexts.h"
#include "counters.h"
#include "promises.h"
#include "recycle.h"
#include "trip.h"

/* As large as makes a full trip. */
#define BYTES SZ_128K

/* Enough to see who unmaps them. */
#define FEW 4

static const struct kmb_gfp gfp = KMB_GFP(GFP_ATOMIC, "");

static void call_vmalloc(struct kmb_stop *stop)
{
	stop->object = vmalloc(stop->bytes);
}

static bool is_mapped(const void *object)
{
	return vmalloc_to_page(object);
}

/* Byte 0 stands for all of them. */
static void call_kvfree(struct kmb_stop *stop)
{
	if (!stop->object)
		return;
	kvfree(stop->object);
	stop->wrong = is_mapped(stop->object) ? -1 : 0;
}

/* A second is more than a task needs that has nothing else to do. */
static void wait_for_unmap(struct kmb_trip *trip)
{
	unsigned long end = jiffies + HZ;
	unsigned int i;

	for (i = 0; i < trip->nr; i++) {
		while (trip->stops[i].object && is_mapped(trip->stops[i].object) &&
		       time_before(jiffies, end))
			schedule_timeout_uninterruptible(1);
		trip->stops[i].object = NULL;
	}
}

static void expect_left_to_a_task(struct kunit *test,
				  const struct kmb_trip *trip)
{
	const struct kmb_stop *stop;
	bool kept = true;

	for (stop = trip->stops; kept && stop < trip->stops + trip->nr; stop++)
		kept = KMB_EXPECT_STOP(test, 47, trip, stop, stop->wrong < 0,
				       "kvfree() of vmalloc(): expected to be left to a task, got unmapped there");
}

static void take(struct kunit *test, unsigned int most)
{
	static const struct kmb_context task = KMB_CONTEXT(task, "");
	struct kmb_trip *trip = test->priv;

	while (trip->nr < most && kmb_trip_add(trip, BYTES, &gfp))
		;
	trip->context = &task;
	trip->call = call_vmalloc;
	kmb_trip_go(test);
	KMB_NEED_OBJECT(test, trip->stops[trip->nr - 1].object, BYTES, "GFP_KERNEL");
}

/* Frees what the trip holds. Return: the pages that did not come back. */
static long free_there(struct kunit *test, const struct kmb_context *context,
		       const struct kmb_counters *before)
{
	struct kmb_trip *trip = test->priv;

	trip->context = context;
	trip->call = call_kvfree;
	kmb_trip_go(test);
	wait_for_unmap(trip);
	return kmb_lost_since(before);
}

static bool is_interrupt(const struct kmb_context *context)
{
	return !context->process;
}

static KMB_GENERATOR(interrupts)
{
	return kmb_next_context(prev, desc, is_interrupt);
}

static void p47_vmalloc_is_left_to_a_task(struct kunit *test)
{
	const struct kmb_context *context = kmb_context_of(test);
	struct kmb_counters before;

	kmb_promise(test, 47);
	kmb_counters_read(&before);
	take(test, FEW);
	free_there(test, context, &before);
	expect_left_to_a_task(test, test->priv);
}

static void p20_vmalloc_comes_back(struct kunit *test)
{
	const struct kmb_context *context = kmb_context_of(test);
	struct kmb_trip *trip = test->priv;
	struct kmb_counters before;
	long lost;

	kmb_promise(test, 20);
	kmb_counters_read(&before);
	take(test, UINT_MAX);
	lost = free_there(test, context, &before);
	kmb_expect_kept(test, 20, trip, "kvfree() of vmalloc()");
	KMB_EXPECT(test, 20, lost < (long)(trip->bytes / PAGE_SIZE / 2),
		   KMB_WHAT "kvfree() of vmalloc(): expected %zu pages back, got %ld too few",
		   (size_t)BYTES, "GFP_KERNEL", context->name,
		   trip->bytes / PAGE_SIZE, lost);
}

/* What the task frees is unmapped at once, and pages in use are missed. */
static void control_unmap_is_seen(struct kunit *test)
{
	static const struct kmb_context task = KMB_CONTEXT(task, "");
	struct kmb_trip *trip = test->priv;
	struct kmb_counters before;

	kmb_counters_read(&before);
	take(test, UINT_MAX);
	KUNIT_EXPECT_GE(test, kmb_lost_since(&before),
			(long)(trip->bytes / PAGE_SIZE / 2));
	free_there(test, &task, &before);
	KUNIT_EXPECT_EQ(test, trip->stops[0].wrong, 0);
}

static struct kunit_case cases[] = {
	KUNIT_CASE_PARAM(p20_vmalloc_comes_back, interrupts),
	KUNIT_CASE_PARAM(p47_vmalloc_is_left_to_a_task, interrupts),
	KUNIT_CASE(control_unmap_is_seen),
	{}
};

static struct kunit_suite vfree_suite = {
	.name = "kmalloc_vfree",
	.init = kmb_trip_init,
	.exit = kmb_trip_exit,
	.test_cases = cases,
};

kunit_test_suite(vfree_suite);
