// SPDX-License-Identifier: GPL-2.0
/*
 * Does each object have its memory for itself, from the first byte that was
 * asked for to the last?
 *
 * A handful is held at once and written in full, then read back. Left out:
 * the bytes behind the size that was asked for, and leaks.
 */
#include <kunit/test.h>
#include <linux/slab.h>

#include "objects.h"
#include "promises.h"
#include "sizes.h"

static void check_patterns(struct kunit *test, const struct kmb_objects *held)
{
	const u8 *wrong;
	unsigned int i;

	kmb_fill(held);
	for (i = 0; i < held->nr; i++) {
		wrong = kmb_find_foreign(held, i);
		if (!KMB_EXPECT_OF(test, 39, held, !wrong,
				   "object %u of %u: expected its own pattern, got 0x%02x at byte %td",
				   i, held->nr, *wrong,
				   wrong - (u8 *)held->at[i]))
			break;
	}
}

static void p39_full_writes_stay_apart(struct kunit *test)
{
	kmb_promise(test, 39);
	kmb_each_gfp_around(test, kmb_size_of(test), check_patterns);
}

static void expect_one_byte_seen(struct kunit *test,
				 const struct kmb_objects *held, size_t at)
{
	u8 *byte = (u8 *)held->at[0] + at;

	kmb_fill(held);
	KUNIT_EXPECT_PTR_EQ(test, kmb_find_foreign(held, 0), (const u8 *)NULL);
	*byte ^= 0x80;
	KUNIT_EXPECT_PTR_EQ(test, kmb_find_foreign(held, 0), (const u8 *)byte);
}

/* One byte of another object, even the first or the last one, is seen. */
static void control_overlap_is_seen(struct kunit *test)
{
	const size_t bytes = PAGE_SIZE + 8;
	const struct kmb_objects *held;

	held = kmb_take(test, kmb_kmalloc, bytes, GFP_KERNEL, "GFP_KERNEL");
	KUNIT_ASSERT_GT(test, held->nr, 0);
	expect_one_byte_seen(test, held, 0);
	expect_one_byte_seen(test, held, bytes / 2);
	expect_one_byte_seen(test, held, bytes - 1);
}

/* An object that is held twice is seen: the second pattern hides the first. */
static void control_object_given_twice_is_seen(struct kunit *test)
{
	const struct kmb_objects *held;
	struct kmb_objects twice;

	held = kmb_take(test, kmb_kmalloc, 64, GFP_KERNEL, "GFP_KERNEL");
	KUNIT_ASSERT_GT(test, held->nr, 1);
	twice = *held;
	twice.at[1] = twice.at[0];
	kmb_fill(&twice);
	KUNIT_EXPECT_PTR_EQ(test, kmb_find_foreign(&twice, 0),
			    (const u8 *)twice.at[0]);
}

static struct kunit_case cases[] = {
	KUNIT_CASE_PARAM(p39_full_writes_stay_apart, kmb_every_size),
	KUNIT_CASE(control_overlap_is_seen),
	KUNIT_CASE(control_object_given_twice_is_seen),
	{}
};

static struct kunit_suite overlap_suite = {
	.name = "kmalloc_overlap",
	.init = kmb_objects_init,
	.exit = kmb_objects_exit,
	.test_cases = cases,
};

kunit_test_suite(overlap_suite);
