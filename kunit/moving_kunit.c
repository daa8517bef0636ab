// SPDX-License-Identifier: GPL-2.0
/*
 * Does krealloc() move an object that has to move, and only that?
 *
 * It has to where the object is too small or not aligned as asked for. Left
 * out: the node that is asked for, which takes a machine with several.
 */
#include <kunit/test.h>
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/slab.h>

#include "objects.h"
#include "pattern.h"
#include "promises.h"
#include "sizes.h"

/* Objects at a time, of which some lie at odd multiples of their size. */
#define HANDFUL 16

/* To shrink within the class is to become a size of a larger alignment. */
static const struct realigned {
	size_t from;
	size_t to;
} realigned[] = { { 96, 64 }, { 192, 128 } };

static bool is_aligned(const void *object, size_t to)
{
	return IS_ALIGNED((unsigned long)kasan_reset_tag(object), to);
}

static unsigned int count_misaligned(const struct kmb_objects *held, size_t to)
{
	unsigned int i, nr = 0;

	for (i = 0; i < held->nr; i++)
		nr += !is_aligned(held->at[i], to);
	return nr;
}

/* Hold a handful. Return: how many are not aligned to the size to be. */
static unsigned int take_misaligned(struct kunit *test, const struct realigned *row)
{
	struct kmb_objects *held = test->priv;
	void *object;

	while (held->nr < HANDFUL) {
		object = kmb_kmalloc(row->from, GFP_KERNEL);
		KMB_NEED_OBJECT(test, object, row->from, "GFP_KERNEL");
		kmb_pattern_write(object, 0, row->to, held->nr);
		held->at[held->nr++] = object;
	}
	return count_misaligned(held, row->to);
}

static void *realign(void *object, size_t bytes)
{
	return kmb_krealloc_aligned(object, kmb_hide(bytes), bytes, GFP_KERNEL);
}

static void expect_aligned(struct kunit *test, unsigned int i,
			   const struct realigned *row)
{
	struct kmb_objects *held = test->priv;
	void *object = realign(held->at[i], row->to);
	const u8 *wrong;

	KMB_NEED_OBJECT(test, object, row->to, "GFP_KERNEL");
	held->at[i] = object;
	KMB_EXPECT(test, 45, is_aligned(object, row->to),
		   KMB_WHAT "to %zu: expected that alignment, got %lu bytes past it",
		   row->from, "GFP_KERNEL", "task", row->to,
		   (unsigned long)object & (row->to - 1));
	wrong = kmb_pattern_find_wrong(object, 0, row->to, i);
	KMB_EXPECT(test, 45, !wrong,
		   KMB_WHAT "aligned to %zu: expected its bytes, got 0x%02x at byte %td",
		   row->from, "GFP_KERNEL", "task", row->to, *wrong, wrong - (u8 *)object);
}

static void p45_alignment_is_honoured(struct kunit *test)
{
	unsigned int misaligned = 0, i;
	size_t row;

	kmb_promise(test, 45);
	if (!KMB_REALLOC_ALIGNS)
		kmb_skip(test, "this kernel has no krealloc_node_align()");
	for (row = 0; row < ARRAY_SIZE(realigned); row++) {
		misaligned += take_misaligned(test, &realigned[row]);
		for (i = 0; i < HANDFUL; i++)
			expect_aligned(test, i, &realigned[row]);
		kmb_put(test);
	}
	if (!misaligned)
		kmb_skip(test, "all objects are aligned to more than their size asks for");
}

/* What lies off the middle of an aligned object is seen. */
static void control_misaligned_object_is_seen(struct kunit *test)
{
	struct kmb_objects *held = test->priv;
	u8 *object;

	object = kmb_kmalloc(128, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, object);
	held->at[held->nr++] = object;
	KUNIT_EXPECT_TRUE(test, is_aligned(object, 128));
	KUNIT_EXPECT_FALSE(test, is_aligned(object + 64, 128));
}

static bool is_moved(const void *object, const void *before)
{
	return kasan_reset_tag(object) != before;
}

/* Resize the object that is held. Return: whether it is elsewhere now. */
static bool moves(struct kunit *test, size_t bytes)
{
	struct kmb_objects *held = test->priv;
	void *before = kasan_reset_tag(held->at[0]);
	void *object = kmb_krealloc(held->at[0], bytes, GFP_KERNEL);

	KMB_NEED_OBJECT(test, object, bytes, "GFP_KERNEL");
	held->at[0] = object;
	return is_moved(object, before);
}

static bool take_one(struct kunit *test, size_t bytes)
{
	struct kmb_objects *held = test->priv;

	held->at[0] = kmb_kmalloc(bytes, GFP_KERNEL | __GFP_NOWARN);
	held->nr = !!held->at[0];
	if (kmb_has_plenty(numa_mem_id(), bytes, GFP_KERNEL))
		KMB_NEED_OBJECT(test, held->nr, bytes, "GFP_KERNEL");
	return held->nr;
}

static void p46_what_fits_stays(struct kunit *test)
{
	struct kmb_objects *held = test->priv;
	size_t bytes, room;

	kmb_promise(test, 46);
	bytes = kmb_size_of(test);
	if (!take_one(test, bytes))
		kmb_skip(test, "few free blocks of %zu bytes", bytes);
	room = ksize(held->at[0]);
	KMB_EXPECT(test, 46, !moves(test, room),
		   KMB_WHAT "krealloc() to ksize(), %zu: expected the same object, got another",
		   bytes, "GFP_KERNEL", "task", room);
	KMB_EXPECT(test, 46, !moves(test, DIV_ROUND_UP(bytes, 2)),
		   KMB_WHAT "krealloc() to half: expected the same object, got another",
		   bytes, "GFP_KERNEL", "task");
}

static bool may_grow(size_t bytes)
{
	return bytes <= KMALLOC_MAX_SIZE / 4;
}

static KMB_GENERATOR(sizes_that_may_grow)
{
	return kmb_next_size(prev, desc, may_grow);
}

/* What does not fit is elsewhere, while the object still is where it was. */
static void control_move_is_seen(struct kunit *test)
{
	struct kmb_objects *held = test->priv;

	if (!take_one(test, kmb_size_of(test)))
		kmb_skip(test, "few free blocks");
	KUNIT_EXPECT_TRUE(test, moves(test, ksize(held->at[0]) + 1));
}

static struct kunit_case cases[] = {
	KUNIT_CASE(p45_alignment_is_honoured),
	KUNIT_CASE_PARAM(p46_what_fits_stays, kmb_every_size),
	KUNIT_CASE(control_misaligned_object_is_seen),
	KUNIT_CASE_PARAM(control_move_is_seen, sizes_that_may_grow),
	{}
};

static struct kunit_suite moving_suite = {
	.name = "kmalloc_moving",
	.init = kmb_objects_init,
	.exit = kmb_objects_exit,
	.test_cases = cases,
};

kunit_test_suite(moving_suite);
