// SPDX-License-Identifier: GPL-2.0
/*
 * Is the address aligned as promised?
 *
 * Left out: the alignment of sizes that are no power of two, which older
 * kernels do not promise, and where in a slab a debug option moves objects
 * to: the promises hold with any of them.
 */
#include <kunit/test.h>
#include <linux/log2.h>
#include <linux/slab.h>

#include "objects.h"
#include "promises.h"
#include "sizes.h"

static bool is_pow2(size_t bytes)
{
	return is_power_of_2(bytes);
}

static KMB_GENERATOR(powers_of_two)
{
	return kmb_next_size(prev, desc, is_pow2);
}

/* The largest power of two that divides an address. */
static noinline size_t alignment_of(const void *object)
{
	unsigned long address = (unsigned long)object;

	OPTIMIZER_HIDE_VAR(address);
	return address & -address;
}

static void expect_alignment(struct kunit *test, unsigned int nr, size_t least,
			     const struct kmb_objects *held)
{
	unsigned int i;

	for (i = 0; i < held->nr; i++)
		if (!KMB_EXPECT_OF(test, nr, held, alignment_of(held->at[i]) >= least,
				   "expected alignment %zu, got %zu",
				   least,
				   alignment_of(held->at[i])))
			break;
}

static void check_minalign(struct kunit *test, const struct kmb_objects *held)
{
	expect_alignment(test, 1, ARCH_KMALLOC_MINALIGN, held);
}

static void check_natural(struct kunit *test, const struct kmb_objects *held)
{
	expect_alignment(test, 2, held->bytes, held);
}

static void p1_aligned_to_minalign(struct kunit *test)
{
	kmb_promise(test, 1);
	kmb_each_gfp_around(test, kmb_size_of(test), check_minalign);
}

static void p2_power_of_two_is_aligned_to_itself(struct kunit *test)
{
	kmb_promise(test, 2);
	kmb_each_gfp(test, kmb_size_of(test), check_natural);
}

/* A misaligned address has to be seen, whatever the compiler believes. */
static void control_misaligned_pointer_is_seen(struct kunit *test)
{
	const struct kmb_objects *held;
	const void *page;
	size_t off;

	held = kmb_take(test, kmb_kmalloc, 2 * PAGE_SIZE, GFP_KERNEL,
			"GFP_KERNEL");
	KUNIT_ASSERT_GT(test, held->nr, 0);
	page = PTR_ALIGN(held->at[0], PAGE_SIZE);
	for (off = 1; off < PAGE_SIZE; off *= 2)
		KUNIT_EXPECT_EQ(test, off, alignment_of(page + off));
}

static struct kunit_case cases[] = {
	KUNIT_CASE_PARAM(p1_aligned_to_minalign, kmb_every_size),
	KUNIT_CASE_PARAM(p2_power_of_two_is_aligned_to_itself, powers_of_two),
	KUNIT_CASE(control_misaligned_pointer_is_seen),
	{}
};

static struct kunit_suite alignment_suite = {
	.name = "kmalloc_alignment",
	.init = kmb_objects_init,
	.exit = kmb_objects_exit,
	.test_cases = cases,
};

kunit_test_suite(alignment_suite);
