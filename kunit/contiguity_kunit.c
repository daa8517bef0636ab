// SPDX-License-Identifier: GPL-2.0
/*
 * Is the memory physically contiguous?
 *
 * The physical address of a linear address is a subtraction and proves
 * nothing. The proof is an alias: a second mapping of the frames that follow
 * the object's first one, in order. What is written into page i of the object
 * has to appear in page i of the alias, and the other way round. It needs no
 * page tables to walk, so it works in user-mode Linux, too.
 *
 * Left out: objects of at most a page, and machines whose data cache needs
 * flushing between two mappings of a frame.
 */
#include <kunit/test.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/vmalloc.h>

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

/**
 * struct alias - a second mapping of the frames from an object's first one on
 * @object: the object, of any kind.
 * @bytes: its size.
 * @seed: differs between two rounds of writing.
 * @pages: how many pages the object touches.
 * @frames: as many frames.
 * @map: where they are mapped again.
 */
struct alias {
	void *object;
	size_t bytes;
	u64 seed;
	unsigned int pages;
	struct page **frames;
	void *map;
};

/* The page of a vmalloc buffer comes from its page tables. */
static struct page *first_frame(const void *object)
{
	if (is_vmalloc_addr(object))
		return vmalloc_to_page(object);
	return virt_addr_valid(object) ? virt_to_page(object) : NULL;
}

/* Return: 0, -EFAULT when there are no such frames, or -ENOMEM. */
static int list_frames(struct alias *alias)
{
	struct page *first = first_frame(alias->object);
	unsigned long pfn;
	unsigned int i;

	if (!first)
		return -EFAULT;
	alias->frames = kvmalloc_array(alias->pages, sizeof(*alias->frames),
				       GFP_KERNEL);
	if (!alias->frames)
		return -ENOMEM;
	pfn = page_to_pfn(first);
	for (i = 0; i < alias->pages; i++) {
		if (!pfn_valid(pfn + i))
			return -EFAULT;
		alias->frames[i] = pfn_to_page(pfn + i);
	}
	return 0;
}

/* Needs unmap_alias() even when it fails. Return: as list_frames(). */
static int map_alias(struct alias *alias, bool swapped)
{
	size_t off = offset_in_page(alias->object);
	int err;

	alias->pages = DIV_ROUND_UP(off + alias->bytes, PAGE_SIZE);
	err = list_frames(alias);
	if (err)
		return err;
	if (swapped)
		swap(alias->frames[0], alias->frames[alias->pages - 1]);
	alias->map = vmap(alias->frames, alias->pages, VM_MAP, PAGE_KERNEL);
	return alias->map ? 0 : -ENOMEM;
}

static void unmap_alias(struct alias *alias)
{
	vunmap(alias->map);
	kvfree(alias->frames);
}

/* The bytes of an object in its page @i: from where, and how many. */
static size_t piece_of(const struct alias *alias, unsigned int i, size_t *len)
{
	size_t off = offset_in_page(alias->object);
	size_t from = i ? i * PAGE_SIZE - off : 0;
	size_t to = min_t(size_t, (i + 1) * PAGE_SIZE - off, alias->bytes);

	*len = min_t(size_t, to - from, sizeof(alias->seed));
	return from;
}

static void stamp_pages(const struct alias *alias, void *through)
{
	unsigned int i;
	size_t from, len;
	u64 stamp;

	for (i = 0; i < alias->pages; i++) {
		from = piece_of(alias, i, &len);
		stamp = alias->seed + i;
		memcpy(through + from, &stamp, len);
	}
}

/* Return: the first page, counted from 1, without its stamp; 0 if all have. */
static int find_unstamped(const struct alias *alias, const void *through)
{
	unsigned int i;
	size_t from, len;
	u64 stamp;

	for (i = 0; i < alias->pages; i++) {
		from = piece_of(alias, i, &len);
		stamp = alias->seed + i;
		if (memcmp(through + from, &stamp, len))
			return i + 1;
	}
	return 0;
}

/* The alias is written only when it was proven to be the object's memory. */
static int compare_alias(struct alias *alias)
{
	void *map = alias->map + offset_in_page(alias->object);
	int page;

	stamp_pages(alias, alias->object);
	page = find_unstamped(alias, map);
	if (page)
		return page;
	alias->seed = ~alias->seed;
	stamp_pages(alias, map);
	return find_unstamped(alias, alias->object);
}

/**
 * find_break() - look where an object and its alias first disagree
 * @object: what to prove contiguous.
 * @bytes: its size.
 * @swapped: exchange the first and the last page of the alias.
 *
 * Return: a page, counted from 1; 0 when the object is contiguous; -EFAULT
 * when there is no memory behind its first frame; -ENOMEM.
 */
static int find_break(void *object, size_t bytes, bool swapped)
{
	static u64 round;
	struct alias alias = {
		.object = object,
		.bytes = bytes,
		.seed = ++round * 0x9e3779b97f4a7c15ULL,
	};
	int result;

	result = map_alias(&alias, swapped);
	if (!result)
		result = compare_alias(&alias);
	unmap_alias(&alias);
	return result;
}

static void check_contiguous(struct kunit *test, const struct kmb_objects *held)
{
	unsigned int i;
	int page;

	for (i = 0; i < min_t(unsigned int, held->nr, PROOFS); i++) {
		page = find_break(held->at[i], held->bytes, false);
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
	kmb_each_gfp(test, kmb_size_of(test), check_contiguous);
}

static void control_swapped_pages_disagree(struct kunit *test)
{
	const struct kmb_objects *held;
	size_t bytes;

	bytes = kmb_size_of(test);
	held = kmb_take(test, kmb_kmalloc, bytes, GFP_KERNEL, "GFP_KERNEL");
	if (!held->nr)
		kmb_skip(test, "no free block of %zu bytes", bytes);
	KUNIT_EXPECT_EQ(test, find_break(held->at[0], bytes, true), 1);
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
	int page = gap ? find_break(buffer, pages * PAGE_SIZE, false) : -EFAULT;

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
