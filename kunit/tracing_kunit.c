// SPDX-License-Identifier: GPL-2.0
/*
 * Do the tracepoints of kmalloc() name whom they should?
 *
 * What allocates on behalf of its caller, as kmemdup() does, wants the caller
 * named, and kmalloc_track_caller() is for that. A probe of the tracepoint
 * notes the events of this task; the function that an address lies in comes
 * from the kernel's symbols, not from the compiler.
 *
 * Left out: a second event of the same object, which large ones have in newer
 * kernels; other tasks and interrupts.
 */
#include <kunit/test.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/tracepoint.h>
#include <trace/events/kmem.h>

#include "objects.h"
#include "promises.h"
#include "sizes.h"

/*
 * An allocation may have a few events, and many of what it has given back: KASAN
 * gives back slabs in the middle of it.
 */
#define MAX_EVENTS 1024

/* Enough for the name of any function of this file. */
#define NAME_SIZE 64

/**
 * struct event - what a tracepoint told
 * @call_site: who called.
 * @object: what it was given, or gave back.
 * @asked: bytes that were asked for; 0 of kfree().
 * @given: bytes that were given.
 * @flags: the flags.
 */
struct event {
	unsigned long call_site;
	const void *object;
	size_t asked;
	size_t given;
	gfp_t flags;
};

/**
 * struct recorder - the events of a task
 * @task: that task, NULL while nothing is recorded.
 * @nr: how many.
 * @events: the events.
 */
struct recorder {
	struct task_struct *task;
	unsigned int nr;
	struct event events[MAX_EVENTS];
};

static void record(struct recorder *recorder, const struct event *event)
{
	if (recorder->task != current || !in_task())
		return;
	if (recorder->nr < MAX_EVENTS)
		recorder->events[recorder->nr++] = *event;
}

static void see_kmalloc(void *recorder, unsigned long call_site,
			const void *object, size_t asked, size_t given,
			gfp_t flags, int node)
{
	record(recorder, &(struct event) {
		.call_site = call_site,
		.object = object,
		.asked = asked,
		.given = given,
		.flags = flags,
	});
}

static void see_kfree(void *recorder, unsigned long call_site,
		      const void *object)
{
	record(recorder, &(struct event) {
		.call_site = call_site,
		.object = object,
	});
}

static void start_recording(struct recorder *recorder)
{
	recorder->nr = 0;
	barrier();
	recorder->task = current;
	barrier();
}

static void stop_recording(struct recorder *recorder)
{
	barrier();
	recorder->task = NULL;
}

static int tracing_register(struct recorder *recorder)
{
	int err = register_trace_kmalloc(see_kmalloc, recorder);

	if (err)
		return err;
	err = register_trace_kfree(see_kfree, recorder);
	if (err)
		unregister_trace_kmalloc(see_kmalloc, recorder);
	return err;
}

static void tracing_unregister(struct recorder *recorder)
{
	unregister_trace_kfree(see_kfree, recorder);
	unregister_trace_kmalloc(see_kmalloc, recorder);
	tracepoint_synchronize_unregister();
}

static int tracing_init(struct kunit *test)
{
	struct recorder *recorder;
	int err;

	kmb_case_begins(test);
	recorder = kunit_kmalloc(test, sizeof(*recorder), GFP_KERNEL);
	if (!recorder)
		return -ENOMEM;
	recorder->task = NULL;
	recorder->nr = 0;
	if (!IS_ENABLED(CONFIG_TRACEPOINTS))
		return 0;
	err = tracing_register(recorder);
	if (!err)
		test->priv = recorder;
	return err;
}

static void tracing_exit(struct kunit *test)
{
	if (test->priv)
		tracing_unregister(test->priv);
}

static void skip_unless_traced(struct kunit *test)
{
	if (!IS_ENABLED(CONFIG_TRACEPOINTS))
		kmb_skip(test, "CONFIG_TRACEPOINTS is off");
	if (!IS_ENABLED(CONFIG_KALLSYMS))
		kmb_skip(test, "CONFIG_KALLSYMS is off: no address has a name");
}

/* A name may go on with what the compiler or the module loader adds to it. */
static bool is_named(const char *name, const char *function)
{
	size_t len = strlen(function);

	return !strncmp(name, function, len) &&
	       (!name[len] || strchr(". [+", name[len]));
}

