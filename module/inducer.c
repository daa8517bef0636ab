// SPDX-License-Identifier: GPL-2.0
/*
 * Fragments free memory to a level that is asked for, and holds it there.
 *
 * Free blocks of the order are taken, down to a reserve. Some of them, chosen by a
 * spread, are broken: one page of them is held, the rest is given back. The others
 * are given back whole. How many are broken follows from the level that is asked
 * for; then the level is read back, and what is missing, or too much, is corrected.
 *
 * Memory is only ever taken that is free: nothing is reclaimed, nothing is moved,
 * and nobody is killed for it. What could fool a reader: whoever allocates small
 * pieces meanwhile takes them from what is broken, and the level sinks a little.
 */
#include <linux/bitops.h>
#include <linux/errno.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/sort.h>
#include <linux/vmalloc.h>

#include "compat.h"
#include "inducer.h"
#include "kept.h"
#include "level.h"
#include "limits.h"
#include "refuse.h"
#include "spread.h"

/* How often the level is read back. */
#define INDUCER_ROUNDS	16

/**
 * struct kmb_inducer - what is held
 * @order: of the blocks.
 * @index: that is to be reached, millionths.
 * @added: blocks broken, as the level was read back too low.
 * @mended: blocks made whole again, as it was read back too high.
 * @nr: how many are held: all of each, or its first page.
 * @room: of @pages.
 * @pages: the first page of each.
 * @kept: what has CPUs hand over free pages.
 */
struct kmb_inducer {
	u32 order;
	u32 index;
	u64 added;
	u64 mended;
	u64 nr;
	u64 room;
	struct page **pages;
	struct kmb_kept kept;
};

/**
 * struct kmb_plan - what to do
 * @take: blocks to choose from.
 * @break_: how many of these to break.
 * @room: blocks that could be broken in the end.
 * @most: likewise, should all free memory become such blocks meanwhile.
 */
struct kmb_plan {
	u64 take;
	u64 break_;
	u64 room;
	u64 most;
};

/* Bit 0: there is one. Two would undo what each other reads back. */
static unsigned long inducer_exists;

static struct page *take_block(u32 order)
{
	struct page *page = NULL;
	u32 zone;

	for (zone = 0; zone < kmb_kept_zones() && !page; zone++)
		page = kmb_kept_take(zone, order);
	return page;
}

/*
 * Of a block that is none of the compound ones, and has a reference too many,
 * __free_pages() frees all but the first page.
 */
static void break_block(struct page *page, u32 order)
{
	get_page(page);
	__free_pages(page, order);
}

static int take_blocks(struct kmb_inducer *inducer, u64 nr)
{
	struct page *page;

	while (inducer->nr < nr) {
		if (signal_pending(current))
			return -EINTR;
		page = take_block(inducer->order);
		if (!page)
			break;
		inducer->pages[inducer->nr++] = page;
		cond_resched();
	}
	return 0;
}

static int compare_frames(const void *a, const void *b)
{
	unsigned long x = page_to_pfn(*(struct page * const *)a);
	unsigned long y = page_to_pfn(*(struct page * const *)b);

	return x < y ? -1 : x > y;
}

/* From here on only broken blocks are held. */
static void break_some(struct kmb_inducer *inducer, struct kmb_spread *spread)
{
	struct page *page;
	u64 i;

	sort(inducer->pages, inducer->nr, sizeof(*inducer->pages), compare_frames, NULL);
	for (i = 0; i < inducer->nr; i++) {
		page = inducer->pages[i];
		if (kmb_spread_next(spread)) {
			break_block(page, inducer->order);
			inducer->pages[spread->chosen - 1] = page;
		} else {
			__free_pages(page, inducer->order);
		}
		cond_resched();
	}
	inducer->nr = spread->chosen;
}

/* Return: how many it were; fewer, where the page allocator has no such block left. */
static u64 break_more(struct kmb_inducer *inducer, u64 nr)
{
	struct page *page;
	u64 done;

	for (done = 0; done < nr && inducer->nr < inducer->room; done++) {
		page = take_block(inducer->order);
		if (!page)
			break;
		break_block(page, inducer->order);
		inducer->pages[inducer->nr++] = page;
		cond_resched();
	}
	return done;
}

static u64 mend_some(struct kmb_inducer *inducer, u64 nr)
{
	u64 done;

	for (done = 0; done < nr && inducer->nr; done++) {
		__free_page(inducer->pages[--inducer->nr]);
		cond_resched();
	}
	if (done)
		kmb_kept_flush(&inducer->kept);
	return done;
}

