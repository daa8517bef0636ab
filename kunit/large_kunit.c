// SPDX-License-Identifier: GPL-2.0
/*
 * Are objects too large for a slab blocks of the page allocator, one each?
 *
 * Nobody promises it; what takes a pointer apart into pages relies on it.
 * Left out: the bytes behind the size that was asked for, and the counters of
 * such pages.
 */
#include <kunit/test.h>
#include <linux/mm.h>
#include <linux/slab.h>

#include "objects.h"
#include "promises.h"
#include "sizes.h"

/* What order_of() says of memory that is no whole block. */
#define NO_BLOCK -1

static bool is_large(size_t bytes)
{
	return bytes > KMALLOC_MAX_CACHE_SIZE;
}

static KMB_GENERATOR(large_sizes)
{
	return kmb_next_size(prev, desc, is_large);
}

/* Does each page of a block, the last one as well, lead to its first one? */
static bool is_whole(const void *object, unsigned int order)
{
	unsigned long i;

	for (i = 0; i < 1UL << order; i++)
		if (virt_to_head_page(object + i * PAGE_SIZE) != virt_to_page(object))
			return false;
	return true;
}

/* Return: the order of the compound page that begins there, or NO_BLOCK. */
static int order_of(const void *object)
{
	struct page *page;

	if (offset_in_page(object) || !virt_addr_valid(object))
		return NO_BLOCK;
	page = virt_to_page(object);
	if (!PageHead(page) || !is_whole(object, compound_order(page)))
		return NO_BLOCK;
	return compound_order(page);
}

static void check_block(struct kunit *test, const struct kmb_objects *held)
{
	int order = get_order(held->bytes);
	unsigned int i;

	for (i = 0; i < held->nr; i++)
		if (!KMB_EXPECT_OF(test, 8, held, order_of(held->at[i]) == order,
				   "expected a compound page of order %d, got order %d",
				   order, order_of(held->at[i])))
			break;
}

static void p8_large_is_a_compound_page(struct kunit *test)
{
	kmb_promise(test, 8);
	kmb_each_gfp(test, kmb_size_of(test), check_block);
}

/* The smallest large size is in no table, as it depends on the page size. */
static void p8_first_large_size_is_a_compound_page(struct kunit *test)
{
	kmb_promise(test, 8);
	kmb_each_gfp(test, KMALLOC_MAX_CACHE_SIZE + 1, check_block);
}

/* Neither an address inside of a block nor another order is taken for one. */
static void control_part_of_block_is_seen(struct kunit *test)
{
	const size_t bytes = 4 * KMALLOC_MAX_CACHE_SIZE;
	const struct kmb_objects *held;
	int order = get_order(bytes);

	held = kmb_take(test, kmb_kmalloc, bytes, GFP_KERNEL, "GFP_KERNEL");
	KUNIT_ASSERT_GT(test, held->nr, 0);
	KUNIT_EXPECT_EQ(test, order_of(held->at[0]), order);
	KUNIT_EXPECT_EQ(test, order_of(held->at[0] + 8), NO_BLOCK);
	KUNIT_EXPECT_EQ(test, order_of(held->at[0] + PAGE_SIZE), NO_BLOCK);
	KUNIT_EXPECT_NE(test, order_of(held->at[0]), get_order(bytes / 2));
}

static void control_single_pages_are_seen(struct kunit *test)
{
	unsigned long pages = __get_free_pages(GFP_KERNEL, 2);
	int order;

	KUNIT_ASSERT_TRUE(test, pages);
	order = order_of((void *)pages);
	free_pages(pages, 2);
	KUNIT_EXPECT_EQ(test, order, NO_BLOCK);
}

static struct kunit_case cases[] = {
	KUNIT_CASE_PARAM(p8_large_is_a_compound_page, large_sizes),
	KUNIT_CASE(p8_first_large_size_is_a_compound_page),
	KUNIT_CASE(control_part_of_block_is_seen),
	KUNIT_CASE(control_single_pages_are_seen),
	{}
};

static struct kunit_suite large_suite = {
	.name = "kmalloc_large",
	.init = kmb_objects_init,
	.exit = kmb_objects_exit,
	.test_cases = cases,
};

kunit_test_suite(large_suite);
