// SPDX-License-Identifier: GPL-2.0
/*
 * Does kmalloc_size_roundup() tell the truth about the room of an object?
 *
 * Left out: writing more bytes than were asked for, which is nobody's right;
 * what was rounded up is asked for first.
 */
#include <kunit/test.h>
#include <linux/kfence.h>
#include <linux/mm.h>
#include <linux/slab.h>

#include "objects.h"
#include "promises.h"
#include "sizes.h"

typedef size_t round_fn(size_t bytes);

static size_t rounded(size_t bytes)
{
	return kmalloc_size_roundup(kmb_hide(bytes));
}

/* Return: whether a way to round is a roundup at that size. */
static bool is_roundup(round_fn *round, size_t bytes)
{
	size_t room = round(bytes);

	if (!bytes)
		return !room;
	return room >= bytes && round(room) == room;
}

static bool expect_roundup(struct kunit *test, size_t bytes)
{
	return KMB_EXPECT(test, 10, is_roundup(rounded, bytes),
			  "size %zu, no flags, task: expected at least that and its own roundup (0 of 0), got %zu and of it %zu",
			  bytes, rounded(bytes), rounded(rounded(bytes)));
}

static void p10_rounds_up_each_slab_size(struct kunit *test)
{
	size_t bytes;

	kmb_promise(test, 10);
	for (bytes = 0; bytes <= KMALLOC_MAX_CACHE_SIZE + 2; bytes++)
		if (!expect_roundup(test, bytes))
			break;
}

static void p10_rounds_up_size(struct kunit *test)
{
	size_t bytes;

	kmb_promise(test, 10);
	bytes = kmb_size_of(test);
	expect_roundup(test, bytes - 1);
	expect_roundup(test, bytes);
	expect_roundup(test, bytes + 1);
}

/* Sizes that no object has. */
static const struct huge {
	size_t bytes;
	const char *name;
} huges[] = {
	{ KMALLOC_MAX_SIZE + 1,		"KMALLOC_MAX_SIZE + 1" },
	{ KMALLOC_MAX_SIZE * 2,		"KMALLOC_MAX_SIZE * 2" },
	{ SIZE_MAX / 2,			"SIZE_MAX / 2" },
	{ SIZE_MAX / 2 + 2,		"SIZE_MAX / 2 + 2" },
	{ SIZE_MAX - 1,			"SIZE_MAX - 1" },
	{ SIZE_MAX,			"SIZE_MAX" },
};

