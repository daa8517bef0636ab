// SPDX-License-Identifier: GPL-2.0
/*
 * Does kvrealloc() keep what it has to keep, zero what it adds, and free what
 * it leaves?
 *
 * The sizes lead from kmalloc() to vmalloc() and back. Left out: alignments
 * and nodes that are asked for.
 */
#include <kunit/test.h>
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/vmalloc.h>

#include "dirt.h"
#include "objects.h"
#include "pattern.h"
#include "promises.h"
#include "recycle.h"

/* What only vmalloc() serves; a page more than it and not a power of two. */
#define ABOVE (KMALLOC_MAX_SIZE + PAGE_SIZE + 24)

/* Hold the object, so that it is freed however the case ends. */
static void *hold(struct kunit *test, void *object)
{
	struct kmb_objects *held = test->priv;

	if (object)
		held->at[held->nr++] = object;
	return object;
}

static noinline void *resize(void *object, size_t old, size_t bytes,
			     gfp_t flags)
{
	object = kmb_kvrealloc(object, kmb_hide(old), kmb_hide(bytes),
			       flags | __GFP_NOWARN);
	OPTIMIZER_HIDE_VAR(object);
	return object;
}

static void skip_unless_roomy(struct kunit *test)
{
	if (ABOVE >> PAGE_SHIFT > totalram_pages() / 16)
		kmb_skip(test, "KMALLOC_MAX_SIZE is %lu, too much for this machine",
			 KMALLOC_MAX_SIZE);
}

/* Sizes to go through with kvrealloc(); it need not move to shrink. */
static const size_t steps[] = {
	64, 100, 4096, 8193, 65536, KMALLOC_MAX_SIZE, ABOVE, ABOVE + SZ_1M,
	ABOVE, KMALLOC_MAX_SIZE, 5000, ABOVE, 8,
};

/* Each step has a content of its own, which no frame can have from before. */
static bool step_to(struct kunit *test, unsigned int seed, size_t old,
		    size_t bytes)
{
	struct kmb_objects *held = test->priv;
	const u8 *wrong;
	void *object;

	kmb_pattern_write(held->at[0], 0, old, seed);
	object = resize(held->at[0], old, bytes, GFP_KERNEL);
	if (!KMB_EXPECT(test, 28, object,
			KMB_WHAT "kvrealloc() to %zu: expected memory, got NULL",
			old, "GFP_KERNEL", "task", bytes))
		return false;
	held->at[0] = object;
	wrong = kmb_pattern_find_wrong(object, 0, min(old, bytes), seed);
	return KMB_EXPECT(test, 28, !wrong,
			  KMB_WHAT "kvrealloc() to %zu: expected its bytes, got 0x%02x at %td",
			  old, "GFP_KERNEL", "task", bytes, *wrong,
			  wrong - (u8 *)object);
}

static void p28_kvrealloc_keeps_content(struct kunit *test)
{
	size_t i, old = 8;

	kmb_promise(test, 28);
	skip_unless_roomy(test);
	KMB_NEED_OBJECT(test, hold(test, kvmalloc(kmb_hide(old), GFP_KERNEL)), old, "GFP_KERNEL");
	for (i = 0; i < ARRAY_SIZE(steps); i++) {
		if (!step_to(test, i, old, steps[i]))
			break;
		old = steps[i];
	}
}

/* What kmalloc() served goes to vmalloc() whole, a part of a page as well. */
static void p28_kvrealloc_leaves_kmalloc(struct kunit *test)
{
	static const size_t starts[] = { 8, 100, 4097, 5000, KMALLOC_MAX_SIZE };
	size_t i;

	kmb_promise(test, 28);
	skip_unless_roomy(test);
	for (i = 0; i < ARRAY_SIZE(starts); i++) {
		KMB_NEED_OBJECT(test, hold(test, kmb_kmalloc(starts[i], GFP_KERNEL)),
				starts[i], "GFP_KERNEL");
		step_to(test, ARRAY_SIZE(steps) + i, starts[i], ABOVE);
		kmb_put(test);
	}
}

/* Times to go through all sizes; a block of one step comes to a leak. */
#define ROUNDS 2

