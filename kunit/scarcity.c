// SPDX-License-Identifier: GPL-2.0
/*
 * A machine without free memory, or with single free pages only, for as long
 * as a case wants.
 *
 * Nearly all free pages are held, down to the watermark that plain requests
 * respect, in blocks as large as they come. Their memory is never touched: a
 * virtual machine would have to find it. The order of a block is kept in
 * page->private, which is its owner's.
 *
 * The OOM killer never gets to kill: it asks notifiers first, and the one here
 * gives some of the blocks back; so does a timer, should a broken allocator
 * wait for ever. While a case holds memory it must not sleep for long nor
 * print; it records, gives back, and judges then. Left out: what caches of
 * slabs hold, and the free pages that other CPUs have at hand.
 */
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/mmzone.h>
#include <linux/moduleparam.h>
#include <linux/nodemask.h>
#include <linux/notifier.h>
#include <linux/oom.h>
#include <linux/sched.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>

#include "../module/compat.h"
#include "kernel_log.h"
#include "promises.h"
#include "scarcity.h"

/* Without reclaim, without waking kswapd, without the reserves. */
#define TAKE (__GFP_NOWARN | __GFP_NOMEMALLOC)
/* What the notifier gives back, a page at least and a block at most. */
#define SHARE 512
/* Times to take again what others gave back meanwhile. */
#define TRIES 16
/*
 * Seconds since memory was taken last, after which all is given back to a request
 * that waits for ever. An emulated machine is slower than UML, KASAN than all others, and
 * the host may have much else to do: by itself a case takes a second or two.
 */
#define RESCUE ((IS_ENABLED(CONFIG_UML) ? 20 : 60) * (IS_ENABLED(CONFIG_KASAN) ? 6 : 1))

static bool exhaust = IS_ENABLED(CONFIG_KMALLOC_KUNIT_EXHAUST);
module_param(exhaust, bool, 0444);
MODULE_PARM_DESC(exhaust, "use up all memory of this machine for a moment");

static DEFINE_SPINLOCK(lock);
/* Under @lock, as any task that needs memory may call the notifier. */
static LIST_HEAD(blocks);
static struct task_struct *holder;
static unsigned int oom_calls;
/* Nothing is taken any more. */
static bool rescued;
static struct kmsg_dump_iter log_began;
static unsigned int complaints; /* Before that mark. */

static void hold(struct page *page, unsigned int order)
{
	set_page_private(page, order);
	spin_lock(&lock);
	list_add(&page->lru, &blocks);
	spin_unlock(&lock);
}

static struct page *next_held(void)
{
	struct page *page;

	spin_lock(&lock);
	page = list_first_entry_or_null(&blocks, struct page, lru);
	if (page)
		list_del(&page->lru);
	spin_unlock(&lock);
	return page;
}

/* Return: how many pages it was. */
static unsigned long give(struct page *page)
{
	unsigned int order = page_private(page);

	set_page_private(page, 0);
	__free_pages(page, order);
	return 1UL << order;
}

static int on_oom(struct notifier_block *self, unsigned long unused, void *freed)
{
	unsigned long *pages = freed, given = 0;
	struct page *page;

	if (current == READ_ONCE(holder))
		oom_calls++;
	while (given < SHARE) {
		page = next_held();
		if (!page)
			break;
		given += give(page);
	}
	*pages += given;
	return NOTIFY_OK;
}

static struct notifier_block oom_notifier = { .notifier_call = on_oom };

static void rescue(struct work_struct *unused)
{
	WRITE_ONCE(rescued, true);
	kmb_scarcity_give_all();
}

static DECLARE_DELAYED_WORK(rescue_work, rescue);

/* Pages of files that reclaim may find before memory is used up. */
#define FILES 1024

/**
 * kmb_scarcity_needs_no_files() - skip a case that waits for memory to be used up
 * @test: the case.
 *
 * A request that may reclaim is served from the page cache until that is gone.
 */
void kmb_scarcity_needs_no_files(struct kunit *test)
{
	if (global_node_page_state(NR_ACTIVE_FILE) +
	    global_node_page_state(NR_INACTIVE_FILE) > FILES)
		kmb_skip(test, "files are in memory, which reclaim finds first");
}