static bool lies_in(unsigned long address, const char *function)
{
	char name[NAME_SIZE];

	snprintf(name, sizeof(name), "%ps", (void *)address);
	return is_named(name, function);
}

/* Return: the event of that object that names the function, or NULL. */
static const struct event *find_event(const struct recorder *recorder,
				      const void *object, const char *function)
{
	const struct event *event;

	for (event = recorder->events;
	     event < recorder->events + recorder->nr; event++)
		if (event->object == object &&
		    lies_in(event->call_site, function))
			return event;
	return NULL;
}

/* What messages call the last event. */
static void *last_site(const struct recorder *recorder)
{
	if (!recorder->nr)
		return NULL;
	return (void *)recorder->events[recorder->nr - 1].call_site;
}

/* Not a tail call: the caller has to be there when its callee is traced. */
#define CALL(_call) ({ typeof(_call) _result = (_call); barrier(); _result; })

static noinline __noclone void *track(size_t bytes, gfp_t flags)
{
	return CALL(kmalloc_track_caller(bytes, flags));
}

static noinline __noclone void *track_node(size_t bytes, gfp_t flags)
{
	return CALL(kmalloc_node_track_caller(bytes, flags, NUMA_NO_NODE));
}

static noinline __noclone void *
through_track(const void *source, size_t bytes, gfp_t flags)
{
	return CALL(track(bytes, flags));
}

static noinline __noclone void *
through_track_node(const void *source, size_t bytes, gfp_t flags)
{
	return CALL(track_node(bytes, flags));
}

static noinline __noclone void *
through_kmemdup(const void *source, size_t bytes, gfp_t flags)
{
	return CALL(kmemdup(source, bytes, flags));
}

static noinline __noclone void *
through_kstrdup(const void *source, size_t bytes, gfp_t flags)
{
	return CALL(kstrdup(source, flags));
}

/* What allocates for its caller; .function is the caller to be named. */
static const struct way {
	const char *call;
	const char *function;
	void *(*alloc)(const void *source, size_t bytes, gfp_t flags);
} ways[] = {
	{ "kmalloc_track_caller()", "through_track", through_track },
	{ "kmalloc_node_track_caller()", "through_track_node",
	  through_track_node },
	{ "kmemdup()", "through_kmemdup", through_kmemdup },
	{ "kstrdup()", "through_kstrdup", through_kstrdup },
};

static void expect_event(struct kunit *test, const struct way *way,
			 size_t bytes, const struct kmb_gfp *gfp,
			 const void *object)
{
	const struct recorder *recorder = test->priv;
	const struct event *event;

	event = find_event(recorder, object, way->function);
	if (!KMB_EXPECT(test, 27, event,
			KMB_WHAT "%s: expected an event of %s(), got %u, the last of %ps",
			bytes, gfp->name, "task", way->call, way->function,
			recorder->nr, last_site(recorder)))
		return;
	KMB_EXPECT(test, 27, event->asked == bytes && event->given >= bytes,
		   KMB_WHAT "%s: expected as many bytes and at least these, got %zu and %zu",
		   bytes, gfp->name, "task", way->call, event->asked,
		   event->given);
	KMB_EXPECT(test, 27, event->flags == (gfp->flags | __GFP_NOWARN),
		   KMB_WHAT "%s: expected flags %#x, got %#x", bytes,
		   gfp->name, "task", way->call,
		   (__force u32)(gfp->flags | __GFP_NOWARN),
		   (__force u32)event->flags);
}

static void trace_way(struct kunit *test, const struct way *way,
		      const void *source, size_t bytes,
		      const struct kmb_gfp *gfp)
{
	void *object;

	start_recording(test->priv);
	object = way->alloc(source, bytes, gfp->flags | __GFP_NOWARN);
	stop_recording(test->priv);
	KMB_EXPECT(test, 27, object || !kmb_has_plenty(numa_mem_id(), bytes, gfp->flags),
		   KMB_WHAT "%s: expected an object, got NULL with plenty of free memory",
		   bytes, gfp->name, "task", way->call);
	if (object)
		expect_event(test, way, bytes, gfp, object);
	kfree(object);
}

/* A string that fills an object, for what copies one. Return: it, or NULL. */
static char *make_source(size_t bytes)
{
	char *source = kmb_kmalloc(bytes, GFP_KERNEL | __GFP_NOWARN);

	if (source) {
		memset(source, 'k', bytes - 1);
		source[bytes - 1] = '\0';
	}
	return source;
}

