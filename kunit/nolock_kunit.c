// SPDX-License-Identifier: GPL-2.0
/*
 * Does kmalloc_nolock() serve in any context, and keep to its limits?
 *
 * It gives up where it would have to wait for a lock, so a NULL is tried again
 * a few times. Left out: NMI, and kfree_nolock() of what kmalloc() allocated,
 * which is a fault of the caller.
 */
#include <kunit/test.h>
#include <linux/gfp.h>
#include <linux/log2.h>
#include <linux/slab.h>
#include <linux/spinlock.h>

#include "contexts.h"
#include "counters.h"
#include "freed.h"
#include "kernel_log.h"
#include "objects.h"
#include "promises.h"
#include "recycle.h"
#include "trip.h"

#ifdef KMB_HAS_NOLOCK

/* All flags that it takes. */
static const struct kmb_gfp gfps[] = {
	{ .name = "no flags", .flags = 0 },
	KMB_GFP(__GFP_ZERO, "zeroed"),
	KMB_GFP(__GFP_ACCOUNT, "charged"),
	KMB_GFP(__GFP_ACCOUNT | __GFP_ZERO, "both"),
	KMB_GFP(__GFP_NOWARN | __GFP_NOMEMALLOC, "allowed, not needed"),
};

/* How often a NULL is tried again. */
#define TRIES 8

static noinline void *take(size_t bytes, gfp_t flags)
{
	void *object;

	object = kmalloc_nolock(kmb_hide(bytes), flags, NUMA_NO_NODE);
	OPTIMIZER_HIDE_VAR(object);
	return object;
}

/* Only what is missing, so that it can be called again. */
static void call_take(struct kmb_stop *stop)
{
	if (stop->object)
		return;
	stop->object = take(stop->bytes, stop->gfp->flags);
	kmb_stop_find_nonzero(stop);
	kmb_stop_fill(stop);
}

static void call_free(struct kmb_stop *stop)
{
	kfree_nolock(stop->object);
	stop->object = NULL;
}

static bool is_missing(const struct kmb_trip *trip)
{
	unsigned int i;

	for (i = 0; i < trip->nr; i++)
		if (kmb_stop_null_without_excuse(&trip->stops[i]))
			return true;
	return false;
}

static void expect_object(struct kunit *test, const struct kmb_trip *trip)
{
	unsigned int i;

	for (i = 0; i < trip->nr; i++)
		if (!KMB_EXPECT_STOP(test, 21, trip, &trip->stops[i],
				     !kmb_stop_null_without_excuse(&trip->stops[i]),
				     "expected an object, got NULL %u times with plenty of free memory",
				     TRIES))
			break;
}

/*
 * As of kmalloc(), where the class is the one for this size: in place of one
 * that is locked, the next larger one may serve.
 */
static size_t promised_alignment(const struct kmb_stop *stop)
{
	if (ksize(stop->object) != kmalloc_size_roundup(stop->bytes))
		return ARCH_KMALLOC_MINALIGN;
	return max_t(size_t, ARCH_KMALLOC_MINALIGN,
		     1UL << __ffs(stop->bytes));
}

static noinline bool is_aligned(const void *object, size_t alignment)
{
	unsigned long address = (unsigned long)object;

	OPTIMIZER_HIDE_VAR(address);
	return IS_ALIGNED(address, alignment);
}

static void expect_aligned(struct kunit *test, const struct kmb_trip *trip)
{
	const struct kmb_stop *stop;
	unsigned int i;

	for (i = 0; i < trip->nr; i++) {
		stop = &trip->stops[i];
		if (stop->object &&
		    !KMB_EXPECT_STOP(test, 21, trip, stop,
				     is_aligned(stop->object,
						promised_alignment(stop)),
				     "expected alignment %zu, got %zu bytes past it",
				     promised_alignment(stop),
				     (size_t)stop->object & (promised_alignment(stop) - 1)))
			break;
	}
}

