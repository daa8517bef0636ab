// SPDX-License-Identifier: GPL-2.0
/*
 * Does kmalloc() serve, and kfree() take, wherever the kernel may call them?
 *
 * What is in a context is done by trip.c, which notes it; what it means is
 * judged here, in the task. Left out: the sleep of an allocation that finds
 * memory scarce (limits), and NMI, where neither may be called.
 */
#include <kunit/test.h>
#include <linux/delay.h>
#include <linux/gfp.h>
#include <linux/preempt.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "contexts.h"
#include "freed.h"
#include "kernel_log.h"
#include "many.h"
#include "objects.h"
#include "promises.h"
#include "trip.h"

/* Objects of one kind at once, up to the size where there are fewer. */
#define HANDFUL		2
#define HANDFUL_BYTES	SZ_64K

static void call_kmalloc(struct kmb_stop *stop)
{
	stop->object = kmb_kmalloc(stop->bytes,
				   stop->gfp->flags | __GFP_NOWARN);
	kmb_stop_find_nonzero(stop);
	kmb_stop_fill(stop);
}

static bool fits(const struct kmb_context *context, const struct kmb_gfp *gfp)
{
	return !context->atomic || !gfpflags_allow_blocking(gfp->flags);
}

static void expect_served(struct kunit *test, struct kmb_trip *trip)
{
	kmb_expect_served(test, 18, trip, "kmalloc()");
}

static void expect_no_null(struct kunit *test, struct kmb_trip *trip)
{
	struct kmb_stop *stop;
	bool kept = true;

	for (stop = trip->stops; kept && stop < trip->stops + trip->nr; stop++)
		kept = KMB_EXPECT_STOP(test, 19, trip, stop,
				       !kmb_stop_null_without_excuse(stop),
				       "expected an object, got NULL with plenty of free memory");
}

static void add_handful(struct kunit *test, size_t bytes,
			const struct kmb_gfp *gfp, kmb_judge_fn *judge)
{
	unsigned int i, nr = bytes <= HANDFUL_BYTES ? HANDFUL : 1;

	for (i = 0; i < nr; i++)
		kmb_trip_add_or_go(test, bytes, gfp, judge);
}

/* kmalloc() of every size, with all flags that the context allows. */
static void allocate_there(struct kunit *test, kmb_judge_fn *judge)
{
	struct kmb_trip *trip = test->priv;
	size_t i, j;

	trip->context = kmb_context_of(test);
	trip->call = call_kmalloc;
	for (i = 0; i < ARRAY_SIZE(kmb_sizes); i++)
		for (j = 0; j < ARRAY_SIZE(kmb_gfps); j++)
			if (kmb_sizes[i].bytes <= KMALLOC_MAX_SIZE &&
			    fits(trip->context, &kmb_gfps[j]))
				add_handful(test, kmb_sizes[i].bytes,
					    &kmb_gfps[j], judge);
	KUNIT_ASSERT_GT(test, trip->nr, 0);
	kmb_trip_go_and_judge(test, judge);
}

static void p18_served_without_sleep(struct kunit *test)
{
	kmb_promise(test, 18);
	allocate_there(test, expect_served);
}

/*
 * Bytes that are held to use up what free objects the slabs have, so that a
 * trip needs new ones.
 */
#define DRAIN_BYTES	SZ_2M
#define SLAB_BYTES	4096

/* A new slab is where a broken allocator sleeps, or switches interrupts on. */
static void p18_new_slabs_are_made_there(struct kunit *test)
{
	static const struct kmb_gfp gfp = KMB_GFP(GFP_ATOMIC, "");
	const struct kmb_context *context = kmb_context_of(test);
	struct kmb_trip *trip = test->priv;
	void **held;
	int err;

	kmb_promise(test, 18);
	trip->context = context;
	trip->call = call_kmalloc;
	while (kmb_trip_add(trip, SLAB_BYTES, &gfp))
		;
	held = kmb_many_take(SLAB_BYTES, DRAIN_BYTES);
	err = kmb_trip_try(trip);
	kmb_many_free(held);
	KUNIT_ASSERT_EQ(test, err, 0);
	kmb_expect_served(test, 18, trip, "kmalloc()");
	expect_no_null(test, trip);
}

