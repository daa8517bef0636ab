// SPDX-License-Identifier: GPL-2.0
/*
 * How fragmented free memory is: the unusable free space index, as
 * unusable_free_index() of mm/vmstat.c defines it, of all zones together that
 * GFP_KERNEL is served from. And the arithmetic of breaking blocks.
 *
 * A block of the order is broken by holding one page of it: that one is no longer
 * free, and what is left of the block is no longer usable for the order. With F
 * free pages, U of them unusable, and blocks of P pages, n blocks more make
 *
 *	index(n) = (U + n * (P - 1)) / (F - n)
 *
 * What each CPU keeps for itself is not in the free lists, and not seen here. Nor is
 * that some free blocks are not for everybody (CMA, high-atomic reserves).
 */
#include <linux/kernel.h>
#include <linux/math64.h>
#include <linux/mmzone.h>
#include <linux/nodemask.h>

#include "compat.h"
#include "level.h"

/* What GFP_KERNEL may get, in a row of zones[] of each node. */
static struct zone *next_zone_of_kernel(int *nid, int *idx)
{
	struct zone *zone;

	for (; *nid < MAX_NUMNODES; *nid = next_online_node(*nid), *idx = 0) {
		while (*idx <= ZONE_NORMAL) {
			zone = &NODE_DATA(*nid)->node_zones[(*idx)++];
			if (populated_zone(zone))
				return zone;
		}
	}
	return NULL;
}

#define for_each_zone_of_kernel(_zone, _nid, _idx)			\
	for ((_nid) = first_online_node, (_idx) = 0;			\
	     ((_zone) = next_zone_of_kernel(&(_nid), &(_idx)));)

static void add_zone(struct kmb_level *level, u32 order, const struct zone *zone)
{
	u64 blocks;
	u32 i;

	for (i = 0; i <= MAX_PAGE_ORDER; i++) {
		/* It changes meanwhile; what is read is as good as any. */
		blocks = data_race(zone->free_area[i].nr_free);
		level->free += blocks << i;
		if (i >= order)
			level->suitable += blocks << (i - order);
	}
}

/**
 * kmb_level_read() - see how fragmented free memory is now
 * @level: receives it.
 * @order: of the blocks that are asked about, at most MAX_PAGE_ORDER.
 */
void kmb_level_read(struct kmb_level *level, u32 order)
{
	struct zone *zone;
	int nid, idx;

	*level = (struct kmb_level){};
	for_each_zone_of_kernel(zone, nid, idx)
		add_zone(level, order, zone);
	level->index = kmb_level_with(level, order, 0);
}

/**
 * kmb_level_reserve() - how much has to stay free, so that nobody is in need
 *
 * Return: pages: below the high watermarks kswapd does not go to sleep.
 */
u64 kmb_level_reserve(void)
{
	struct zone *zone;
	int nid, idx;
	u64 pages = 0;

	for_each_zone_of_kernel(zone, nid, idx)
		pages += high_wmark_pages(zone);
	return pages;
}

/**
 * kmb_level_with() - the index once so many more blocks are broken
 * @level: as it is now.
 * @order: the same as there.
 * @blocks: less than @level->free; negative: once so many are made whole.
 *
 * Return: millionths; of no free memory all is unusable.
 */
u32 kmb_level_with(const struct kmb_level *level, u32 order, s64 blocks)
{
	s64 free = level->free - blocks;
	s64 suitable = level->suitable - blocks;

	if (free <= 0)
		return KMB_FRAG_ONE;
	return div64_u64((free - (suitable << order)) * KMB_FRAG_ONE, free);
}

/**
 * kmb_level_missing() - how many more blocks have to be broken
 * @level: as it is now.
 * @order: the same as there.
 * @index: that is to be reached, millionths.
 *
 * Return: blocks, rounded to the nearest; negative: so many have to be made whole.
 */
s64 kmb_level_missing(const struct kmb_level *level, u32 order, u32 index)
{
	s64 unusable = level->free - (level->suitable << order);
	s64 wanted = (s64)level->free * index - unusable * KMB_FRAG_ONE;
	s64 each = ((1LL << order) - 1) * KMB_FRAG_ONE + index;
	s64 half = wanted < 0 ? -each / 2 : each / 2;

	return div64_s64(wanted + half, each);
}