/* Return: the pages that are gone after kvrealloc() went through all sizes. */
static long lose_by_steps(struct kunit *test)
{
	struct kmb_counters before;
	unsigned int round;
	size_t i, old;

	kmb_counters_read(&before);
	for (round = 0; round < ROUNDS; round++) {
		old = 8;
		KMB_NEED_OBJECT(test, hold(test, kvmalloc(kmb_hide(old), GFP_KERNEL)),
				old, "GFP_KERNEL");
		for (i = 0; i < ARRAY_SIZE(steps) && step_to(test, i, old, steps[i]); i++)
			old = steps[i];
		kmb_put(test);
	}
	return kmb_lost_since(&before);
}

static void p28_kvrealloc_frees_the_old(struct kunit *test)
{
	long lost;

	kmb_promise(test, 28);
	skip_unless_roomy(test);
	lost = lose_by_steps(test);
	KMB_EXPECT(test, 28, !kmb_is_lost(lost),
		   "all sizes, GFP_KERNEL, task: kvrealloc(): expected all memory back, got %ld pages less",
		   lost);
}

/* What shrinks this often, and by how much. */
#define SHRINKS 512
#define SHRINK_FROM (8 * PAGE_SIZE)
#define SHRINK_TO (2 * PAGE_SIZE)

static void shrink_vmalloc(void *unused)
{
	void *object, *less;
	unsigned int i;

	for (i = 0; i < SHRINKS; i++) {
		object = vmalloc(SHRINK_FROM);
		if (!object)
			continue;
		less = resize(object, SHRINK_FROM, SHRINK_TO, GFP_KERNEL);
		kvfree(less ?: object);
	}
}

/* A page that each leaves behind would be seen. */
static void p28_kvrealloc_loses_no_page(struct kunit *test)
{
	long lost;

	kmb_promise(test, 28);
	kmb_pages_or_skip(test);
	lost = kmb_pages_lost(SHRINK_FROM, SHRINKS / 4, shrink_vmalloc, NULL);
	KMB_EXPECT(test, 28, lost <= SHRINKS / 4,
		   "size %lu, GFP_KERNEL, task: kvrealloc() of vmalloc memory to %lu: expected all pages back, got %ld too few",
		   SHRINK_FROM, SHRINK_TO, lost);
}

/* So large that the table of its pages takes several of its own. */
#define LARGES 32

/* Pages that may be gone: fewer than such tables have, more than page tables take. */
#define SOME (2 * LARGES)

static void free_large(void *unused)
{
	unsigned int i;

	for (i = 0; i < LARGES; i++)
		kvfree(kvmalloc(kmb_hide(ABOVE), GFP_KERNEL));
}

static void p28_kvfree_loses_no_page(struct kunit *test)
{
	long lost;

	kmb_promise(test, 28);
	skip_unless_roomy(test);
	kmb_pages_or_skip(test);
	lost = kmb_pages_lost(PAGE_SIZE, SOME, free_large, NULL);
	KMB_EXPECT(test, 28, lost <= SOME,
		   "size %zu, GFP_KERNEL, task: kvfree() of vmalloc memory: expected all pages back, got %ld too few",
		   (size_t)ABOVE, lost);
}

/* Return: whether one of a handful of others is that object. */
static bool is_given_out(const void *object, size_t bytes)
{
	void *others[8];
	bool again = false;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(others); i++) {
		others[i] = kvmalloc(kmb_hide(bytes), GFP_KERNEL);
		again |= kasan_reset_tag(others[i]) == kasan_reset_tag(object);
	}
	while (i)
		kvfree(others[--i]);
	return again;
}

/* As far as vmalloc() can ever go, and more. */
#define NEVER ((size_t)INT_MAX + PAGE_SIZE)

