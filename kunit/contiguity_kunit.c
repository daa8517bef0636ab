// SPDX-License-Identifier: GPL-2.0
/*
 * Is the memory physically contiguous?
 *
 * The physical address of a linear address is a subtraction and proves
 * nothing. There are two proofs: an alias, see alias.c, and, where there are
 * any, the page tables. Left out: objects of at most a page, and all that
 * alias.c and page_table.c leave out.
 */
#include <kunit/test.h>
#include <linux/bitops.h>
#include <linux/mm.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include "alias.h"
#include "objects.h"
#include "page_table.h"
#include "promises.h"
#include "sizes.h"

/* Objects of one handful to prove, and bytes to map for it: a mapping costs time. */
#define PROOFS 4U
#define MAPPED SZ_1M

/* The sum of the sizes of mappings that a case has met; all are powers of 2. */
static unsigned long mapping_sizes;

static bool is_above_a_page(size_t bytes)
{
	return bytes > PAGE_SIZE;
}

static KMB_GENERATOR(sizes_above_a_page)
{
	return kmb_next_size(prev, desc, is_above_a_page);
}

static unsigned int count_aliases(const struct kmb_objects *held)
{
	unsigned int many = clamp_t(size_t, MAPPED / held->bytes, 1, PROOFS);

	return min(held->nr, many);
}

/* The last ones first: they were had when fewer blocks were free. */
static void check_contiguous(struct kunit *test, const struct kmb_objects *held)
{
	unsigned int i, nr = count_aliases(held);
	int page;

	for (i = 1; i <= nr; i++) {
		page = kmb_find_break(held->at[held->nr - i], held->bytes, false);
		KUNIT_ASSERT_NE_MSG(test, page, -ENOMEM, "size %zu, %s, %s: no memory for an alias",
				    held->bytes, held->gfp, held->context);
		if (!KMB_EXPECT_OF(test, 35, held, !page,
				   "expected an alias that agrees, got a break at page %d",
				   page))
			break;
	}
}

static void p35_alias_proves_contiguity(struct kunit *test)
{
	kmb_promise(test, 35);
	kmb_alias_need(test);
	kmb_each_gfp(test, kmb_size_of(test), check_contiguous);
}

/* Of an order that the table of sizes may not have. */
static void p35_largest_block_is_contiguous(struct kunit *test)
{
	const struct kmb_objects *held;

	kmb_promise(test, 35);
	kmb_alias_need(test);
	held = kmb_take(test, kmb_kmalloc, KMALLOC_MAX_SIZE, GFP_KERNEL,
			"GFP_KERNEL");
	if (!held->nr)
		kmb_skip(test, "no free block of %lu bytes", KMALLOC_MAX_SIZE);
	check_contiguous(test, held);
}

static void check_frames(struct kunit *test, const struct kmb_objects *held)
{
	unsigned int i, pages, nr = min(held->nr, PROOFS);
	bool linear;
	int page;

	for (i = 0; i < nr; i++) {
		linear = virt_addr_valid(held->at[i]);
		if (!KMB_EXPECT_OF(test, 35, held, linear,
				   "expected an address of the linear map, got another"))
			break;
		pages = DIV_ROUND_UP(offset_in_page(held->at[i]) + held->bytes,
				     PAGE_SIZE);
		page = kmb_walk_to_break(held->at[i], pages,
					 page_to_pfn(virt_to_page(held->at[i])),
					 &mapping_sizes);
		if (!KMB_EXPECT_OF(test, 35, held, !page,
				   "expected %u frames in order in the page tables, got a break at page %d",
				   pages, page))
			break;
	}
}

/* What the page tables map by, for the reader who asks about the TLB. */
static void tell_mapping_sizes(struct kunit *test)
{
	unsigned int bit;

	for_each_set_bit(bit, &mapping_sizes, BITS_PER_LONG)
		kunit_info(test, "mapped by pages of %lu KiB\n",
			   BIT(bit) / SZ_1K);
}

static void need_page_tables(struct kunit *test)
{
	const char *reason = kmb_page_tables_absent();

	if (reason)
		kmb_skip(test, "%s", reason);
	mapping_sizes = 0;
}

static void p35_page_tables_prove_contiguity(struct kunit *test)
{
	kmb_promise(test, 35);
	need_page_tables(test);
	kmb_each_gfp(test, kmb_size_of(test), check_frames);
	tell_mapping_sizes(test);
}

