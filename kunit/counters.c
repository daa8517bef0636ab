// SPDX-License-Identifier: GPL-2.0
/*
 * What the kernel counts of its memory, and how much of it a piece of code
 * keeps: the detector of leaks.
 *
 * The counters that /proc shows leave out what CPUs have at hand: their lists
 * of free pages and what they did not yet add to the sums. Here both are
 * added, since a page that wanders there is not lost. Slabs that are empty but
 * kept for the next object are given back first. Other tasks are told from a
 * leak by trying again, as a leak stays. Left out: who took a page, so that what
 * another task takes for good meanwhile is a leak, too.
 */
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/mmzone.h>
#include <linux/nodemask.h>
#include <linux/percpu.h>
#include <linux/slab.h>
#include <linux/vmstat.h>

#include "counters.h"
#include "promises.h"

/* Looks at the counters before what is missing counts as lost. */
#define TRIES 8

static long free_pages_of(struct zone *zone)
{
	long pages = zone_page_state_snapshot(zone, NR_FREE_PAGES);
	int cpu;

	for_each_online_cpu(cpu)
		pages += per_cpu_ptr(zone->per_cpu_pageset, cpu)->count;
	return pages;
}

/* In pages, also of the counters whose unit is the byte elsewhere. */
static long node_pages(struct pglist_data *node, enum node_stat_item item)
{
	long pages = atomic_long_read(&node->vm_stat[item]);
	int cpu;

	for_each_online_cpu(cpu)
		pages += per_cpu_ptr(node->per_cpu_nodestats,
				     cpu)->vm_node_stat_diff[item];
	return pages;
}

static void add_node(struct kmb_counters *sum, struct pglist_data *node)
{
	int i;

	for (i = 0; i < MAX_NR_ZONES; i++)
		if (populated_zone(&node->node_zones[i]))
			sum->free += free_pages_of(&node->node_zones[i]);
	sum->unreclaimable += node_pages(node, NR_SLAB_UNRECLAIMABLE_B);
	sum->reclaimable += node_pages(node, NR_SLAB_RECLAIMABLE_B);
}

/**
 * kmb_counters_read() - read the counters
 * @now: (out) their values, of all nodes together.
 */
void kmb_counters_read(struct kmb_counters *now)
{
	int nid;

	*now = (struct kmb_counters){};
	for_each_online_node(nid)
		add_node(now, NODE_DATA(nid));
}

/* May objects of so many bytes come from this cache? Some are rounded up. */
static bool serves(struct kmem_cache *cache, size_t bytes)
{
	return cache && kmem_cache_size(cache) >= bytes &&
	       kmem_cache_size(cache) <= 2 * max_t(size_t, bytes,
						   ARCH_KMALLOC_MINALIGN);
}

static void shrink_caches(size_t bytes)
{
	size_t type, i;

	for (type = 0; type < ARRAY_SIZE(kmalloc_caches); type++)
		for (i = 0; i < ARRAY_SIZE(kmalloc_caches[type]); i++)
			if (serves(kmalloc_caches[type][i], bytes))
				kmem_cache_shrink(kmalloc_caches[type][i]);
}

/**
 * kmb_counters_settle() - read the counters when no empty slab is kept
 * @bytes: the size of the objects whose slabs are of interest.
 * @now: (out) their values.
 */
void kmb_counters_settle(size_t bytes, struct kmb_counters *now)
{
	shrink_caches(bytes);
	kmb_counters_read(now);
}

/**
 * kmb_counters_lost() - compare two readings
 * @before: the first.
 * @after: the second.
 *
 * Return: pages that are no longer free or that became part of slabs,
 * whichever are more; not above 0 when nothing is missing.
 */
long kmb_counters_lost(const struct kmb_counters *before,
		       const struct kmb_counters *after)
{
	long slab = after->unreclaimable - before->unreclaimable +
		    after->reclaimable - before->reclaimable;

	return max(before->free - after->free, slab);
}

/**
 * kmb_pages_lost() - find out how many pages a piece of code keeps
 * @bytes: the size of the objects that it takes and gives back.
 * @tolerated: so many pages are not worth another try.
 * @churn: the piece of code, called once.
 * @arg: its argument.
 *
 * The first reading stands, as objects that leak later hide in slabs that
 * earlier ones keep.
 *
 * Return: the pages, the fewest of several readings.
 */
long kmb_pages_lost(size_t bytes, long tolerated, void (*churn)(void *arg),
		    void *arg)
{
	struct kmb_counters before, after;
	long lost = LONG_MAX;
	unsigned int try;

	kmb_counters_settle(bytes, &before);
	churn(arg);
	for (try = 0; try < TRIES && lost > tolerated; try++) {
		cond_resched();
		kmb_counters_settle(bytes, &after);
		lost = min(lost, kmb_counters_lost(&before, &after));
	}
	return lost;
}

/**
 * kmb_reserves_used() - ask how far the reserves are used
 *
 * Return: pages that the worst zone lacks to its minimum; below 0 for none.
 */
long kmb_reserves_used(void)
{
	long used = LONG_MIN;
	struct zone *zone;
	int nid, i;

	for_each_online_node(nid) {
		for (i = 0; i < MAX_NR_ZONES; i++) {
			zone = &NODE_DATA(nid)->node_zones[i];
			if (populated_zone(zone))
				used = max(used, (long)zone->_watermark[WMARK_MIN] -
						 free_pages_of(zone));
		}
	}
	return used;
}

/**
 * kmb_reserves() - ask how large the reserves are
 *
 * Return: pages that all zones together keep from requests that may not use them up.
 */
unsigned long kmb_reserves(void)
{
	unsigned long pages = 0;
	int nid, i;

	for_each_online_node(nid)
		for (i = 0; i < MAX_NR_ZONES; i++)
			if (populated_zone(&NODE_DATA(nid)->node_zones[i]))
				pages += NODE_DATA(nid)->node_zones[i]._watermark[WMARK_MIN];
	return pages;
}

/**
 * kmb_pages_or_skip() - skip a case where pages do not tell what is lost
 * @test: the case.
 *
 * KASAN has a quarantine for what was freed, kmemleak a record of each object.
 */
void kmb_pages_or_skip(struct kunit *test)
{
	if (IS_ENABLED(CONFIG_KASAN_GENERIC) || IS_ENABLED(CONFIG_DEBUG_KMEMLEAK))
		kmb_skip(test, "detectors keep pages for what was freed");
}