/* Return: whether the level was another one, and something could be done about it. */
static bool correct(struct kmb_inducer *inducer)
{
	u64 added = 0, mended = 0;
	struct kmb_level now;
	s64 missing;

	kmb_level_read(&now, inducer->order);
	missing = kmb_level_missing(&now, inducer->order, inducer->index);
	if (missing > 0)
		added = break_more(inducer, missing);
	else
		mended = mend_some(inducer, -missing);
	inducer->added += added;
	inducer->mended += mended;
	return added || mended;
}

static int correct_until_near(struct kmb_inducer *inducer)
{
	int round;

	for (round = 0; round < INDUCER_ROUNDS && correct(inducer); round++)
		if (signal_pending(current))
			return -EINTR;
	return 0;
}

static bool is_near(const struct kmb_frag *frag, u32 index)
{
	return max(index, frag->index) - min(index, frag->index) <= KMB_FRAG_TOLERANCE;
}

static int reach(struct kmb_inducer *inducer, const struct kmb_plan *plan,
		 struct kmb_frag *frag)
{
	struct kmb_spread spread;
	int err;

	err = take_blocks(inducer, plan->take);
	frag->taken = inducer->nr;
	kmb_spread_init(&spread, frag->spread, inducer->nr,
			min(inducer->nr, err ? 0 : plan->break_), frag->seed);
	break_some(inducer, &spread);
	if (frag->taken)
		kmb_kept_flush(&inducer->kept);
	frag->broken = inducer->nr;
	if (!err)
		err = correct_until_near(inducer);
	frag->added = inducer->added;
	frag->mended = inducer->mended;
	kmb_level_read(&frag->after, frag->order);
	frag->held = inducer->nr;
	if (!err && !is_near(frag, frag->after.index))
		err = kmb_refuse(frag->why, -ERANGE,
				 "index %u: %u was reached instead, with %llu pages held",
				 frag->index, frag->after.index, frag->held);
	return err;
}

static struct kmb_inducer *inducer_new(u32 order, u32 index, u64 room)
{
	struct kmb_inducer *inducer = kzalloc(sizeof(*inducer), GFP_KERNEL);

	if (!inducer)
		return NULL;
	inducer->order = order;
	inducer->index = index;
	inducer->room = room;
	inducer->pages = __vmalloc(array_size(max(room, 1ULL), sizeof(*inducer->pages)),
				   GFP_KERNEL | __GFP_NOWARN);
	if (inducer->pages)
		return inducer;
	kfree(inducer);
	return NULL;
}

static int check_fields(struct kmb_frag *frag)
{
	const struct kmb_range ranges[] = {
		{ "order", frag->order, 1, MAX_PAGE_ORDER },
		{ "index", frag->index, 0, KMB_FRAG_ONE },
		{ "spread", frag->spread, 0, kmb_spreads() - 1 },
		{ "share", frag->share, 1, KMB_MAX_SHARE },
		{ "flags", frag->flags, 0, KMB_FRAG_CHECK },
		{ "pad", frag->pad, 0, 0 },
	};

	/* One page of a block that a CPU keeps makes it look broken. */
	if (!KMB_HAS_CONTIG)
		return kmb_refuse(frag->why, -EOPNOTSUPP,
				  "without CONFIG_CONTIG_ALLOC free pages that CPUs keep cannot be had");
	return kmb_refuse_ranges(frag->why, ranges, ARRAY_SIZE(ranges));
}

static int check_reserve(struct kmb_frag *frag)
{
	u64 least = kmb_level_reserve() << PAGE_SHIFT;
	u64 free = frag->before.free << PAGE_SHIFT;

	if (!frag->reserve)
		frag->reserve = least;
	if (frag->reserve < least)
		return kmb_refuse(frag->why, -EINVAL, "reserve %llu: at least %llu bytes",
				  frag->reserve, least);
	if (frag->reserve >= free)
		return kmb_refuse(frag->why, -ENOSPC, "reserve %llu: less than %llu bytes are free",
				  frag->reserve, free);
	return 0;
}

/* Pages that may be held at any moment. */
static u64 allowed_pages(const struct kmb_frag *frag)
{
	u64 free = frag->before.free;

	return min(div_u64(free * frag->share, 100), free - (frag->reserve >> PAGE_SHIFT));
}