static void name_huge(const struct huge *row, char *desc)
{
	strscpy(desc, row->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(huge, huges, name_huge);

static void p10_never_less_than_huge_size(struct kunit *test)
{
	const struct huge *row = test->param_value;

	kmb_promise(test, 10);
	if (!KMB_ROUNDUP_KEEPS_HUGE && row->bytes > SIZE_MAX / 2 + 1 &&
	    row->bytes != SIZE_MAX)
		kmb_skip(test, "the roundup of such a size overflows in this kernel");
	expect_roundup(test, row->bytes);
	if (KMB_ROUNDUP_KEEPS_HUGE)
		KMB_EXPECT(test, 10, rounded(row->bytes) == row->bytes,
			   "size %zu, no flags, task: expected that, got %zu",
			   row->bytes, rounded(row->bytes));
	else if (row->bytes != SIZE_MAX)
		KMB_EXPECT(test, 10, rounded(row->bytes) == PAGE_SIZE << get_order(row->bytes),
			   "size %zu, no flags, task: expected %lu, got %zu", row->bytes,
			   PAGE_SIZE << get_order(row->bytes), rounded(row->bytes));
}

/* What was rounded up can be had, and is used to the last byte. */
static void check_room(struct kunit *test, const struct kmb_objects *held)
{
	const u8 *wrong;
	unsigned int i;

	kmb_fill(held);
	for (i = 0; i < held->nr; i++) {
		wrong = kmb_find_foreign(held, i);
		if (!KMB_EXPECT_OF(test, 10, held, !wrong,
				   "object %u: expected its own pattern, got 0x%02x at byte %td",
				   i, *wrong, wrong - (u8 *)held->at[i]))
			break;
		if (!KMB_EXPECT_OF(test, 10, held, ksize(held->at[i]) >= held->bytes,
				   "object %u: expected ksize() of at least that, got %zu",
				   i, ksize(held->at[i])))
			break;
	}
}

static void p10_rounded_size_is_usable(struct kunit *test)
{
	kmb_promise(test, 10);
	kmb_each_gfp(test, rounded(kmb_size_of(test)), check_room);
}

/* KFENCE gives as many bytes as were asked for. */
static bool has_room(const void *object, size_t bytes, round_fn *round)
{
	return is_kfence_address(object) || ksize(object) == round(bytes);
}

static void check_ksize(struct kunit *test, const struct kmb_objects *held)
{
	unsigned int i;

	for (i = 0; i < held->nr; i++)
		if (!KMB_EXPECT_OF(test, 11, held,
				   has_room(held->at[i], held->bytes, rounded),
				   "expected ksize() %zu as rounded up, got %zu",
				   rounded(held->bytes), ksize(held->at[i])))
			break;
}

static void p11_ksize_is_rounded_size(struct kunit *test)
{
	kmb_promise(test, 11);
	kmb_each_gfp_around(test, kmb_size_of(test), check_ksize);
}

static void p11_ksize_is_rounded_slab_size(struct kunit *test)
{
	bool kept = true;
	size_t bytes;
	void *object;

	kmb_promise(test, 11);
	for (bytes = 1; kept && bytes <= KMALLOC_MAX_CACHE_SIZE + 2; bytes++) {
		object = kmb_kmalloc(bytes, GFP_KERNEL);
		KMB_NEED_OBJECT(test, object, bytes, "GFP_KERNEL");
		kept = KMB_EXPECT(test, 11, has_room(object, bytes, rounded),
				  "size %zu, GFP_KERNEL, task: expected ksize() %zu as rounded up, got %zu",
				  bytes, rounded(bytes), ksize(object));
		kfree(object);
	}
}

static size_t round_to_less(size_t bytes)
{
	return bytes & ~7UL;
}

static size_t round_on_and_on(size_t bytes)
{
	return bytes ? bytes + 8 : 0;
}

static size_t round_nothing_up(size_t bytes)
{
	return ALIGN(bytes + !bytes, 8);
}

/* One fault each: too small, no end, an object from nothing. */
static void control_wrong_roundup_is_seen(struct kunit *test)
{
	const struct kmb_objects *held;

	KUNIT_EXPECT_TRUE(test, is_roundup(rounded, 100));
	KUNIT_EXPECT_FALSE(test, is_roundup(round_to_less, 100));
	KUNIT_EXPECT_FALSE(test, is_roundup(round_on_and_on, 100));
	KUNIT_EXPECT_FALSE(test, is_roundup(round_nothing_up, 0));
	held = kmb_take(test, kmb_kmalloc, 2 * KMALLOC_MAX_CACHE_SIZE,
			GFP_KERNEL, "GFP_KERNEL");
	KUNIT_ASSERT_GT(test, held->nr, 0);
	KUNIT_EXPECT_TRUE(test, has_room(held->at[0], held->bytes, rounded));
	KUNIT_EXPECT_FALSE(test, has_room(held->at[0], held->bytes,
					  round_on_and_on));
}

static struct kunit_case cases[] = {
	KUNIT_CASE(p10_rounds_up_each_slab_size),
	KUNIT_CASE_PARAM(p10_rounds_up_size, kmb_every_size),
	KUNIT_CASE_PARAM(p10_never_less_than_huge_size, huge_gen_params),
	KUNIT_CASE_PARAM(p10_rounded_size_is_usable, kmb_every_size),
	KUNIT_CASE_PARAM(p11_ksize_is_rounded_size, kmb_every_size),
	KUNIT_CASE(p11_ksize_is_rounded_slab_size),
	KUNIT_CASE(control_wrong_roundup_is_seen),
	{}
};

static struct kunit_suite roundup_suite = {
	.name = "kmalloc_roundup",
	.init = kmb_objects_init,
	.exit = kmb_objects_exit,
	.test_cases = cases,
};

kunit_test_suite(roundup_suite);