static void p16_kvrealloc_that_fails_keeps_the_block(struct kunit *test)
{
	static const size_t starts[] = { 64, 5000, 16 * PAGE_SIZE };
	struct kmb_objects *held = test->priv;
	void *object, *result;
	bool kept;
	size_t i;

	kmb_promise(test, 16);
	for (i = 0; i < ARRAY_SIZE(starts); i++) {
		object = kvmalloc(kmb_hide(starts[i]), GFP_KERNEL);
		KMB_NEED_OBJECT(test, hold(test, object), starts[i], "GFP_KERNEL");
		memset(object, KMB_DIRT, starts[i]);
		result = resize(object, starts[i], NEVER, GFP_KERNEL);
		kept = !result && !is_given_out(object, starts[i]) &&
		       !memchr_inv(object, KMB_DIRT, starts[i]);
		/* One that is not owned any more is better lost than freed twice. */
		held->nr = kept;
		KMB_EXPECT(test, 16, kept,
			   KMB_WHAT
			   "kvrealloc() to %zu: expected NULL and the block as it was, got %s, or the block freed or changed",
			   starts[i], "GFP_KERNEL", "task", NEVER, kmb_kind_of(result));
		kvfree(result);
		kmb_put(test);
	}
}

/* Within an allocator, from one to the other, less and more by a few bytes. */
static const size_t zeroed_steps[] = {
	100, 70, 90, 5000, 4097, 5000, ABOVE, ABOVE - 40, ABOVE,
	ABOVE - 3 * PAGE_SIZE, ABOVE - 3 * PAGE_SIZE + 40, ABOVE + PAGE_SIZE,
};

/* With all calls zeroed, what comes back after it was cut off is 0. */
static void p15_kvrealloc_zeroes_growth(struct kunit *test)
{
	const gfp_t flags = GFP_KERNEL | __GFP_ZERO;
	struct kmb_objects *held = test->priv;
	const u8 *wrong = NULL;
	size_t i, old = 8;
	void *object;

	kmb_promise(test, 15);
	if (!KMB_REALLOC_ZEROES)
		kmb_skip(test,
			 "krealloc() of this kernel is documented to ignore __GFP_ZERO");
	skip_unless_roomy(test);
	KMB_NEED_OBJECT(test, hold(test, kvzalloc(kmb_hide(old), GFP_KERNEL)),
			old, "GFP_KERNEL|__GFP_ZERO");
	for (i = 0; i < ARRAY_SIZE(zeroed_steps) && !wrong; i++) {
		memset(held->at[0], KMB_DIRT, old);
		object = resize(held->at[0], old, zeroed_steps[i], flags);
		KMB_NEED_OBJECT(test, object, zeroed_steps[i], "GFP_KERNEL|__GFP_ZERO");
		held->at[0] = object;
		if (zeroed_steps[i] > old)
			wrong = memchr_inv(object + old, 0, zeroed_steps[i] - old);
		KMB_EXPECT(test, 15, !wrong,
			   KMB_WHAT "kvrealloc() to %zu: expected 0, got 0x%02x at byte %td",
			   old, "GFP_KERNEL|__GFP_ZERO", "task", zeroed_steps[i],
			   *wrong, wrong - (u8 *)object);
		old = zeroed_steps[i];
	}
}

/* A block that is lost at each step is seen. */
static void control_lost_block_is_seen(struct kunit *test)
{
	struct kmb_objects *held = test->priv;
	struct kmb_counters before;
	unsigned int round;

	skip_unless_roomy(test);
	kmb_counters_read(&before);
	for (round = 0; round < ROUNDS; round++)
		hold(test, kvmalloc(kmb_hide(ABOVE), GFP_KERNEL));
	KUNIT_EXPECT_EQ(test, held->nr, ROUNDS);
	KUNIT_EXPECT_TRUE(test, kmb_is_lost(kmb_lost_since(&before)));
}

static struct kunit_case cases[] = {
	KUNIT_CASE(p28_kvrealloc_keeps_content),
	KUNIT_CASE(p28_kvrealloc_leaves_kmalloc),
	KUNIT_CASE(p28_kvrealloc_frees_the_old),
	KUNIT_CASE(p28_kvrealloc_loses_no_page),
	KUNIT_CASE(p28_kvfree_loses_no_page),
	KUNIT_CASE(p16_kvrealloc_that_fails_keeps_the_block),
	KUNIT_CASE(p15_kvrealloc_zeroes_growth),
	KUNIT_CASE(control_lost_block_is_seen),
	{}
};

static struct kunit_suite kvrealloc_suite = {
	.name = "kmalloc_kvrealloc",
	.init = kmb_objects_init,
	.exit = kmb_objects_exit,
	.test_cases = cases,
};

kunit_test_suite(kvrealloc_suite);
