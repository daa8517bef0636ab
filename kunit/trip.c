// SPDX-License-Identifier: GPL-2.0
/*
 * Trips into a context: calls that are made there, one after the other, and
 * judged afterwards in the task.
 *
 * What a broken allocator leaves behind that would kill the machine, which is
 * interrupts on or off and what a task may allocate, is put back after it was noted. Left out: that
 * something sleeps only if memory is scarce, for which CONFIG_DEBUG_ATOMIC_SLEEP
 * has to watch, and tasks that are preempted on their own.
 */
#include <linux/gfp.h>
#include <linux/irqflags.h>
#include <linux/mm.h>
#include <linux/preempt.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "contexts.h"
#include "objects.h"
#include "promises.h"
#include "trip.h"

/* What decides of a task's allocations, besides their flags. */
#define SCOPE (PF_MEMALLOC | PF_MEMALLOC_NOIO | PF_MEMALLOC_NOFS)

/**
 * kmb_context_of() - the context that a case is run with
 * @test: a case with a generator that calls kmb_next_context().
 *
 * Skips the case when kmalloc() is not legal there on the running kernel.
 */
const struct kmb_context *kmb_context_of(struct kunit *test)
{
	const struct kmb_context *row = test->param_value;

	if (!kmb_context_is_legal(row))
		kmb_skip(test, "%s: not legal for kmalloc() on PREEMPT_RT",
			 row->name);
	return row;
}

/**
 * kmb_trip_init() - the .init of a suite whose cases make trips
 * @test: the case.
 *
 * Return: 0 or -ENOMEM.
 */
int kmb_trip_init(struct kunit *test)
{
	struct kmb_trip *trip;

	kmb_case_begins(test);
	trip = kunit_kmalloc(test, sizeof(*trip), GFP_KERNEL);
	if (!trip)
		return -ENOMEM;
	trip->nr = 0;
	trip->bytes = 0;
	test->priv = trip;
	return 0;
}

/**
 * kmb_trip_unload() - free what the trip brought, in the task
 * @test: the case, whose trip has no stops afterwards.
 */
void kmb_trip_unload(struct kunit *test)
{
	struct kmb_trip *trip = test->priv;

	while (trip->nr)
		kvfree(trip->stops[--trip->nr].object);
	trip->bytes = 0;
}

/**
 * kmb_trip_exit() - the .exit that belongs to kmb_trip_init()
 * @test: the case.
 */
void kmb_trip_exit(struct kunit *test)
{
	if (test->priv)
		kmb_trip_unload(test);
}

/**
 * kmb_trip_add() - plan one more stop
 * @trip: the trip.
 * @bytes: the size of the object.
 * @gfp: the flags.
 *
 * Return: false when the trip is long enough without it.
 */
bool kmb_trip_add(struct kmb_trip *trip, size_t bytes,
		  const struct kmb_gfp *gfp)
{
	if (trip->nr == KMB_MAX_STOPS)
		return false;
	if (trip->nr && trip->bytes + bytes > KMB_TRIP_BYTES)
		return false;
	trip->bytes += bytes;
	trip->stops[trip->nr] = (struct kmb_stop){
		.bytes = bytes, .gfp = gfp, .pattern = trip->nr + 1, .wrong = -1,
	};
	trip->nr++;
	return true;
}

/* A task may be preempted at any time, but nothing else. */
static struct kmb_state state(const struct kmb_context *context)
{
	struct kmb_state now = {
		.preempt = preempt_count(),
		.irqs_off = irqs_disabled(),
		.switches = current->nvcsw,
		.scope = current->flags & SCOPE,
	};

	if (context->atomic)
		now.switches += current->nivcsw;
	return now;
}

static void put_back(const struct kmb_state *before)
{
	current->flags = (current->flags & ~SCOPE) | before->scope;
	if (irqs_disabled() == before->irqs_off)
		return;
	if (before->irqs_off)
		local_irq_disable();
	else
		local_irq_enable();
}

static void make_calls(void *arg)
{
	struct kmb_trip *trip = arg;
	struct kmb_stop *stop;

	for (stop = trip->stops; stop < trip->stops + trip->nr; stop++) {
		stop->before = state(trip->context);
		trip->call(stop);
		stop->after = state(trip->context);
		put_back(&stop->before);
	}
}

/**
 * kmb_trip_try() - make the calls of a trip in its context
 * @trip: the trip.
 *
 * Return: 0, or -EIO when the context was not reached.
 */
int kmb_trip_try(struct kmb_trip *trip)
{
	return trip->context->run(make_calls, trip);
}

/**
 * kmb_trip_go() - kmb_trip_try(), or abort the case
 * @test: the case.
 */
void kmb_trip_go(struct kunit *test)
{
	struct kmb_trip *trip = test->priv;

	KUNIT_ASSERT_EQ_MSG(test, kmb_trip_try(trip), 0, "%s was not reached",
			    trip->context->name);
}

/**
 * kmb_trip_go_and_judge() - make the calls, judge them, free what they brought
 * @test: the case.
 * @judge: looks at the trip.
 */
void kmb_trip_go_and_judge(struct kunit *test, kmb_judge_fn *judge)
{
	kmb_trip_go(test);
	judge(test, test->priv);
	kmb_trip_unload(test);
}

/**
 * kmb_trip_add_or_go() - plan one more stop, of the next trip if need be
 * @test: the case.
 * @bytes: the size of the object.
 * @gfp: the flags.
 * @judge: looks at a trip that is long enough.
 */
void kmb_trip_add_or_go(struct kunit *test, size_t bytes,
			const struct kmb_gfp *gfp, kmb_judge_fn *judge)
{
	if (kmb_trip_add(test->priv, bytes, gfp))
		return;
	kmb_trip_go_and_judge(test, judge);
	kmb_trip_add(test->priv, bytes, gfp);
}