/* Half of the objects is freed there, the rest by kfree() in the task. */
static void free_half(struct kunit *test, struct kmb_trip *trip)
{
	void *rest[KMB_MAX_STOPS];
	unsigned int i;
	int err;

	for (i = 1; i < trip->nr; i += 2) {
		rest[i] = trip->stops[i].object;
		trip->stops[i].object = NULL;
	}
	trip->call = call_free;
	err = kmb_trip_try(trip);
	trip->call = call_take;
	for (i = 1; i < trip->nr; i += 2)
		kfree(rest[i]);
	KUNIT_ASSERT_EQ(test, err, 0);
	kmb_expect_kept(test, 21, trip, "kfree_nolock()");
}

static void expect_served(struct kunit *test, struct kmb_trip *trip)
{
	unsigned int try;

	for (try = 1; try < TRIES && is_missing(trip); try++)
		kmb_trip_go(test);
	expect_object(test, trip);
	kmb_expect_served(test, 21, trip, "kmalloc_nolock()");
	expect_aligned(test, trip);
	free_half(test, trip);
}

static void serve(struct kunit *test, const struct kmb_context *context)
{
	struct kmb_trip *trip = test->priv;
	size_t i, j;

	trip->context = context;
	trip->call = call_take;
	for (i = 0; i < ARRAY_SIZE(kmb_sizes); i++)
		for (j = 0; j < ARRAY_SIZE(gfps); j++)
			if (kmb_sizes[i].bytes <= KMALLOC_MAX_CACHE_SIZE)
				kmb_trip_add_or_go(test, kmb_sizes[i].bytes,
						   &gfps[j], expect_served);
	KUNIT_ASSERT_GT(test, trip->nr, 0);
	kmb_trip_go_and_judge(test, expect_served);
}

static const struct kmb_context *task_row(void)
{
	static const struct kmb_context task = KMB_CONTEXT(task, "");

	return &task;
}

/* Without it only caches that are debugged serve, as their lock can be tried. */
static void skip_if_never_served(struct kunit *test)
{
	void *object;

	if (kmb_has_cmpxchg_double())
		return;
	object = take(8, 0);
	kfree_nolock(object);
	if (!object)
		kmb_skip(test, "no cmpxchg of two words for slabs, and they are not debugged");
}

/* On PREEMPT_RT, too, but in a hard interrupt. */
static const struct kmb_context *nolock_context_of(struct kunit *test)
{
	const struct kmb_context *row = test->param_value;

	return row->process ? row : kmb_context_of(test);
}

static void p21_served_in_any_context(struct kunit *test)
{
	const struct kmb_context *context = nolock_context_of(test);

	kmb_promise(test, 21);
	skip_if_never_served(test);
	serve(test, context);
}

static DEFINE_RAW_SPINLOCK(raw_lock);

static bool in_rawlock(void)
{
	return in_task() && irqs_disabled();
}

static int run_in_rawlock(kmb_context_fn *fn, void *arg)
{
	unsigned long flags;
	int err;

	raw_spin_lock_irqsave(&raw_lock, flags);
	err = kmb_call_there(in_rawlock, fn, arg);
	raw_spin_unlock_irqrestore(&raw_lock, flags);
	return err;
}

/* A context in which kmalloc() is never legal, so it is no row of the table. */
static void p21_served_under_a_raw_spinlock(struct kunit *test)
{
	static const struct kmb_context rawlock = {
		.name = "raw spinlock", .run = run_in_rawlock,
		.process = true, .atomic = true,
	};

	kmb_promise(test, 21);
	skip_if_never_served(test);
	serve(test, &rawlock);
}

/* What is too much, besides the rows of the table. */
static const size_t too_large[] = {
	KMALLOC_MAX_CACHE_SIZE + 1, KMALLOC_MAX_SIZE, KMALLOC_MAX_SIZE + 1,
	SIZE_MAX,
};

static void expect_nothing(struct kunit *test, struct kmb_trip *trip)
{
	struct kmb_stop *stop;

	kmb_expect_kept(test, 21, trip, "kmalloc_nolock() that fails");
	for (stop = trip->stops; stop < trip->stops + trip->nr; stop++) {
		void *expected = stop->bytes ? NULL : ZERO_SIZE_PTR;

		KMB_EXPECT_STOP(test, 21, trip, stop, stop->object == expected,
				"expected %s, got %s", kmb_kind_of(expected),
				kmb_kind_of(stop->object));
	}
}

