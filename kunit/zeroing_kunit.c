// SPDX-License-Identifier: GPL-2.0
/*
 * Is memory zeroed in full when it was asked for zeroed?
 *
 * Fresh memory is often zero by chance. So a handful of objects is written in
 * full and freed, and a result counts only when one of them comes back. Both
 * go through the same line of code, as a kernel may choose the slab by the
 * caller. Left out: the bytes behind the size that was asked for.
 */
#include <kunit/test.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/string_helpers.h>

#include "objects.h"
#include "promises.h"
#include "sizes.h"

/* Handfuls to try until an object comes back. */
#define TRIES 8

#define DIRT 0xa5

static noinline void *by_flag(size_t bytes, gfp_t flags)
{
	return kmalloc(bytes, flags | __GFP_ZERO);
}

static noinline void *by_kzalloc(size_t bytes, gfp_t flags)
{
	return kzalloc(bytes, flags);
}

static noinline void *by_kcalloc(size_t bytes, gfp_t flags)
{
	return kcalloc(bytes, 1, flags);
}

/* What gives zeroed memory to flags that do not ask for it. */
static const struct zeroing {
	const char *name;
	void *(*alloc)(size_t bytes, gfp_t flags);
} zeroings[] = {
	{ .name = "kmalloc(__GFP_ZERO)", .alloc = by_flag },
	{ .name = "kzalloc()", .alloc = by_kzalloc },
	{ .name = "kcalloc()", .alloc = by_kcalloc },
};

static void report_init(struct kunit *test)
{
	if (test->param_index <= KMB_FIRST_PARAM)
		kunit_info(test, "init_on_alloc is %s, init_on_free is %s\n",
			   str_on_off(want_init_on_alloc(0)),
			   str_on_off(want_init_on_free()));
}

static void skip_if_always_zeroed(struct kunit *test)
{
	if (want_init_on_alloc(0))
		kmb_skip(test,
			 "init_on_alloc is on: without the flag memory is zeroed, too; boot with init_on_alloc=0");
	if (want_init_on_free())
		kmb_skip(test,
			 "init_on_free is on: no dirt stays in freed memory; boot with init_on_free=0");
}

/* Write a handful in full, free it, and tell which objects it was. */
static void dirty(struct kunit *test,
		  void *(*alloc)(size_t bytes, gfp_t flags),
		  size_t bytes, gfp_t flags, struct kmb_objects *were)
{
	unsigned int i;

	*were = *kmb_take(test, alloc, bytes, flags, "flags of the dirt");
	for (i = 0; i < were->nr; i++)
		memset(were->at[i], DIRT, bytes);
	kmb_put(test);
}

static bool is_among(const void *object, const struct kmb_objects *were)
{
	unsigned int i;

	for (i = 0; i < were->nr; i++)
		if (kasan_reset_tag(were->at[i]) == kasan_reset_tag(object))
			return true;
	return false;
}

static const u8 *find_dirt(const struct kmb_objects *held, unsigned int i)
{
	return memchr_inv(held->at[i], 0, held->bytes);
}

static void expect_zeroed(struct kunit *test, const struct kmb_objects *held,
			  const char *by)
{
	const u8 *wrong;
	unsigned int i;

	for (i = 0; i < held->nr; i++) {
		wrong = find_dirt(held, i);
		if (!KMB_EXPECT_OF(test, 12, held, !wrong,
				   "%s: expected 0, got 0x%02x at byte %td",
				   by, *wrong,
				   wrong - (u8 *)held->at[i]))
			break;
	}
}

static unsigned int count_back(const struct kmb_objects *held,
			       const struct kmb_objects *were)
{
	unsigned int i, back = 0;

	for (i = 0; i < held->nr; i++)
		back += is_among(held->at[i], were);
	return back;
}