static void p19_served_while_memory_is_plenty(struct kunit *test)
{
	kmb_promise(test, 19);
	allocate_there(test, expect_no_null);
}

/* Were it otherwise, no context above would have been asked for these. */
static void p18_flags_forbid_sleep(struct kunit *test)
{
	size_t i;
	static const struct {
		const char *name;
		gfp_t flags;
		bool sleeps;
	} rows[] = {
		{ "GFP_ATOMIC", GFP_ATOMIC, false },
		{ "GFP_NOWAIT", GFP_NOWAIT, false },
		{ "GFP_KERNEL", GFP_KERNEL, true },
	};

	kmb_promise(test, 18);
	for (i = 0; i < ARRAY_SIZE(rows); i++)
		KMB_EXPECT(test, 18,
			   gfpflags_allow_blocking(rows[i].flags) == rows[i].sleeps,
			   "any size, %s, task: expected that it %s sleep, got flags 0x%x",
			   rows[i].name, rows[i].sleeps ? "may" : "may not",
			   (__force unsigned int)rows[i].flags);
}

static void call_kfree(struct kmb_stop *stop)
{
	kfree(stop->object);
	stop->object = NULL;
}

static void call_kvfree(struct kmb_stop *stop)
{
	kvfree(stop->object);
	stop->object = NULL;
}

static void call_kfree_sensitive(struct kmb_stop *stop)
{
	kfree_sensitive(stop->object);
	stop->object = NULL;
}

static const struct freeing {
	const char *name;
	void (*call)(struct kmb_stop *stop);
} freeings[] = {
	{ "kfree()", call_kfree },
	{ "kvfree()", call_kvfree },
	{ "kfree_sensitive()", call_kfree_sensitive },
};

/* Fills the trip, from a size on. Return: the first size that has to wait. */
static size_t plan(struct kmb_trip *trip, size_t size)
{
	static const struct kmb_gfp gfp = KMB_GFP(GFP_ATOMIC, "");

	for (; size < ARRAY_SIZE(kmb_sizes); size++)
		if (kmb_sizes[size].bytes <= KMALLOC_MAX_SIZE &&
		    !kmb_trip_add(trip, kmb_sizes[size].bytes, &gfp))
			break;
	return size;
}

/* All of it, from wherever it is, is freed in another context. */
static void free_there(struct kunit *test, const struct freeing *how,
		       const struct kmb_context *from,
		       const struct kmb_context *to)
{
	struct kmb_trip *trip = test->priv;
	size_t size = 0;

	while (size < ARRAY_SIZE(kmb_sizes)) {
		size = plan(trip, size);
		trip->context = from;
		trip->call = call_kmalloc;
		kmb_trip_go(test);
		trip->context = to;
		trip->call = how->call;
		kmb_trip_go(test);
		kmb_expect_kept(test, 20, trip, how->name);
		kmb_trip_unload(test);
	}
}

static const struct kmb_context *task_row(void)
{
	static const struct kmb_context task = KMB_CONTEXT(task, "");

	return &task;
}

static void p20_frees_there_what_the_task_took(struct kunit *test)
{
	const struct kmb_context *context = kmb_context_of(test);
	size_t i;

	kmb_promise(test, 20);
	for (i = 0; i < ARRAY_SIZE(freeings); i++)
		free_there(test, &freeings[i], task_row(), context);
}

static void p20_frees_there_what_it_took(struct kunit *test)
{
	const struct kmb_context *context = kmb_context_of(test);

	kmb_promise(test, 20);
	free_there(test, &freeings[0], context, context);
}