/* As call_take(); kfree_nolock() of nothing is tried at once, what is none is judged first. */
static void call_take_nothing(struct kmb_stop *stop)
{
	stop->object = take(stop->bytes, stop->gfp->flags);
	if (ZERO_OR_NULL_PTR(stop->object))
		kfree_nolock(stop->object);
}

/* Sizes that are no memory do not count, or the trip would be too long. */
static void add_nothing(struct kunit *test, size_t bytes,
			const struct kmb_gfp *gfp)
{
	struct kmb_trip *trip = test->priv;

	kmb_trip_add_or_go(test, 0, gfp, expect_nothing);
	trip->stops[trip->nr - 1].bytes = bytes;
}

static void p21_limits_are_kept(struct kunit *test)
{
	struct kmb_trip *trip = test->priv;
	size_t i, j;

	kmb_promise(test, 21);
	trip->context = nolock_context_of(test);
	trip->call = call_take_nothing;
	for (j = 0; j < ARRAY_SIZE(gfps); j++) {
		add_nothing(test, 0, &gfps[j]);
		for (i = 0; i < ARRAY_SIZE(too_large); i++)
			add_nothing(test, too_large[i], &gfps[j]);
		for (i = 0; i < ARRAY_SIZE(kmb_sizes); i++)
			if (kmb_sizes[i].bytes > KMALLOC_MAX_CACHE_SIZE)
				add_nothing(test, kmb_sizes[i].bytes, &gfps[j]);
	}
	kmb_trip_go_and_judge(test, expect_nothing);
}

/* Return: how many warnings a flag gave that is not allowed. */
static unsigned int ask_for_warning(void)
{
	struct kmsg_dump_iter mark;

	kmb_log_mark(&mark);
	kmb_log_ask();
	kfree_nolock(take(8, GFP_NOWAIT));
	kmb_log_asked();
	return kmb_log_warnings(&mark);
}

static void p21_other_flags_are_warned_of(struct kunit *test)
{
	bool spent = kmb_log_may_show("mm/slub.c");
	unsigned int count;

	kmb_promise(test, 21);
	if (!IS_ENABLED(CONFIG_DEBUG_VM) || !IS_ENABLED(CONFIG_PRINTK))
		kmb_skip(test, "CONFIG_DEBUG_VM and CONFIG_PRINTK are not both on");
	count = ask_for_warning();
	if (spent && !count)
		kmb_skip(test, "mm/slub.c may have given its one warning since the boot");
	KMB_EXPECT(test, 21, count,
		   "size 8, GFP_NOWAIT, task: expected a warning, got none");
}

#define BACK_BYTES	4096

static void do_nothing(void *arg)
{
}

/*
 * What cannot be freed at once is freed by an irq_work, and so before
 * one that is queued later has run.
 */
static void p21_freed_there_is_given_out_again(struct kunit *test)
{
	const struct kmb_context *context = nolock_context_of(test);
	struct kmb_trip *trip = test->priv;
	struct kmb_freed freed;

	kmb_promise(test, 21);
	skip_if_never_served(test);
	if (num_online_cpus() > 1)
		kmb_skip(test, "more than one CPU, each with free objects of its own");
	if (IS_ENABLED(CONFIG_PREEMPT_RT))
		kmb_skip(test, "PREEMPT_RT: irq_work is left to a thread");
	trip->context = task_row();
	trip->call = call_take;
	while (kmb_trip_add(trip, BACK_BYTES, &gfps[0]))
		;
	kmb_trip_go(test);
	kmb_freed_note(&freed, trip);
	trip->context = context;
	trip->call = call_free;
	kmb_trip_go(test);
	KUNIT_ASSERT_EQ(test, 0, kmb_run_in_irqwork(do_nothing, NULL));
	KMB_EXPECT(test, 21, kmb_freed_comes_back(&freed, BACK_BYTES, take, 0),
		   KMB_WHAT "expected one of %u freed objects again, got others",
		   (size_t)BACK_BYTES, gfps[0].name, context->name, trip->nr);
}