/**
 * kmb_scarcity_begin() - say that a case is going to use up memory
 * @test: the case, of a suite whose .exit is kmb_scarcity_exit().
 *
 * Skips the case where that is not allowed.
 */
void kmb_scarcity_begin(struct kunit *test)
{
	if (!exhaust)
		kmb_skip(test, "exhaust=0: the memory of this machine may not be used up");
	KUNIT_ASSERT_EQ(test, register_oom_notifier(&oom_notifier), 0);
	oom_calls = 0;
	WRITE_ONCE(rescued, false);
	WRITE_ONCE(holder, current);
	kmb_log_mark(&log_began);
	complaints = 0;
	schedule_delayed_work(&rescue_work, RESCUE * HZ);
}

/**
 * kmb_scarcity_nofail_begins() - say that memory is asked for that must not be refused
 * @bytes: how much.
 *
 * With SLUB's debugging an object of a page has more than another one of red zone, hence
 * needs four, and of such that must not fail the page allocator complains: that is the
 * price of debugging, and no matter of kmalloc().
 */
void kmb_scarcity_nofail_begins(size_t bytes)
{
	if (bytes <= PAGE_SIZE / 2)
		return;
	complaints += kmb_log_warnings(&log_began);
	kmb_log_ask();
}

/**
 * kmb_scarcity_nofail_ends() - let complaints pass that the kernel made meanwhile
 * @bytes: as it began.
 */
void kmb_scarcity_nofail_ends(size_t bytes)
{
	if (bytes <= PAGE_SIZE / 2)
		return;
	kmb_log_asked();
	kmb_log_mark(&log_began);
}

/**
 * kmb_scarcity_exit() - the .exit of a suite whose cases use up memory
 * @test: the case.
 *
 * All that it asked for without memory was with __GFP_NOWARN: a complaint of
 * SLUB or of the page allocator fails it.
 */
void kmb_scarcity_exit(struct kunit *test)
{
	if (!READ_ONCE(holder))
		return;
	cancel_delayed_work_sync(&rescue_work);
	kmb_scarcity_give_all();
	if (READ_ONCE(rescued))
		KUNIT_FAIL(test, "no case may need memory for %d s", RESCUE);
	KUNIT_EXPECT_EQ_MSG(test, complaints + kmb_log_warnings(&log_began), 0,
			    "used up memory, __GFP_NOWARN: expected silence, got complaints");
	WRITE_ONCE(holder, NULL);
	unregister_oom_notifier(&oom_notifier);
}

/*
 * A CPU that takes one page after the other may get twice as many at once each time, two
 * thousand in the end, and that many below the watermark (nr_pcp_alloc() in mm/page_alloc.c):
 * then what a case frees is not enough for a request. Whoever frees one in between does not.
 */
static struct page *take_block(gfp_t flags, unsigned int order)
{
	struct page *page = alloc_pages(flags, order);

	if (!page || order)
		return page;
	__free_page(page);
	return alloc_pages(flags, order);
}

static unsigned long take_order(gfp_t flags, unsigned int order)
{
	unsigned long pages = 0;
	struct page *page;

	while (!READ_ONCE(rescued) && (page = take_block(flags, order))) {
		hold(page, order);
		pages += 1UL << order;
	}
	return pages;
}

/**
 * kmb_scarcity_take() - hold what is free, but for the reserves
 * @min_order: of blocks of this order and larger ones.
 * @mobility: __GFP_MOVABLE, __GFP_RECLAIMABLE or 0 for unmovable: from which
 *	      kind of blocks it is taken first.
 *
 * Return: how many pages it was.
 */
unsigned long kmb_scarcity_take(int min_order, gfp_t mobility)
{
	unsigned long pages = 0;
	int order;

	/* It is a request that is waited for, not a case that asks for much. */
	if (cancel_delayed_work(&rescue_work))
		schedule_delayed_work(&rescue_work, RESCUE * HZ);
	for (order = MAX_PAGE_ORDER; order >= min_order; order--)
		pages += take_order(TAKE | mobility, order);
	return pages;
}

