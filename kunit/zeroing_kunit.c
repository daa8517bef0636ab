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
#include <linux/slab.h>
#include <linux/string.h>

#include "dirt.h"
#include "objects.h"
#include "promises.h"
#include "recycle.h"
#include "sizes.h"

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

static noinline void *by_kzalloc_node(size_t bytes, gfp_t flags)
{
	return kzalloc_node(bytes, flags, NUMA_NO_NODE);
}

static noinline void *by_kcalloc_node(size_t bytes, gfp_t flags)
{
	return kcalloc_node(1, bytes, flags, NUMA_NO_NODE);
}

static noinline void *by_kzalloc_here(size_t bytes, gfp_t flags)
{
	return kzalloc_node(bytes, flags, numa_mem_id());
}

/* Constants take another path, which the rows of a table cannot. */
static noinline void *by_constant(size_t bytes, gfp_t flags)
{
	switch (bytes) {
	case 8:
		return kzalloc(8, flags);
	case 96:
		return kzalloc(96, flags);
	case 1024:
		return kzalloc(1024, flags);
	case 8193:
		return kzalloc(8193, flags);
	default:
		return kzalloc(bytes, flags);
	}
}

static noinline void *by_constant_node(size_t bytes, gfp_t flags)
{
	switch (bytes) {
	case 8:
		return kzalloc_node(8, flags, NUMA_NO_NODE);
	case 96:
		return kzalloc_node(96, flags, NUMA_NO_NODE);
	case 1024:
		return kzalloc_node(1024, flags, NUMA_NO_NODE);
	case 8193:
		return kzalloc_node(8193, flags, NUMA_NO_NODE);
	default:
		return kzalloc_node(bytes, flags, NUMA_NO_NODE);
	}
}

/* What gives zeroed memory to flags that do not ask for it. */
static const struct zeroing {
	const char *name;
	void *(*alloc)(size_t bytes, gfp_t flags);
} zeroings[] = {
	{ .name = "kmalloc(__GFP_ZERO)", .alloc = by_flag },
	{ .name = "kzalloc()", .alloc = by_kzalloc },
	{ .name = "kcalloc()", .alloc = by_kcalloc },
	{ .name = "kzalloc_node()", .alloc = by_kzalloc_node },
	{ .name = "kcalloc_node()", .alloc = by_kcalloc_node },
	{ .name = "kzalloc_node() of this node", .alloc = by_kzalloc_here },
	{ .name = "kzalloc() of a constant", .alloc = by_constant },
	{ .name = "kzalloc_node() of a constant", .alloc = by_constant_node },
};

static void expect_zeroed(struct kunit *test, const struct kmb_objects *held,
			  const char *by)
{
	const u8 *wrong;
	unsigned int i;

	for (i = 0; i < held->nr; i++) {
		wrong = kmb_find_dirt(held, i);
		if (!KMB_EXPECT_OF(test, 12, held, !wrong,
				   "%s: expected 0, got 0x%02x at byte %td",
				   by, *wrong,
				   wrong - (u8 *)held->at[i]))
			break;
	}
}

static unsigned int count_dirty(const struct kmb_objects *held)
{
	unsigned int i, dirty = 0;

	for (i = 0; i < held->nr; i++)
		dirty += !!kmb_find_dirt(held, i);
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

	for (try = 0; try < KMB_TRIES && !back; try++) {
		kmb_dirty(test, how->alloc, bytes, flags, &were);
		held = kmb_take(test, how->alloc, bytes, flags, gfp->name);
		expect_zeroed(test, held, how->name);
		back = kmb_count_back(held, &were);
		kmb_put(test);
	}
	return back;
}

/* Large objects take time: the first three ways. */
static void check_each_zeroing(struct kunit *test, size_t bytes,
			       const struct kmb_gfp *gfp)
{
	size_t i, nr = bytes > SZ_64K ? 3 : ARRAY_SIZE(zeroings);

	for (i = 0; i < nr; i++)
		if (!check_zeroing(test, &zeroings[i], bytes, gfp))
			kmb_skip(test, "%s, %s: no object that was freed came back",
				 gfp->name, zeroings[i].name);
}

static void p12_zeroed_in_full(struct kunit *test)
{
	size_t bytes, i;

	kmb_promise(test, 12);
	kmb_dirt_report(test);
	bytes = kmb_size_of(test);
	kmb_flag_or_skip(test);
	for (i = 0; i < ARRAY_SIZE(kmb_gfps); i++)
		if (kmb_gfps[i].flags & __GFP_ZERO)
			check_each_zeroing(test, bytes, &kmb_gfps[i]);
}

/* Flags that choose another cache for the same size. */
static const struct kmb_gfp others[] = {
	KMB_GFP_ZERO(GFP_KERNEL_ACCOUNT, "charged"),
	KMB_GFP_ZERO(GFP_KERNEL | __GFP_RECLAIMABLE, "reclaimable"),
};

static void p12_zeroed_from_other_caches(struct kunit *test)
{
	size_t bytes, i;

	kmb_promise(test, 12);
	bytes = kmb_size_of(test);
	kmb_flag_or_skip(test);
	for (i = 0; i < ARRAY_SIZE(others); i++)
		if (!check_zeroing(test, &zeroings[0], bytes, &others[i]))
			kmb_skip(test, "%s: no object that was freed came back",
				 others[i].name);
}

/* Without the flag the dirt has to be there, or p12 proves nothing. */
static void control_dirt_stays_without_zeroing(struct kunit *test)
{
	unsigned int try, back = 0, found = 0;
	const struct kmb_objects *held;
	struct kmb_objects were;
	size_t bytes;

	bytes = kmb_size_of(test);
	kmb_dirt_or_skip(test);
	for (try = 0; try < KMB_TRIES && !found; try++) {
		kmb_dirty(test, kmb_kmalloc, bytes, GFP_KERNEL, &were);
		held = kmb_take(test, kmb_kmalloc, bytes, GFP_KERNEL, "GFP_KERNEL");
		back = kmb_count_back(held, &were);
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
	KUNIT_EXPECT_PTR_EQ(test, kmb_find_dirt(held, 0), (const u8 *)NULL);
	for (at = bytes - 1; at; at /= 2) {
		((u8 *)held->at[0])[at] = 1;
		KUNIT_EXPECT_PTR_EQ(test, kmb_find_dirt(held, 0),
				    (const u8 *)held->at[0] + at);
	}
}

static struct kunit_case cases[] = {
	KUNIT_CASE_PARAM(p12_zeroed_in_full, kmb_every_size),
	KUNIT_CASE_PARAM(p12_zeroed_from_other_caches, kmb_every_slab_size),
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