#define ROUNDS 4

/* Frees a round's share of the volume with interrupts off, where frees gather. */
static void free_gathered(void *arg)
{
	unsigned int nr = KMB_VOLUME / BACK_BYTES / ROUNDS;
	struct kmb_chain chain = {};
	unsigned long flags;
	void *object;

	local_irq_save(flags);
	while (chain.nr < nr && kmb_chain_add(&chain, take(BACK_BYTES, 0)))
		;
	while ((object = chain.last)) {
		chain.last = *(void **)object;
		kfree_nolock(object);
	}
	local_irq_restore(flags);
	kmb_run_in_irqwork(do_nothing, NULL);
}

static void free_gathered_often(void *arg)
{
	unsigned int round;

	for (round = 0; round < ROUNDS; round++)
		free_gathered(arg);
}

static void p39_what_gathers_comes_back(struct kunit *test)
{
	long lost;

	kmb_promise(test, 39);
	skip_if_never_served(test);
	kmb_pages_or_skip(test);
	lost = kmb_pages_lost(BACK_BYTES, KMB_VOLUME / PAGE_SIZE / 4,
			      free_gathered_often, NULL);
	KMB_EXPECT(test, 39, !kmb_is_lost(lost),
		   KMB_WHAT "interrupts off: expected all pages back, got %ld too few",
		   (size_t)BACK_BYTES, gfps[0].name, "task", lost);
}

static void call_kmalloc(struct kmb_stop *stop)
{
	stop->object = kmb_kmalloc(stop->bytes, GFP_KERNEL);
}

static void call_nothing(struct kmb_stop *stop)
{
}

/* A size that is to be had right after the boot. */
static void control_null_is_seen(struct kunit *test)
{
	struct kmb_trip *trip = test->priv;

	trip->context = task_row();
	kmb_trip_add(trip, 8, &gfps[0]);
	trip->call = call_nothing;
	kmb_trip_go(test);
	KUNIT_EXPECT_TRUE(test, is_missing(trip));
	trip->call = call_kmalloc;
	kmb_trip_go(test);
	KUNIT_EXPECT_FALSE(test, is_missing(trip));
}

/* 4096 bytes are aligned to themselves; what is a little later is less so. */
static void control_misaligned_object_is_seen(struct kunit *test)
{
	struct kmb_trip *trip = test->priv;
	size_t off;

	trip->context = task_row();
	trip->call = call_kmalloc;
	kmb_trip_add(trip, 4096, &gfps[0]);
	kmb_trip_go(test);
	for (off = 1; off < 4096; off *= 2)
		KUNIT_EXPECT_FALSE(test, is_aligned(trip->stops[0].object + off,
						    2 * off));
}

static struct kunit_case cases[] = {
	KUNIT_CASE_PARAM(p21_served_in_any_context, kmb_every_context),
	KUNIT_CASE(p21_served_under_a_raw_spinlock),
	KUNIT_CASE_PARAM(p21_limits_are_kept, kmb_every_context),
	KUNIT_CASE(p21_other_flags_are_warned_of),
	KUNIT_CASE_PARAM(p21_freed_there_is_given_out_again, kmb_every_context),
	KUNIT_CASE(p39_what_gathers_comes_back),
	KUNIT_CASE(control_misaligned_object_is_seen),
	KUNIT_CASE(control_null_is_seen),
	{}
};

#else

static void p21_served_in_any_context(struct kunit *test)
{
	kmb_promise(test, 21);
	kmb_skip(test, "this kernel has no kmalloc_nolock()");
}

static struct kunit_case cases[] = {
	KUNIT_CASE(p21_served_in_any_context),
	{}
};

#endif

static struct kunit_suite nolock_suite = {
	.name = "kmalloc_nolock",
	.init = kmb_trip_init,
	.exit = kmb_trip_exit,
	.test_cases = cases,
};

kunit_test_suite(nolock_suite);
