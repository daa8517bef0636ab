// SPDX-License-Identifier: GPL-2.0
/*
 * Does kmalloc() get the blocks that the page allocator keeps for others, and is
 * each page of them accounted for?
 *
 * The first request of a kind takes blocks of other migrate types, which it
 * splits. What uses up memory takes all of them: this is the first of the suites.
 * Left out: whether blocks are kept apart well, which is no promise.
 */
#include <kunit/test.h>
#include <linux/delay.h>
#include <linux/mm.h>
#include <linux/mmzone.h>
#include <linux/slab.h>
#include <linux/vmstat.h>

#include "objects.h"
#include "promises.h"

/* Blocks that a kind of request takes from another one, and splits. */
#define SPLIT_BYTES SZ_32M
/* Times that others may have come between two counters. */
#define TRIES 8

/* Pages on the lists of a zone, less those that are counted as free. */
static long uncounted_of(struct zone *zone)
{
	unsigned long flags;
	long pages = 0;
	int order;

	spin_lock_irqsave(&zone->lock, flags);
	for (order = 0; order <= KMALLOC_MAX_ORDER; order++)
		pages += zone->free_area[order].nr_free << order;
	pages -= zone_page_state_snapshot(zone, NR_FREE_PAGES);
	spin_unlock_irqrestore(&zone->lock, flags);
	return pages;
}

static long uncounted(void)
{
	long pages = 0;
	int nid, i;

	for_each_online_node(nid)
		for (i = 0; i < MAX_NR_ZONES; i++)
			if (populated_zone(&NODE_DATA(nid)->node_zones[i]))
				pages += uncounted_of(&NODE_DATA(nid)->node_zones[i]);
	return pages;
}

/* What one kind took and gave back, another one takes. */
static void split_blocks(void)
{
	static const gfp_t kinds[] = { __GFP_RECLAIMABLE, 0 };
	unsigned long most = min_t(unsigned long, SPLIT_BYTES >> PAGE_SHIFT,
				   totalram_pages() / 8);
	struct kmb_chain chain = {};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(kinds); i++) {
		kmb_chain_grow(&chain, most, PAGE_SIZE, GFP_NOWAIT | __GFP_NOWARN | kinds[i]);
		kmb_chain_free(&chain);
	}
}

/* What is isolated for a moment is on a list, and is not counted. */
static long uncounted_since(long before)
{
	unsigned int try;
	long pages = 0;

	for (try = 0; try < TRIES; try++) {
		pages = uncounted() - before;
		if (pages <= 0)
			break;
		msleep(20);
	}
	return pages;
}

static void p39_split_blocks_are_counted(struct kunit *test)
{
	long before, pages;

	kmb_promise(test, 39);
	before = uncounted();
	split_blocks();
	pages = uncounted_since(before);
	KMB_EXPECT(test, 39, pages <= 0,
		   KMB_WHAT
		   "blocks split and given back: expected each free page counted, got %ld that are not",
		   PAGE_SIZE, "GFP_NOWAIT", "task", pages);
}

static void control_uncounted_page_is_seen(struct kunit *test)
{
	void *object = kmb_kmalloc(PAGE_SIZE, GFP_KERNEL);
	long before = uncounted(), pages;
	struct zone *zone;

	KUNIT_ASSERT_NOT_NULL(test, object);
	zone = page_zone(virt_to_page(object));
	mod_zone_page_state(zone, NR_FREE_PAGES, -1);
	pages = uncounted() - before;
	mod_zone_page_state(zone, NR_FREE_PAGES, 1);
	kfree(object);
	KUNIT_EXPECT_GT(test, pages, 0);
}

/* Of all memory the kernel may use, and none is for such requests alone. */
#define BLOCKS 16
#define BLOCK_BYTES min_t(size_t, KMALLOC_MAX_SIZE, SZ_4M)

static void p19_reclaimable_blocks_are_had(struct kunit *test)
{
	const gfp_t flags = GFP_NOWAIT | __GFP_NOWARN | __GFP_RECLAIMABLE;
	struct kmb_chain chain = {};
	unsigned int got;
	bool plenty;

	kmb_promise(test, 19);
	kmb_chain_grow(&chain, BLOCKS, BLOCK_BYTES, flags);
	plenty = kmb_has_plenty(numa_mem_id(), BLOCK_BYTES, flags);
	got = chain.nr;
	kmb_chain_free(&chain);
	KMB_EXPECT(test, 19, got == BLOCKS || !plenty,
		   KMB_WHAT "expected %u blocks at once, got %u, and there are many more",
		   BLOCK_BYTES, "GFP_NOWAIT|__GFP_RECLAIMABLE", "task", BLOCKS, got);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(p19_reclaimable_blocks_are_had),
	KUNIT_CASE(p39_split_blocks_are_counted),
	KUNIT_CASE(control_uncounted_page_is_seen),
	{}
};

static struct kunit_suite blocks_suite = {
	.name = "kmalloc_blocks",
	.init = kmb_case_begins,
	.test_cases = cases,
};

kunit_test_suite(blocks_suite);