/* Return: whether it was raised. */
static bool lower_mark(struct zone *zone)
{
	unsigned long flags, boost;

	spin_lock_irqsave(&zone->lock, flags);
	boost = zone->watermark_boost;
	zone->watermark_boost = 0;
	spin_unlock_irqrestore(&zone->lock, flags);
	return boost;
}

/*
 * Pages that are taken out of blocks of another migrate type raise the watermarks. kswapd
 * lowers them, but later, or never where it gave up: it has nothing to reclaim here.
 */
static bool lower_marks(void)
{
	bool raised = false;
	int nid, i;

	for_each_online_node(nid)
		for (i = 0; i < MAX_NR_ZONES; i++)
			if (populated_zone(&NODE_DATA(nid)->node_zones[i]))
				raised |= lower_mark(&NODE_DATA(nid)->node_zones[i]);
	return raised;
}

/* The newest first, which are the smallest. */
static void give_until_granted(void)
{
	struct page *page, *held;

	while (!(page = alloc_pages(GFP_NOWAIT | __GFP_NOWARN, 0))) {
		held = next_held();
		if (!held)
			return;
		give(held);
	}
	__free_page(page);
}

/**
 * kmb_scarcity_take_all_but_one() - hold all, where a request of one page is just granted
 *
 * kmb_scarcity_take() may end far below what is: where watermarks were raised meanwhile, and
 * by what the CPU has at hand. What a case frees then would be granted to nobody, or, when they
 * are lowered again, be not all that is. What a CPU has at hand no watermark counts, so that
 * some pages more may be given back than that request needs.
 */
void kmb_scarcity_take_all_but_one(void)
{
	unsigned int try;

	for (try = 0; try < TRIES; try++) {
		kmb_scarcity_take(0, 0);
		if (!lower_marks())
			break;
	}
	give_until_granted();
}

/* Of two pages that could merge one stays. */
static void give_every_other(struct page *page)
{
	unsigned int order = page_private(page), i;

	if (order)
		split_page(page, order);
	for (i = 0; i < 1U << order; i++) {
		set_page_private(page + i, 0);
		if (page_to_pfn(page + i) & 1)
			__free_page(page + i);
		else
			hold(page + i, 0);
	}
}

/**
 * kmb_scarcity_give_singles() - give back half: every other page
 *
 * As a checkerboard: none of them can merge with another.
 */
void kmb_scarcity_give_singles(void)
{
	LIST_HEAD(split);
	struct page *page, *next;

	spin_lock(&lock);
	list_splice_init(&blocks, &split);
	spin_unlock(&lock);
	list_for_each_entry_safe(page, next, &split, lru)
		give_every_other(page);
}

/**
 * kmb_scarcity_leave_singles() - hold what is free, but for every other page
 *
 * No larger block is free then.
 */
void kmb_scarcity_leave_singles(void)
{
	kmb_scarcity_take(0, 0);
	kmb_scarcity_give_singles();
	kmb_scarcity_take(1, 0);
}

/* By another way than take_order() goes. */
static bool has_pair(void)
{
	struct page *pair = alloc_pages(GFP_NOWAIT | __GFP_NOWARN, 1);

	if (pair)
		__free_pages(pair, 1);
	return pair;
}

/**
 * kmb_scarcity_take_pairs() - hold all blocks that are larger than a page
 *
 * What others give back meanwhile is held again.
 *
 * Return: whether none was left in the end.
 */
bool kmb_scarcity_take_pairs(void)
{
	unsigned int try;

	for (try = 0; try < TRIES; try++) {
		kmb_scarcity_take(1, 0);
		if (!has_pair())
			return true;
	}
	return false;
}

/**
 * kmb_scarcity_give_all() - give back all that is held
 */
void kmb_scarcity_give_all(void)
{
	struct page *page;

	while ((page = next_held()))
		give(page);
}

/**
 * kmb_scarcity_is_over() - ask whether a request waited for too long
 *
 * Return: true when all was given back behind the back of the case, which
 * must not use up memory by other means then.
 */
bool kmb_scarcity_is_over(void)
{
	return READ_ONCE(rescued);
}

/**
 * kmb_scarcity_oom_calls() - ask how often this task had the OOM killer called
 *
 * Return: how often since kmb_scarcity_begin().
 */
unsigned int kmb_scarcity_oom_calls(void)
{
	return oom_calls;
}