static void control_swapped_pages_disagree(struct kunit *test)
{
	const struct kmb_objects *held;
	size_t bytes;

	kmb_alias_need(test);
	bytes = kmb_size_of(test);
	held = kmb_take(test, kmb_kmalloc, bytes, GFP_KERNEL, "GFP_KERNEL");
	if (!held->nr)
		kmb_skip(test, "no free block of %zu bytes", bytes);
	KUNIT_EXPECT_EQ(test, kmb_find_break(held->at[0], bytes, true), 1);
}

/* Return: the first page, counted from 1, whose frame does not follow; or 0. */
static int find_gap(const void *buffer, unsigned int pages)
{
	unsigned long pfn = vmalloc_to_pfn(buffer);
	unsigned int i;

	for (i = 1; i < pages; i++)
		if (vmalloc_to_pfn(buffer + i * PAGE_SIZE) != pfn + i)
			return i + 1;
	return 0;
}

/*
 * Buffers of vmalloc() are often contiguous by chance: leave single pages for
 * it that have neighbours in use.
 */
static void *vmalloc_in_pieces(unsigned int pages)
{
	unsigned long single[64];
	void *buffer;
	int i;

	for (i = 0; i < ARRAY_SIZE(single); i++)
		single[i] = __get_free_page(GFP_KERNEL);
	for (i = 0; i < ARRAY_SIZE(single); i += 2)
		free_page(single[i]);
	buffer = vmalloc(pages * PAGE_SIZE);
	for (i = 1; i < ARRAY_SIZE(single); i += 2)
		free_page(single[i]);
	return buffer;
}

/* Return: where a new buffer, which the case holds, breaks; or 0. */
static int take_vmalloc(struct kunit *test, unsigned int pages)
{
	struct kmb_objects *held = test->priv;

	held->at[held->nr] = vmalloc_in_pieces(pages);
	KUNIT_ASSERT_NOT_NULL(test, held->at[held->nr]);
	return find_gap(held->at[held->nr++], pages);
}

/* The alias and vmalloc's own view have to agree where a buffer breaks. */
static void control_vmalloc_frames_disagree(struct kunit *test)
{
	const struct kmb_objects *held = test->priv;
	const unsigned int pages = 7;
	int gap = 0, page = -EFAULT;

	kmb_alias_need(test);
	while (page == -EFAULT && held->nr < KMB_MAX_OBJECTS) {
		gap = take_vmalloc(test, pages);
		if (gap)
			page = kmb_find_break(held->at[held->nr - 1],
					      pages * PAGE_SIZE, false);
	}
	if (page == -EFAULT)
		kmb_skip(test, "vmalloc() gave contiguous memory only");
	KUNIT_EXPECT_EQ(test, page, gap);
}

static void expect_same_frames(struct kunit *test, const void *buffer,
			       unsigned int pages)
{
	struct kmb_mapping mapping = {};
	unsigned int i;

	for (i = 0; i < pages; i++, buffer += PAGE_SIZE) {
		KUNIT_EXPECT_TRUE(test, kmb_pfn_of(buffer, &mapping));
		KUNIT_EXPECT_EQ(test, mapping.pfn, vmalloc_to_pfn(buffer));
	}
}

/* The walk finds the frames that vmalloc() says it took, and their break. */
static void control_vmalloc_is_walked(struct kunit *test)
{
	const struct kmb_objects *held = test->priv;
	const unsigned int pages = 7;
	const void *buffer;
	int gap = 0;

	need_page_tables(test);
	while (!gap && held->nr < KMB_MAX_OBJECTS)
		gap = take_vmalloc(test, pages);
	if (!gap)
		kmb_skip(test, "vmalloc() gave contiguous memory only");
	buffer = held->at[held->nr - 1];
	expect_same_frames(test, buffer, pages);
	KUNIT_EXPECT_EQ(test, gap,
			kmb_walk_to_break(buffer, pages, vmalloc_to_pfn(buffer),
					  &mapping_sizes));
}

static struct kunit_case cases[] = {
	KUNIT_CASE_PARAM(p35_alias_proves_contiguity, sizes_above_a_page),
	KUNIT_CASE(p35_largest_block_is_contiguous),
	KUNIT_CASE_PARAM(p35_page_tables_prove_contiguity, sizes_above_a_page),
	KUNIT_CASE_PARAM(control_swapped_pages_disagree, sizes_above_a_page),
	KUNIT_CASE(control_vmalloc_frames_disagree),
	KUNIT_CASE(control_vmalloc_is_walked),
	{}
};

static struct kunit_suite contiguity_suite = {
	.name = "kmalloc_contiguity",
	.init = kmb_objects_init,
	.exit = kmb_objects_exit,
	.test_cases = cases,
};

kunit_test_suite(contiguity_suite);
