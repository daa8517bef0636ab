// SPDX-License-Identifier: GPL-2.0
/*
 * Is the address aligned as promised?
 *
 * Left out: where in a slab a debug option moves objects to: the promises
 * hold with any of them.
 */
#include <kunit/test.h>
#include <linux/log2.h>
#include <linux/sizes.h>
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

/* The largest power of two that divides a size. */
static size_t divisor_of(size_t bytes)
{
	return bytes & -bytes;
}

static void check_divisor(struct kunit *test, const struct kmb_objects *held)
{
	expect_alignment(test, 3, divisor_of(held->bytes), held);
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

/* The compiler chooses the class of these, and does not look at a table. */
static noinline void *take_constant(size_t bytes, gfp_t flags)
{
	switch (bytes) {
	case 8:
		return kmalloc(8, flags);
	case 16:
		return kmalloc(16, flags);
	case 32:
		return kmalloc(32, flags);
	case 64:
		return kmalloc(64, flags);
	case 128:
		return kmalloc(128, flags);
	case 256:
		return kmalloc(256, flags);
	case 512:
		return kmalloc(512, flags);
	case 1024:
		return kmalloc(1024, flags);
	case 2048:
		return kmalloc(2048, flags);
	case 4096:
		return kmalloc(4096, flags);
	case 8192:
		return kmalloc(8192, flags);
	case 16384:
		return kmalloc(16384, flags);
	default:
		return kmb_kmalloc(bytes, flags);
	}
}

static bool is_constant(size_t bytes)
{
	return is_power_of_2(bytes) && bytes <= SZ_16K;
}

static KMB_GENERATOR(constant_sizes)
{
	return kmb_next_size(prev, desc, is_constant);
}

static void p2_constant_power_of_two_is_aligned_to_itself(struct kunit *test)
{
	size_t bytes;

	kmb_promise(test, 2);
	bytes = kmb_size_of(test);
	check_natural(test, kmb_take_some(test, take_constant, bytes, GFP_KERNEL,
					  "GFP_KERNEL, a constant size"));
	kmb_put(test);
}

/* Of an order that the table of sizes may not have. */
static void p2_largest_block_is_aligned_to_itself(struct kunit *test)
{
	kmb_promise(test, 2);
	check_natural(test, kmb_take_some(test, kmb_kmalloc, KMALLOC_MAX_SIZE, GFP_KERNEL,
					  "GFP_KERNEL"));
}

static void skip_unless_divisor_counts(struct kunit *test)
{
	if (!KMB_ALIGNS_TO_DIVISOR)
		kmb_skip(test, "this kernel promises only powers of two an alignment");
}

static void p3_other_size_is_aligned_to_its_divisor(struct kunit *test)
{
	kmb_promise(test, 3);
	skip_unless_divisor_counts(test);
	kmb_each_gfp_around(test, kmb_size_of(test), check_divisor);
}

/* With pages of 4 KiB all that have a divisor above the least alignment. */
static void p3_each_slab_size_is_aligned_to_its_divisor(struct kunit *test)
{
	const size_t step = max_t(size_t, KMALLOC_MAX_CACHE_SIZE / 1024, 8);
	size_t bytes;

	kmb_promise(test, 3);
	skip_unless_divisor_counts(test);
	for (bytes = step; bytes <= KMALLOC_MAX_CACHE_SIZE; bytes += step) {
		check_divisor(test, kmb_take_some(test, kmb_kmalloc, bytes,
						  GFP_KERNEL, "GFP_KERNEL"));
		kmb_put(test);
	}
}

/* Three quarters of a block: the largest divisor that is not the size. */
static void p3_three_quarters_are_aligned_to_a_quarter(struct kunit *test)
{
	size_t bytes;

	kmb_promise(test, 3);
	skip_unless_divisor_counts(test);
	for (bytes = 24; bytes <= KMALLOC_MAX_SIZE; bytes *= 2) {
		check_divisor(test, kmb_take_some(test, kmb_kmalloc, bytes,
						  GFP_KERNEL, "GFP_KERNEL"));
		kmb_put(test);
	}
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

static void control_divisor_is_found(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, divisor_of(1), 1);
	KUNIT_EXPECT_EQ(test, divisor_of(24), 8);
	KUNIT_EXPECT_EQ(test, divisor_of(96), 32);
	KUNIT_EXPECT_EQ(test, divisor_of(4096), 4096);
	KUNIT_EXPECT_EQ(test, divisor_of(12288), 4096);
}

static struct kunit_case cases[] = {
	KUNIT_CASE_PARAM(p1_aligned_to_minalign, kmb_every_size),
	KUNIT_CASE_PARAM(p2_power_of_two_is_aligned_to_itself, powers_of_two),
	KUNIT_CASE_PARAM(p2_constant_power_of_two_is_aligned_to_itself, constant_sizes),
	KUNIT_CASE(p2_largest_block_is_aligned_to_itself),
	KUNIT_CASE_PARAM(p3_other_size_is_aligned_to_its_divisor,
			 kmb_every_size),
	KUNIT_CASE(p3_each_slab_size_is_aligned_to_its_divisor),
	KUNIT_CASE(p3_three_quarters_are_aligned_to_a_quarter),
	KUNIT_CASE(control_divisor_is_found),
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
