// SPDX-License-Identifier: GPL-2.0
/*
 * Free pages that a CPU keeps for itself, up to a limit, instead of giving them to
 * the free lists. A page of a broken block that stays there keeps it broken. What
 * hands all of them over, drain_all_pages(), is not exported; but who asks for a
 * certain block of frames makes the page allocator do it. So one block of each zone is
 * kept here, freed, and asked for again.
 */
#include <linux/gfp.h>
#include <linux/mm.h>
#include <linux/nodemask.h>

#include "compat.h"
#include "kept.h"

/* Only what is free above the watermarks, and no word of it where there is none. */
#define KEPT_GFP	(__GFP_NOMEMALLOC | __GFP_NORETRY | __GFP_NOWARN)
/* How many blocks to try, one after the other. */
#define KEPT_TRIES	8

/* A zone keeps some memory from those who could have that of another one. */
static const gfp_t zones[] = { 0, __GFP_DMA32, __GFP_DMA };

/**
 * kmb_kept_zones() - in how many ways kmb_kept_take() takes memory
 *
 * Return: these.
 */
u32 kmb_kept_zones(void)
{
	return ARRAY_SIZE(zones);
}

/**
 * kmb_kept_take() - take a block that is free, and reclaim nothing for it
 * @zone: from which zone downwards: below kmb_kept_zones(); 0: any of the kernel's.
 * @order: of the block, which is no compound page.
 *
 * Return: its first page; NULL: there is none above the watermarks.
 */
struct page *kmb_kept_take(u32 zone, u32 order)
{
	return alloc_pages(KEPT_GFP | zones[zone], order);
}

static void take_whole(struct kmb_kept_block *block)
{
	block->page = alloc_pages_node(block->nid, KEPT_GFP | __GFP_THISNODE | block->zone,
				       pageblock_order);
	if (block->page)
		split_page(block->page, pageblock_order);
}

static void give_whole(const struct kmb_kept_block *block)
{
	unsigned long i;

	for (i = 0; block->page && i < pageblock_nr_pages; i++)
		__free_page(block->page + i);
}

static bool has_one_of(const struct kmb_kept *kept, const struct zone *zone)
{
	u32 i;

	for (i = 0; i < kept->nr; i++)
		if (page_zone(kept->blocks[i].page) == zone)
			return true;
	return false;
}

static void add_zone(struct kmb_kept *kept, int nid, gfp_t zone)
{
	struct kmb_kept_block block = { .nid = nid, .zone = zone };

	if (kept->nr == KMB_KEPT_BLOCKS)
		return;
	take_whole(&block);
	if (block.page && has_one_of(kept, page_zone(block.page)))
		give_whole(&block);
	else if (block.page)
		kept->blocks[kept->nr++] = block;
}

/**
 * kmb_kept_init() - get ready to flush
 * @kept: needs kmb_kept_exit().
 *
 * A zone without such a block above its watermarks is never flushed.
 */
void kmb_kept_init(struct kmb_kept *kept)
{
	u32 zone;
	int nid;

	kept->nr = 0;
	for_each_online_node(nid)
		for (zone = 0; zone < ARRAY_SIZE(zones); zone++)
			add_zone(kept, nid, zones[zone]);
}

/* Whoever allocates meanwhile may get a page of the block: then another one will do. */
static void flush_zone(struct kmb_kept_block *block)
{
	unsigned long frame;
	int try;

	for (try = 0; try < KEPT_TRIES; try++) {
		if (!block->page)
			take_whole(block);
		if (!block->page)
			break;
		frame = page_to_pfn(block->page);
		give_whole(block);
		if (!kmb_alloc_contig(frame, pageblock_nr_pages))
			break;
		block->page = NULL;
	}
}

/**
 * kmb_kept_flush() - have all CPUs hand over the free pages that they keep
 * @kept: ready.
 *
 * Sleeps. Of a zone that has no block left nothing is handed over.
 */
void kmb_kept_flush(struct kmb_kept *kept)
{
	u32 i;

	for (i = 0; i < kept->nr; i++)
		flush_zone(&kept->blocks[i]);
}

/**
 * kmb_kept_exit() - give back what flushing needed
 * @kept: ready.
 */
void kmb_kept_exit(struct kmb_kept *kept)
{
	while (kept->nr)
		give_whole(&kept->blocks[--kept->nr]);
}
