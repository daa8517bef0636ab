// SPDX-License-Identifier: GPL-2.0
/*
 * Is a request with __GFP_NOFAIL spared from failures that are injected?
 *
 * By default injection spares whatever may reclaim, so that GFP_KERNEL would
 * show nothing: here it is GFP_NOWAIT, with an object or plenty of memory at
 * hand, so that nothing has to be waited for. Memory that is really used up is
 * in exhaustion_kunit.c.
 */
#include <kunit/test.h>
#include <linux/slab.h>

#include "inject.h"
#include "kernel_log.h"
#include "objects.h"
#include "promises.h"
#include "sizes.h"

/* The smallest size that the page allocator serves. */
#define LARGE (2 * KMALLOC_MAX_CACHE_SIZE)
#define FLAGS (GFP_NOWAIT | __GFP_NOWARN)

static void skip_unless_injected(struct kunit *test)
{
	if (!IS_ENABLED(CONFIG_FAILSLAB))
		kmb_skip(test, "CONFIG_FAILSLAB is off");
	if (!IS_ENABLED(CONFIG_FAIL_PAGE_ALLOC))
		kmb_skip(test, "CONFIG_FAIL_PAGE_ALLOC is off");
}

/* Return: an object, or NULL where the @nth place that may fail did. */
static void *kmalloc_injected(size_t bytes, gfp_t flags, unsigned int nth)
{
	void *object;

	kmb_inject(nth);
	object = kmb_kmalloc(bytes, flags);
	kmb_inject_end();
	return object;
}

static void *with_object_at_hand(size_t bytes, gfp_t flags)
{
	kfree(kmb_kmalloc(bytes, GFP_KERNEL));
	return kmalloc_injected(bytes, flags, 1);
}

static void p24_nofail_is_not_injected(struct kunit *test)
{
	size_t bytes;
	void *object;

	kmb_promise(test, 24);
	bytes = kmb_size_of(test);
	skip_unless_injected(test);
	object = with_object_at_hand(bytes, FLAGS | __GFP_NOFAIL);
	KMB_EXPECT(test, 24, object,
		   KMB_WHAT "expected an object although a failure is injected, got NULL",
		   bytes, "GFP_NOWAIT|__GFP_NOFAIL", "task");
	kfree(object);
}

/* The kernel may warn of blocks that are as large as that, and serves them. */
static void *large_object(gfp_t flags)
{
	void *object;

	kmb_log_ask();
	object = kmalloc_injected(LARGE, flags, 1);
	kmb_log_asked();
	return object;
}

static void p24_large_nofail_is_not_injected(struct kunit *test)
{
	void *object;

	kmb_promise(test, 24);
	skip_unless_injected(test);
	object = large_object(FLAGS | __GFP_NOFAIL);
	KMB_EXPECT(test, 24, object,
		   KMB_WHAT "expected an object although a failure is injected, got NULL",
		   (size_t)LARGE, "GFP_NOWAIT|__GFP_NOFAIL", "task");
	kfree(object);
}

/* Without __GFP_NOFAIL both are NULL, or they would prove nothing. */
static void control_injected_failure_is_seen(struct kunit *test)
{
	void *object;

	skip_unless_injected(test);
	object = with_object_at_hand(64, FLAGS);
	KUNIT_EXPECT_FALSE(test, object);
	kfree(object);
	object = large_object(FLAGS);
	KUNIT_EXPECT_FALSE(test, object);
	kfree(object);
}

static struct kunit_case cases[] = {
	KUNIT_CASE_PARAM(p24_nofail_is_not_injected, kmb_every_slab_size),
	KUNIT_CASE(p24_large_nofail_is_not_injected),
	KUNIT_CASE(control_injected_failure_is_seen),
	{}
};

static struct kunit_suite nofail_suite = {
	.name = "kmalloc_nofail",
	.init = kmb_case_begins,
	.test_cases = cases,
};

kunit_test_suite(nofail_suite);