static void trace_size(struct kunit *test, size_t bytes)
{
	char *source = make_source(bytes);
	size_t g, w;

	KMB_EXPECT(test, 27, source || !kmb_has_plenty(numa_mem_id(), bytes, GFP_KERNEL),
		   KMB_WHAT "expected an object, got NULL with plenty of free memory",
		   bytes, "GFP_KERNEL", "task");
	for (g = 0; source && g < ARRAY_SIZE(kmb_gfps); g++)
		for (w = 0; w < ARRAY_SIZE(ways); w++)
			trace_way(test, &ways[w], source, bytes, &kmb_gfps[g]);
	kfree(source);
}

static void p27_tracepoint_names_the_caller(struct kunit *test)
{
	size_t i;

	kmb_promise(test, 27);
	skip_unless_traced(test);
	for (i = 0; i < ARRAY_SIZE(kmb_sizes); i++)
		if (kmb_sizes[i].bytes <= KMALLOC_MAX_SIZE)
			trace_size(test, kmb_sizes[i].bytes);
}

static noinline __noclone void free_here(const void *object)
{
	kfree(object);
	barrier();
}

static void trace_kfree_of(struct kunit *test, size_t bytes)
{
	struct recorder *recorder = test->priv;
	void *object = kmb_kmalloc(bytes, GFP_KERNEL | __GFP_NOWARN);

	if (!object)
		return;
	start_recording(recorder);
	free_here(object);
	stop_recording(recorder);
	KMB_EXPECT(test, 27, find_event(recorder, object, "free_here"),
		   KMB_WHAT "kfree(): expected an event of free_here(), got %u, the last of %ps",
		   bytes, "GFP_KERNEL", "task", recorder->nr,
		   last_site(recorder));
}

static void p27_kfree_names_its_caller(struct kunit *test)
{
	size_t i;

	kmb_promise(test, 27);
	skip_unless_traced(test);
	for (i = 0; i < ARRAY_SIZE(kmb_sizes); i++)
		if (kmb_sizes[i].bytes <= KMALLOC_MAX_SIZE)
			trace_kfree_of(test, kmb_sizes[i].bytes);
}

static noinline __noclone void *keep_untracked(size_t bytes, gfp_t flags)
{
	return CALL(kmalloc(bytes, flags));
}

static noinline __noclone void *through_untracked(size_t bytes, gfp_t flags)
{
	return CALL(keep_untracked(bytes, flags));
}

/* Plain kmalloc() names the function that calls it, not that one's caller. */
static void control_untracked_call_is_seen(struct kunit *test)
{
	struct recorder *recorder = test->priv;
	const struct event *own, *callers;
	void *object;

	skip_unless_traced(test);
	start_recording(recorder);
	object = through_untracked(kmb_hide(64), GFP_KERNEL);
	stop_recording(recorder);
	own = find_event(recorder, object, "keep_untracked");
	callers = find_event(recorder, object, "through_untracked");
	kfree(object);
	KUNIT_EXPECT_TRUE(test, own);
	KUNIT_EXPECT_FALSE(test, callers);
}

/* An event of another task, and one of another object, are no evidence. */
static void control_foreign_event_is_ignored(struct kunit *test)
{
	struct recorder *recorder = test->priv;
	void *object;

	skip_unless_traced(test);
	recorder->nr = 0;
	object = through_untracked(kmb_hide(64), GFP_KERNEL);
	KUNIT_EXPECT_EQ(test, recorder->nr, 0);
	kfree(object);
	start_recording(recorder);
	object = through_untracked(kmb_hide(64), GFP_KERNEL);
	stop_recording(recorder);
	KUNIT_EXPECT_FALSE(test, find_event(recorder, object + 8,
					    "keep_untracked"));
	kfree(object);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(p27_tracepoint_names_the_caller),
	KUNIT_CASE(p27_kfree_names_its_caller),
	KUNIT_CASE(control_untracked_call_is_seen),
	KUNIT_CASE(control_foreign_event_is_ignored),
	{}
};

static struct kunit_suite tracing_suite = {
	.name = "kmalloc_tracing",
	.init = tracing_init,
	.exit = tracing_exit,
	.test_cases = cases,
};

kunit_test_suite(tracing_suite);