/**
 * kmb_stop_find_nonzero() - look for what __GFP_ZERO should have zeroed
 * @stop: the stop; notes the first such byte if its flags ask for zeroes.
 */
void kmb_stop_find_nonzero(struct kmb_stop *stop)
{
	const u8 *object = stop->object, *wrong;

	if (!object || !(stop->gfp->flags & __GFP_ZERO))
		return;
	wrong = memchr_inv(object, 0, stop->bytes);
	stop->wrong = wrong ? wrong - object : -1;
	stop->got = wrong ? *wrong : 0;
}

/**
 * kmb_stop_fill() - write the object of a stop from its first to its last byte
 * @stop: the stop.
 */
void kmb_stop_fill(struct kmb_stop *stop)
{
	BUILD_BUG_ON(KMB_MAX_STOPS >= U8_MAX);
	if (stop->object)
		memset(stop->object, stop->pattern, stop->bytes);
}

/**
 * kmb_stop_find_foreign() - look for what kmb_stop_fill() did not leave there
 * @stop: the stop.
 *
 * Return: the index of the first such byte, -1 when there is none.
 */
ssize_t kmb_stop_find_foreign(const struct kmb_stop *stop)
{
	const u8 *object = stop->object, *wrong;

	if (!object)
		return -1;
	wrong = memchr_inv(object, stop->pattern, stop->bytes);
	return wrong ? wrong - object : -1;
}

/**
 * kmb_stop_slept() - ask whether a call gave up the CPU
 * @stop: the call.
 *
 * On PREEMPT_RT a lock sleeps, and that is no fault.
 *
 * Return: true when it did.
 */
bool kmb_stop_slept(const struct kmb_stop *stop)
{
	return !IS_ENABLED(CONFIG_PREEMPT_RT) &&
	       stop->before.switches != stop->after.switches;
}

/**
 * kmb_stop_kept_state() - ask whether a call left the context as it was
 * @stop: the call.
 *
 * Return: false when interrupts, preemption, or what the task's allocations may do
 * are not as before.
 */
bool kmb_stop_kept_state(const struct kmb_stop *stop)
{
	return stop->before.preempt == stop->after.preempt &&
	       stop->before.irqs_off == stop->after.irqs_off &&
	       stop->before.scope == stop->after.scope;
}

/**
 * kmb_stop_null_without_excuse() - judge the NULL of an allocation
 * @stop: the allocation.
 *
 * Return: true when it brought NULL though memory is plenty.
 */
bool kmb_stop_null_without_excuse(const struct kmb_stop *stop)
{
	return !stop->object && kmb_has_plenty(numa_mem_id(), stop->bytes, GFP_KERNEL);
}

static const char *on_off(bool irqs_off)
{
	return irqs_off ? "off" : "on";
}

static bool expect_kept(struct kunit *test, unsigned int nr,
			const struct kmb_trip *trip,
			const struct kmb_stop *stop, const char *call)
{
	const struct kmb_state *before = &stop->before, *after = &stop->after;
	bool may_sleep = gfpflags_allow_blocking(stop->gfp->flags);

	return KMB_EXPECT_STOP(test, nr, trip, stop,
			       may_sleep || !kmb_stop_slept(stop),
			       "%s: expected no sleep, got %lu switches of tasks",
			       call, after->switches - before->switches) &&
	       KMB_EXPECT_STOP(test, nr, trip, stop, kmb_stop_kept_state(stop),
			       "%s: expected preempt_count 0x%x, interrupts %s and PF_MEMALLOC flags 0x%x, got 0x%x, %s and 0x%x",
			       call, before->preempt, on_off(before->irqs_off),
			       before->scope, after->preempt,
			       on_off(after->irqs_off), after->scope);
}

/**
 * kmb_expect_kept() - no call slept unless it may, or changed the context
 * @test: the case.
 * @nr: the promise.
 * @trip: the calls.
 * @call: how messages call them.
 */
void kmb_expect_kept(struct kunit *test, unsigned int nr,
		     const struct kmb_trip *trip, const char *call)
{
	unsigned int i;

	for (i = 0; i < trip->nr; i++)
		if (!expect_kept(test, nr, trip, &trip->stops[i], call))
			break;
}

static bool expect_own(struct kunit *test, unsigned int nr,
		       const struct kmb_trip *trip,
		       const struct kmb_stop *stop, const char *call)
{
	ssize_t wrong = kmb_stop_find_foreign(stop);

	return KMB_EXPECT_STOP(test, nr, trip, stop, stop->wrong < 0,
			       "%s: expected zeroes, got 0x%02x at byte %zd",
			       call, stop->got, stop->wrong) &&
	       KMB_EXPECT_STOP(test, nr, trip, stop, wrong < 0,
			       "%s: expected 0x%02x, which was written there, got 0x%02x at byte %zd",
			       call, stop->pattern,
			       wrong < 0 ? stop->pattern : ((u8 *)stop->object)[wrong], wrong);
}

/**
 * kmb_expect_served() - kmb_expect_kept(), and each has memory of its own
 * @test: the case.
 * @nr: the promise.
 * @trip: the allocations; each was filled there.
 * @call: how messages call them.
 */
void kmb_expect_served(struct kunit *test, unsigned int nr,
		       const struct kmb_trip *trip, const char *call)
{
	unsigned int i;

	kmb_expect_kept(test, nr, trip, call);
	for (i = 0; i < trip->nr; i++)
		if (!expect_own(test, nr, trip, &trip->stops[i], call))
			break;
}