static void p20_frees_in_the_task_what_it_took(struct kunit *test)
{
	const struct kmb_context *context = kmb_context_of(test);

	kmb_promise(test, 20);
	free_there(test, &freeings[0], context, task_row());
}

static void p20_freed_there_is_given_out_again(struct kunit *test)
{
	static const struct kmb_gfp gfp = KMB_GFP(GFP_ATOMIC, "");
	const struct kmb_context *context = kmb_context_of(test);
	struct kmb_trip *trip = test->priv;
	struct kmb_freed freed;

	kmb_promise(test, 20);
	if (IS_ENABLED(CONFIG_KASAN_GENERIC))
		kmb_skip(test, "KASAN keeps what is freed in its quarantine");
	if (num_online_cpus() > 1)
		kmb_skip(test, "more than one CPU, each with free objects of its own");
	trip->context = task_row();
	trip->call = call_kmalloc;
	while (kmb_trip_add(trip, SLAB_BYTES, &gfp))
		;
	kmb_trip_go(test);
	kmb_freed_note(&freed, trip);
	trip->context = context;
	trip->call = call_kfree;
	kmb_trip_go(test);
	kmb_expect_kept(test, 20, trip, "kfree() into full slabs");
	KMB_EXPECT(test, 20, kmb_freed_comes_back(&freed, SLAB_BYTES, kmb_kmalloc,
						  GFP_ATOMIC | __GFP_NOWARN),
		   KMB_WHAT "expected one of %u freed objects again, got only others",
		   (size_t)SLAB_BYTES, gfp.name, context->name, trip->nr);
}

/* lockdep has no mercy with GFP_KERNEL in an interrupt. */
static bool is_atomic_process(const struct kmb_context *context)
{
	return context->process && context->atomic;
}

static KMB_GENERATOR(atomic_process_contexts)
{
	return kmb_next_context(prev, desc, is_atomic_process);
}

static const struct kmb_gfp sleeper = KMB_GFP(GFP_KERNEL, "may sleep");

/* Return: how many warnings a request in a context gave. */
static unsigned int warnings_of(struct kunit *test, size_t bytes,
				const struct kmb_gfp *gfp,
				const struct kmb_context *context)
{
	struct kmb_trip *trip = test->priv;
	struct kmsg_dump_iter mark;

	trip->context = context;
	trip->call = call_kmalloc;
	kmb_trip_add(trip, bytes, gfp);
	kmb_log_mark(&mark);
	kmb_trip_go(test);
	kmb_trip_unload(test);
	return kmb_log_warnings(&mark);
}

static unsigned int warnings_of_sleeper(struct kunit *test, size_t bytes,
					const struct kmb_context *context)
{
	unsigned int count;

	kmb_log_ask();
	count = warnings_of(test, bytes, &sleeper, context);
	kmb_log_asked();
	return count;
}

static void skip_unless_sleepers_are_watched(struct kunit *test)
{
	if (!IS_ENABLED(CONFIG_DEBUG_ATOMIC_SLEEP))
		kmb_skip(test, "CONFIG_DEBUG_ATOMIC_SLEEP is off");
}

/* There is at most one warning a second. */
static void wait_for_next_warning(void)
{
	schedule_timeout_uninterruptible(HZ + 1);
}

static void expect_warning(struct kunit *test, size_t bytes,
			   const struct kmb_context *context)
{
	unsigned int count = warnings_of_sleeper(test, bytes, context);

	if (!count) {
		wait_for_next_warning();
		count = warnings_of_sleeper(test, bytes, context);
	}
	KMB_EXPECT(test, 43, count, KMB_WHAT "expected a warning, got none",
		   bytes, "GFP_KERNEL", context->name);
}

/* SLUB warns of the one, the page allocator of the other. */
static void p43_sleeper_is_warned_of(struct kunit *test)
{
	const struct kmb_context *context;

	kmb_promise(test, 43);
	skip_unless_sleepers_are_watched(test);
	context = kmb_context_of(test);
	expect_warning(test, 8, context);
	expect_warning(test, 2 * KMALLOC_MAX_CACHE_SIZE, context);
}