static unsigned int count_dirty(const struct kmb_objects *held)
{
	unsigned int i, dirty = 0;

	for (i = 0; i < held->nr; i++)
		dirty += !!find_dirt(held, i);
	return dirty;
}

/* Return: whether an object that had been dirty was among the zeroed ones. */
static bool check_zeroing(struct kunit *test, const struct zeroing *how,
			  size_t bytes, const struct kmb_gfp *gfp)
{
	gfp_t flags = gfp->flags & ~__GFP_ZERO;
	const struct kmb_objects *held;
	unsigned int try, back = 0;
	struct kmb_objects were;

	for (try = 0; try < TRIES && !back; try++) {
		dirty(test, how->alloc, bytes, flags, &were);
		held = kmb_take(test, how->alloc, bytes, flags, gfp->name);
		expect_zeroed(test, held, how->name);
		back = count_back(held, &were);
		kmb_put(test);
	}
	return back;
}

static void check_each_zeroing(struct kunit *test, size_t bytes,
			       const struct kmb_gfp *gfp)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(zeroings); i++)
		if (!check_zeroing(test, &zeroings[i], bytes, gfp))
			kmb_skip(test, "%s, %s: no object that was freed came back",
				   gfp->name, zeroings[i].name);
}

static void p12_zeroed_in_full(struct kunit *test)
{
	size_t bytes, i;

	kmb_promise(test, 12);
	report_init(test);
	bytes = kmb_size_of(test);
	skip_if_always_zeroed(test);
	for (i = 0; i < ARRAY_SIZE(kmb_gfps); i++)
		if (kmb_gfps[i].flags & __GFP_ZERO)
			check_each_zeroing(test, bytes, &kmb_gfps[i]);
}

/* Without the flag the dirt has to be there, or p12 proves nothing. */
static void control_dirt_stays_without_zeroing(struct kunit *test)
{
	unsigned int try, back = 0, found = 0;
	const struct kmb_objects *held;
	struct kmb_objects were;
	size_t bytes;

	bytes = kmb_size_of(test);
	skip_if_always_zeroed(test);
	for (try = 0; try < TRIES && !found; try++) {
		dirty(test, kmb_kmalloc, bytes, GFP_KERNEL, &were);
		held = kmb_take(test, kmb_kmalloc, bytes, GFP_KERNEL, "GFP_KERNEL");
		back = count_back(held, &were);
		found = back ? count_dirty(held) : 0;
		kmb_put(test);
	}
	if (!back)
		kmb_skip(test, "no object that was freed came back");
	KUNIT_EXPECT_GT(test, found, 0);
}

/* One byte is enough, wherever it is. */
static void control_one_byte_is_seen(struct kunit *test)
{
	const size_t bytes = 2 * PAGE_SIZE;
	const struct kmb_objects *held;
	size_t at;

	held = kmb_take(test, kmb_kmalloc, bytes, GFP_KERNEL, "GFP_KERNEL");
	KUNIT_ASSERT_GT(test, held->nr, 0);
	memset(held->at[0], 0, bytes);
	KUNIT_EXPECT_PTR_EQ(test, find_dirt(held, 0), (const u8 *)NULL);
	for (at = bytes - 1; at; at /= 2) {
		((u8 *)held->at[0])[at] = 1;
		KUNIT_EXPECT_PTR_EQ(test, find_dirt(held, 0),
				    (const u8 *)held->at[0] + at);
	}
}

static struct kunit_case cases[] = {
	KUNIT_CASE_PARAM(p12_zeroed_in_full, kmb_every_size),
	KUNIT_CASE_PARAM(control_dirt_stays_without_zeroing, kmb_every_size),
	KUNIT_CASE(control_one_byte_is_seen),
	{}
};

static struct kunit_suite zeroing_suite = {
	.name = "kmalloc_zeroing",
	.init = kmb_objects_init,
	.exit = kmb_objects_exit,
	.test_cases = cases,
};

kunit_test_suite(zeroing_suite);
