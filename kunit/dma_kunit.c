// SPDX-License-Identifier: GPL-2.0
/*
 * Can a device be given the memory: is it in the direct map, and does it have
 * its cache lines for itself?
 *
 * That the physical address of a linear address leads back to it is a
 * subtraction and proves nothing. The proof is an alias, as in
 * contiguity_kunit.c: the frame of that physical address is mapped a second
 * time, and what is written into the object has to appear there.
 *
 * Left out: cache lines where the kernel bounces what is not aligned
 * (CONFIG_DMA_BOUNCE_UNALIGNED_KMALLOC); there, and where DMA is coherent,
 * only the least alignment of kmalloc() is checked. Machines whose data cache
 * needs flushing between two mappings of a frame.
 */
#include <kunit/test.h>
#include <linux/dma-mapping.h>
#include <linux/io.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include "alias.h"
#include "objects.h"
#include "promises.h"
#include "sizes.h"

/* Objects of one handful to prove; a mapping costs time. */
#define PROOFS 4

/* Return: whether a byte is in that frame, or -ENOMEM. */
static int shows_in(u8 *byte, struct page *frame)
{
	u8 *map = vmap(&frame, 1, VM_MAP, PAGE_KERNEL);
	const u8 *alias = map + offset_in_page(byte);
	bool shows = true;
	unsigned int i;

	if (!map)
		return -ENOMEM;
	for (i = 0; i < 4; i++) {
		WRITE_ONCE(*byte, i % 2 ? 0x5a : 0xa5);
		shows &= READ_ONCE(*alias) == READ_ONCE(*byte);
	}
	vunmap(map);
	return shows;
}

/* Return: whether a byte is where the direct map has it, or -ENOMEM. */
static int is_mapped_directly(u8 *byte)
{
	if (is_vmalloc_addr(byte) || !virt_addr_valid(byte))
		return false;
	return shows_in(byte, pfn_to_page(PHYS_PFN(virt_to_phys(byte))));
}

static bool expect_direct(struct kunit *test, const struct kmb_objects *held,
			  unsigned int i, size_t at)
{
	int direct = is_mapped_directly(held->at[i] + at);

	KUNIT_ASSERT_NE_MSG(test, direct, -ENOMEM, "size %zu, %s, %s: no memory for an alias",
			    held->bytes, held->gfp, held->context);
	return KMB_EXPECT_OF(test, 36, held, direct,
			     "object %u: expected byte %zu in the direct map, got another address",
			     i, at);
}

static void check_direct(struct kunit *test, const struct kmb_objects *held)
{
	unsigned int i;

	for (i = 0; i < min_t(unsigned int, held->nr, PROOFS); i++)
		if (!expect_direct(test, held, i, 0) ||
		    !expect_direct(test, held, i, held->bytes - 1))
			break;
}

static void p36_in_the_direct_map(struct kunit *test)
{
	kmb_promise(test, 36);
	kmb_alias_need(test);
	kmb_each_gfp(test, kmb_size_of(test), check_direct);
}

/* What two objects must not share. */
static size_t line_size(void)
{
	size_t line = ARCH_KMALLOC_MINALIGN;

	if (!IS_ENABLED(CONFIG_DMA_BOUNCE_UNALIGNED_KMALLOC))
		line = max_t(size_t, line, dma_get_cache_alignment());
	return line;
}

static unsigned long first_line(const void *object)
{
	return (unsigned long)kasan_reset_tag(object) / line_size();
}

static unsigned long last_line(const struct kmb_objects *held, unsigned int i)
{
	return first_line(held->at[i] + held->bytes - 1);
}

/* Return: an object that shares a line with number @i, or held->nr. */
static unsigned int find_sharer(const struct kmb_objects *held, unsigned int i)
{
	unsigned int other;

	for (other = 0; other < held->nr; other++)
		if (other != i &&
		    first_line(held->at[other]) <= last_line(held, i) &&
		    last_line(held, other) >= first_line(held->at[i]))
			break;
	return other;
}

static void check_lines(struct kunit *test, const struct kmb_objects *held)
{
	unsigned int i, sharer;

	for (i = 0; i < held->nr; i++) {
		sharer = find_sharer(held, i);
		if (!KMB_EXPECT_OF(test, 36, held, sharer == held->nr,
				   "expected lines of %zu bytes for itself, got objects %u and %u in one",
				   line_size(), i, sharer))
			break;
	}
}

static void p36_alone_in_its_cache_lines(struct kunit *test)
{
	kmb_promise(test, 36);
	if (test->param_index <= KMB_FIRST_PARAM)
		kunit_info(test, "a line is %zu bytes here\n", line_size());
	kmb_each_gfp_around(test, kmb_size_of(test), check_lines);
}

static void control_vmalloc_memory_is_seen(struct kunit *test)
{
	struct kmb_objects *held = test->priv;

	held->at[0] = vmalloc(PAGE_SIZE);
	KUNIT_ASSERT_NOT_NULL(test, held->at[0]);
	held->nr = 1;
	KUNIT_EXPECT_EQ(test, is_mapped_directly(held->at[0]), false);
}

/* The memory of another frame does not pass for the object's. */
static void control_other_frame_is_seen(struct kunit *test)
{
	const struct kmb_objects *held;
	u8 *first;

	kmb_alias_need(test);
	held = kmb_take(test, kmb_kmalloc, 4 * PAGE_SIZE, GFP_KERNEL,
			"GFP_KERNEL");
	KUNIT_ASSERT_GT(test, held->nr, 0);
	first = held->at[0];
	KUNIT_EXPECT_EQ(test, shows_in(first, virt_to_page(first)), true);
	KUNIT_EXPECT_EQ(test, shows_in(first, virt_to_page(first + PAGE_SIZE)),
			false);
}

static void control_shared_line_is_seen(struct kunit *test)
{
	const struct kmb_objects *held;
	struct kmb_objects two;

	held = kmb_take(test, kmb_kmalloc, 4 * PAGE_SIZE, GFP_KERNEL,
			"GFP_KERNEL");
	KUNIT_ASSERT_GT(test, held->nr, 0);
	two = *held;
	two.nr = 2;
	two.bytes = 1;
	two.at[1] = two.at[0] + line_size() - 1;
	KUNIT_EXPECT_EQ(test, find_sharer(&two, 0), 1);
	two.at[1] = two.at[0] + line_size();
	KUNIT_EXPECT_EQ(test, find_sharer(&two, 0), two.nr);
	two.bytes = line_size() + 1;
	KUNIT_EXPECT_EQ(test, find_sharer(&two, 1), 0);
}

static struct kunit_case cases[] = {
	KUNIT_CASE_PARAM(p36_in_the_direct_map, kmb_every_size),
	KUNIT_CASE_PARAM(p36_alone_in_its_cache_lines, kmb_every_size),
	KUNIT_CASE(control_vmalloc_memory_is_seen),
	KUNIT_CASE(control_other_frame_is_seen),
	KUNIT_CASE(control_shared_line_is_seen),
	{}
};

static struct kunit_suite dma_suite = {
	.name = "kmalloc_dma",
	.init = kmb_objects_init,
	.exit = kmb_objects_exit,
	.test_cases = cases,
};

kunit_test_suite(dma_suite);