/* What may sleep in the task, and what does not sleep elsewhere, is silent. */
static void control_legal_request_is_silent(struct kunit *test)
{
	static const struct kmb_gfp atomic = KMB_GFP(GFP_ATOMIC, "does not sleep");
	const struct kmb_context *row;

	skip_unless_sleepers_are_watched(test);
	wait_for_next_warning();
	for (row = kmb_contexts; row < kmb_contexts + ARRAY_SIZE(kmb_contexts);
	     row++) {
		if (!kmb_context_is_legal(row))
			continue;
		KUNIT_EXPECT_EQ_MSG(test, 0, warnings_of(test, 8, &atomic, row),
				    "GFP_ATOMIC, %s", row->name);
		if (!row->atomic)
			KUNIT_EXPECT_EQ_MSG(test, 0,
					    warnings_of(test, 8, &sleeper, row),
					    "GFP_KERNEL, %s", row->name);
	}
}

/* A place, and what else is true there. */
static const struct place {
	int (*run)(kmb_context_fn *fn, void *arg);
	bool (*here)(void);
	bool (*also)(void);
} places[] = {
	{ kmb_run_in_task, kmb_in_task,
	  IS_ENABLED(CONFIG_PREEMPT_COUNT) ? NULL : kmb_in_preemptoff },
	{ kmb_run_in_irqsoff, kmb_in_irqsoff, NULL },
#ifndef CONFIG_PREEMPT_RT
	{ kmb_run_in_hardirq, kmb_in_hardirq, NULL },
	{ kmb_run_in_irqwork, kmb_in_irqwork, NULL },
#endif
	{ kmb_run_in_softirq, kmb_in_softirq, kmb_in_rcu },
};

struct claim {
	bool (*here)(void);
	int err;
	bool called;
};

static void note_call(void *arg)
{
	*(bool *)arg = true;
}

static void make_claim(void *arg)
{
	struct claim *claim = arg;

	claim->err = kmb_call_there(claim->here, note_call, &claim->called);
}

/* A context that claims to be another one does not call. */
static void control_wrong_context_is_refused(struct kunit *test)
{
	const struct kmb_context *row = test->param_value;
	const struct place *place;
	bool right;

	for (place = places; place < places + ARRAY_SIZE(places); place++) {
		struct claim claim = { .here = row->here };

		right = row->here == place->here || row->here == place->also;
		KUNIT_ASSERT_EQ(test, place->run(make_claim, &claim), 0);
		KUNIT_EXPECT_EQ(test, claim.err, right ? 0 : -EIO);
		KUNIT_EXPECT_EQ(test, claim.called, right);
	}
}

/* Return: the only stop of a trip that makes one call. */
static const struct kmb_stop *one_call(struct kunit *test,
				       const struct kmb_context *context,
				       void (*call)(struct kmb_stop *stop))
{
	struct kmb_trip *trip = test->priv;

	kmb_trip_unload(test);
	kmb_trip_add(trip, 8, &kmb_gfps[0]);
	trip->context = context;
	trip->call = call;
	kmb_trip_go(test);
	return trip->stops;
}

static void call_sleep(struct kmb_stop *stop)
{
	schedule_timeout_uninterruptible(1);
}

static void control_sleep_is_seen(struct kunit *test)
{
	if (IS_ENABLED(CONFIG_PREEMPT_RT))
		kmb_skip(test, "on PREEMPT_RT locks sleep");
	KUNIT_EXPECT_FALSE(test, kmb_stop_slept(one_call(test, task_row(),
							 call_kmalloc)));
	KUNIT_EXPECT_TRUE(test, kmb_stop_slept(one_call(test, task_row(),
							call_sleep)));
}

static void call_irq_disable(struct kmb_stop *stop)
{
	local_irq_disable();
}

static void call_irq_enable(struct kmb_stop *stop)
{
	local_irq_enable();
}

