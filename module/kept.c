// SPDX-License-Identifier: GPL-2.0
/*
 * Free pages that a CPU keeps for itself, up to a limit, instead of giving them to
 * the free lists. A page of a broken block that stays there keeps it broken, and no
 * function that would hand all of them over is exported.
 *
 * But the oldest go first where the limit is exceeded, and where blocks are freed in
 * a row all go: pages that lie side by side are freed until those are gone that did
 * not. What is kept then is whole blocks.
 */
#include <linux/list.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/mmzone.h>
#include <linux/percpu.h>
#include <linux/sched.h>
#include <linux/smp.h>

#include "kept.h"

/* Only what is free above the watermarks, and no word of it where there is none. */
#define KEPT_GFP	(__GFP_NOMEMALLOC | __GFP_NORETRY | __GFP_NOWARN)
/* The largest blocks that all CPUs keep, beside huge pages. */
#define KEPT_ORDER	PAGE_ALLOC_COSTLY_ORDER
/* More than is handed over at once, pages. */
#define KEPT_MORE	4096

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

static u64 limit_of(const struct page *page)
{
	return READ_ONCE(raw_cpu_ptr(page_zone(page)->per_cpu_pageset)->high);
}

/* Enough of them to exceed the limit, as far as there are any. */
static u64 take_many(struct list_head *blocks, u32 zone)
{
	struct page *page;
	u64 nr, wanted = 1;

	for (nr = 0; nr < wanted; nr++) {
		page = kmb_kept_take(zone, KEPT_ORDER);
		if (!page)
			break;
		wanted = (2 * limit_of(page) + KEPT_MORE) >> KEPT_ORDER;
		list_add_tail(&page->lru, blocks);
		cond_resched();
	}
	return nr;
}

static void free_singly(struct page *page)
{
	int i;

	split_page(page, KEPT_ORDER);
	for (i = 0; i < 1 << KEPT_ORDER; i++)
		__free_page(page + i);
}

/* The first half of them page by page, the others as they are. */
static void free_many(struct list_head *blocks, u64 all)
{
	struct page *page, *next;
	u64 nr = 0;

	list_for_each_entry_safe(page, next, blocks, lru) {
		list_del(&page->lru);
		if (nr++ < all / 2)
			free_singly(page);
		else
			__free_pages(page, KEPT_ORDER);
		cond_resched();
	}
}

/**
 * kmb_kept_flush() - have this CPU hand over the free pages that it keeps
 *
 * As far as free memory allows; a few pages are kept all the same. Of other CPUs
 * nothing is known.
 */
void kmb_kept_flush(void)
{
	LIST_HEAD(blocks);
	u32 zone;
	u64 nr;

	for (zone = 0; zone < ARRAY_SIZE(zones); zone++) {
		nr = take_many(&blocks, zone);
		free_many(&blocks, nr);
	}
}