static int check_index(struct kmb_frag *frag, u64 room, s64 missing)
{
	u32 nearest = kmb_level_with(&frag->before, frag->order, max(missing, 0LL));

	frag->least = frag->before.index;
	frag->most = kmb_level_with(&frag->before, frag->order, room);
	if (missing <= 0 && !is_near(frag, frag->least))
		return kmb_refuse(frag->why, -ERANGE,
				  "index %u: this machine is at %u already; ask for %u or more",
				  frag->index, frag->least, frag->least);
	if (missing > (s64)room && !is_near(frag, frag->most))
		return kmb_refuse(frag->why, -ERANGE,
				  "index %u: %u to %u can be reached, with %llu pages held",
				  frag->index, frag->least, frag->most, room);
	if (!is_near(frag, nearest))
		return kmb_refuse(frag->why, -ERANGE,
				  "index %u: the nearest that can be reached is %u",
				  frag->index, nearest);
	return 0;
}

static int make_plan(struct kmb_plan *plan, struct kmb_frag *frag)
{
	u64 allowed;
	s64 missing;
	int err;

	kmb_level_read(&frag->before, frag->order);
	err = check_reserve(frag);
	if (err)
		return err;
	allowed = allowed_pages(frag);
	missing = kmb_level_missing(&frag->before, frag->order, frag->index);
	plan->room = min(allowed, frag->before.suitable);
	plan->most = min(allowed, 2 * (frag->before.free >> frag->order));
	plan->break_ = min_t(s64, max(missing, 0LL), plan->room);
	plan->take = plan->break_ ? min(allowed >> frag->order, frag->before.suitable) : 0;
	return check_index(frag, plan->room, missing);
}

static void clear_answer(struct kmb_frag *frag)
{
	frag->before = (struct kmb_level){};
	frag->after = (struct kmb_level){};
	frag->least = 0;
	frag->most = 0;
	frag->taken = 0;
	frag->broken = 0;
	frag->added = 0;
	frag->mended = 0;
	frag->held = 0;
}

static int make_and_reach(struct kmb_inducer **mine, const struct kmb_plan *plan,
			  struct kmb_kept *kept, struct kmb_frag *frag)
{
	int err;

	*mine = inducer_new(frag->order, frag->index, plan->most);
	if (!*mine) {
		kmb_kept_exit(kept);
		return -ENOMEM;
	}
	set_bit(0, &inducer_exists);
	(*mine)->kept = *kept;
	err = reach(*mine, plan, frag);
	if (err) {
		kmb_inducer_drop(mine);
		frag->held = 0;
	}
	return err;
}

/* From what there is once CPUs keep nothing. */
static int plan_and_reach(struct kmb_inducer **mine, struct kmb_frag *frag)
{
	struct kmb_kept kept;
	struct kmb_plan plan;
	int err;

	kmb_kept_init(&kept);
	kmb_kept_flush(&kept);
	err = make_plan(&plan, frag);
	if (!err)
		return make_and_reach(mine, &plan, &kept, frag);
	kmb_kept_exit(&kept);
	return err;
}

/**
 * kmb_inducer_make() - fragment free memory
 * @mine: receives what holds it so; kmb_inducer_drop() gives all back.
 * @frag: the (in) fields as they came from the tool; the rest is filled in.
 *
 * Return: 0; or a negative error, see struct kmb_frag, after which nothing is held
 * that was not held before.
 */
int kmb_inducer_make(struct kmb_inducer **mine, struct kmb_frag *frag)
{
	struct kmb_plan plan;
	int err;

	clear_answer(frag);
	err = check_fields(frag);
	if (!err && test_bit(0, &inducer_exists))
		err = kmb_refuse(frag->why, -EBUSY,
				 "memory is fragmented already, until that open file is closed");
	if (err)
		return err;
	return frag->flags & KMB_FRAG_CHECK ? make_plan(&plan, frag) :
					      plan_and_reach(mine, frag);
}

/**
 * kmb_inducer_settle() - have the level be what it was before others used memory
 * @inducer: of kmb_inducer_make(); NULL: there is no level.
 *
 * What they freed stays with this CPU, or in empty slabs, for a while. Blocks are broken
 * and made whole until the level is what was asked for, as far as that goes.
 */
void kmb_inducer_settle(struct kmb_inducer *inducer)
{
	if (!inducer)
		return;
	kmb_kept_flush(&inducer->kept);
	correct_until_near(inducer);
}

/**
 * kmb_inducer_drop() - give everything back
 * @mine: of kmb_inducer_make(); or NULL in there.
 */
void kmb_inducer_drop(struct kmb_inducer **mine)
{
	struct kmb_inducer *inducer = *mine;

	if (!inducer)
		return;
	mend_some(inducer, inducer->nr);
	kmb_kept_exit(&inducer->kept);
	vfree(inducer->pages);
	kfree(inducer);
	*mine = NULL;
	clear_bit_unlock(0, &inducer_exists);
}
