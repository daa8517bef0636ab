// SPDX-License-Identifier: GPL-2.0
/*
 * Is the memory physically contiguous?
 *
 * The physical address of a linear address is a subtraction and proves
 * nothing. The proof is an alias, see alias.c. Left out: objects of at most a
 * page, and all that alias.c leaves out.
 */
#include <kunit/test.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include "alias.h"
#include "objects.h"
#include "promises.h"
#include "sizes.h"

/* Objects of one handful to prove; a mapping costs time. */
#define PROOFS 4

static bool is_above_a_page(size_t bytes)
{
	return bytes > PAGE_SIZE;
}

static KMB_GENERATOR(sizes_above_a_page)
{
	return kmb_next_size(prev, desc, is_above_a_page);
}

static void check_contiguous(struct kunit *test, const struct kmb_objects *held)
{
	unsigned int i;
	int page;

	for (i = 0; i < min_t(unsigned int, held->nr, PROOFS); i++) {
		page = kmb_find_break(held->at[i], held->bytes, false);
		KUNIT_ASSERT_NE_MSG(test, page, -ENOMEM, "no memory for an alias");
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

/* Return: whether there was a buffer in pieces to compare. */
static bool compare_breaks(struct kunit *test, void *buffer, unsigned int pages)
{
	int gap = find_gap(buffer, pages);
	int page = gap ? kmb_find_break(buffer, pages * PAGE_SIZE, false) : -EFAULT;

	if (page == -EFAULT)
		return false;
	KUNIT_EXPECT_EQ(test, page, gap);
	return true;
}

/* The alias and the page tables have to agree where a buffer breaks. */
static void control_vmalloc_frames_disagree(struct kunit *test)
{
	struct kmb_objects *held = test->priv;
	const unsigned int pages = 7;
	bool compared = false;

	kmb_alias_need(test);
	while (!compared && held->nr < KMB_MAX_OBJECTS) {
		held->at[held->nr] = vmalloc_in_pieces(pages);
		KUNIT_ASSERT_NOT_NULL(test, held->at[held->nr]);
		compared = compare_breaks(test, held->at[held->nr++], pages);
	}
	if (!compared)
		kmb_skip(test, "vmalloc() gave contiguous memory only");
}

static struct kunit_case cases[] = {
	KUNIT_CASE_PARAM(p35_alias_proves_contiguity, sizes_above_a_page),
	KUNIT_CASE_PARAM(control_swapped_pages_disagree, sizes_above_a_page),
	KUNIT_CASE(control_vmalloc_frames_disagree),
	{}
};

static struct kunit_suite contiguity_suite = {
	.name = "kmalloc_contiguity",
	.init = kmb_objects_init,
	.exit = kmb_objects_exit,
	.test_cases = cases,
};

kunit_test_suite(contiguity_suite);