static void control_changed_interrupts_are_seen(struct kunit *test)
{
	static const struct kmb_context irqsoff = KMB_CONTEXT(irqsoff, "");

	KUNIT_EXPECT_TRUE(test, kmb_stop_kept_state(one_call(test, &irqsoff,
							     call_kfree)));
	KUNIT_EXPECT_FALSE(test, kmb_stop_kept_state(one_call(test, &irqsoff,
							      call_irq_enable)));
	KUNIT_EXPECT_FALSE(test, kmb_stop_kept_state(one_call(test, task_row(),
							      call_irq_disable)));
	KUNIT_EXPECT_FALSE(test, irqs_disabled());
}

static void call_preempt_disable(struct kmb_stop *stop)
{
	preempt_disable();
}

static void control_changed_preemption_is_seen(struct kunit *test)
{
	const struct kmb_stop *stop;

	if (!IS_ENABLED(CONFIG_PREEMPT_COUNT))
		kmb_skip(test, "CONFIG_PREEMPT_COUNT is off");
	stop = one_call(test, task_row(), call_preempt_disable);
	preempt_enable();
	KUNIT_EXPECT_FALSE(test, kmb_stop_kept_state(stop));
}

static void control_foreign_byte_is_seen(struct kunit *test)
{
	static const struct kmb_gfp zero = KMB_GFP_ZERO(GFP_ATOMIC, "");
	struct kmb_stop *stop;

	stop = ((struct kmb_trip *)test->priv)->stops;
	one_call(test, task_row(), call_kmalloc);
	KUNIT_ASSERT_NOT_NULL(test, stop->object);
	KUNIT_EXPECT_EQ(test, kmb_stop_find_foreign(stop), -1);
	((u8 *)stop->object)[7] = 0;
	KUNIT_EXPECT_EQ(test, kmb_stop_find_foreign(stop), 7);
	stop->gfp = &zero;
	kmb_stop_find_nonzero(stop);
	KUNIT_EXPECT_EQ(test, stop->wrong, 0);
}

/* Right after the boot, 8 bytes are always to be had. */
static void control_null_is_seen(struct kunit *test)
{
	KUNIT_EXPECT_TRUE(test, kmb_stop_null_without_excuse(one_call(test, task_row(),
								      call_kfree)));
}

static struct kunit_case cases[] = {
	KUNIT_CASE_PARAM(p18_served_without_sleep, kmb_every_context),
	KUNIT_CASE_PARAM(p18_new_slabs_are_made_there, kmb_every_context),
	KUNIT_CASE(p18_flags_forbid_sleep),
	KUNIT_CASE_PARAM(p19_served_while_memory_is_plenty, kmb_every_context),
	KUNIT_CASE_PARAM(p20_frees_there_what_the_task_took, kmb_every_context),
	KUNIT_CASE_PARAM(p20_frees_there_what_it_took, kmb_every_context),
	KUNIT_CASE_PARAM(p20_frees_in_the_task_what_it_took, kmb_every_context),
	KUNIT_CASE_PARAM(p20_freed_there_is_given_out_again, kmb_every_context),
	KUNIT_CASE_PARAM(p43_sleeper_is_warned_of, atomic_process_contexts),
	KUNIT_CASE(control_legal_request_is_silent),
	KUNIT_CASE_PARAM(control_wrong_context_is_refused, kmb_every_context),
	KUNIT_CASE(control_sleep_is_seen),
	KUNIT_CASE(control_changed_interrupts_are_seen),
	KUNIT_CASE(control_changed_preemption_is_seen),
	KUNIT_CASE(control_foreign_byte_is_seen),
	KUNIT_CASE(control_null_is_seen),
	{}
};

static struct kunit_suite contexts_suite = {
	.name = "kmalloc_contexts",
	.init = kmb_trip_init,
	.exit = kmb_trip_exit,
	.test_cases = cases,
};

kunit_test_suite(contexts_suite);
