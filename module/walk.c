// SPDX-License-Identifier: GPL-2.0
/*
 * Walks over memory: a line of each page, each load the address of the next.
 *
 * The lines are at (37 * i) mod lines of page i: with all of them at the same
 * offset a few sets of the L1 cache would decide what a walk costs.
 */
#include <linux/cache.h>
#include <linux/errno.h>
#include <linux/irqflags.h>
#include <linux/mm.h>
#include <linux/prandom.h>
#include <linux/sched.h>
#include <linux/string.h>

#include "buffer.h"
#include "clock.h"
#include "own.h"
#include "tlb_empty.h"
#include "tlb_marker.h"
#include "uapi/kmbench.h"
#include "walk.h"

/* Loads between two looks at how many are left. */
#define UNROLLED	8
#define COLOUR_STEP	37
#define LINES		(PAGE_SIZE / SMP_CACHE_BYTES)

static void order_pages(u32 *next, u32 nr, u32 seed)
{
	u32 i;

	for (i = 0; i < nr; i++)
		next[i] = i + 1 < nr ? i + 1 : 0;
}

/* Sattolo's shuffle: of all permutations one that is a single cycle. */
static void order_cycle(u32 *next, u32 nr, u32 seed)
{
	struct rnd_state random;
	u32 i, j;

	prandom_seed_state(&random, seed);
	for (i = 0; i < nr; i++)
		next[i] = i;
	for (i = nr - 1; i > 0; i--) {
		j = prandom_u32_state(&random) % i;
		swap(next[i], next[j]);
	}
}

static const struct {
	const char *name;
	const char *shows;
	void (*order)(u32 *next, u32 nr, u32 seed);
} patterns[] = {
	{ "stride", "a line of each page, page by page", order_pages },
	{ "chase", "a line of each page, in one random cycle over all", order_cycle },
};

/**
 * kmb_patterns() - how many patterns of walks there are
 *
 * Return: the rows of KMB_TABLE_PATTERN.
 */
u32 kmb_patterns(void)
{
	return ARRAY_SIZE(patterns);
}

/**
 * kmb_pattern_row() - describe a pattern
 * @row: of KMB_TABLE_PATTERN; its (out) fields are filled in.
 */
void kmb_pattern_row(struct kmb_row *row)
{
	strscpy(row->name, patterns[row->index].name, sizeof(row->name));
	strscpy(row->text, patterns[row->index].shows, sizeof(row->text));
}

static void **line(const struct kmb_buffer *buffer, u32 i)
{
	return kmb_buffer_page(buffer, i) +
	       (COLOUR_STEP * i) % LINES * SMP_CACHE_BYTES;
}

/**
 * kmb_walk_lay() - write a walk's addresses into a buffer
 * @buffer: the buffer; page 0 is where the walk begins.
 * @pattern: below kmb_patterns().
 * @seed: of what is random.
 *
 * Return: 0, or -ENOMEM.
 */
int kmb_walk_lay(const struct kmb_buffer *buffer, u32 pattern, u32 seed)
{
	size_t size = buffer->nr_pages * sizeof(u32);
	u32 i, nr = buffer->nr_pages;
	u32 *next = kmb_own_alloc(size);

	if (!next)
		return -ENOMEM;
	patterns[pattern].order(next, nr, seed);
	for (i = 0; i < nr; i++) {
		*line(buffer, i) = line(buffer, next[i]);
		cond_resched();
	}
	kmb_own_free(next, size);
	return 0;
}

static __always_inline void **follow(void **at, u64 loads)
{
	u64 i;

	for (i = 0; i < loads / UNROLLED; i++) {
		at = READ_ONCE(*at);
		at = READ_ONCE(*at);
		at = READ_ONCE(*at);
		at = READ_ONCE(*at);
		at = READ_ONCE(*at);
		at = READ_ONCE(*at);
		at = READ_ONCE(*at);
		at = READ_ONCE(*at);
	}
	for (i = 0; i < loads % UNROLLED; i++)
		at = READ_ONCE(*at);
	return at;
}

static __always_inline void say(u32 what, struct kmb_tlb_mailbox *mailbox)
{
	if (mailbox)
		kmb_tlb_say(what, mailbox);
}

/**
 * kmb_walk_go() - walk
 * @start: where kmb_walk_lay() began.
 * @warmup: loads before, from 0.
 * @loads: loads that are timed, and counted by the model, if there is one; from 1.
 *	With @warmup, at most KMB_MAX_WALK_LOADS.
 * @mailbox: to talk to it; NULL: not at all.
 * @empty: whether to empty the TLB before, where that can be done.
 *
 * Interrupts are off; between the markers there is no access but the walk's.
 *
 * Return: ticks of kmb_clock() that @loads took, with two markers and one reading
 * of the clock.
 */
noinline u64 kmb_walk_go(void *start, u64 warmup, u64 loads,
			 struct kmb_tlb_mailbox *mailbox, bool empty)
{
	unsigned long flags;
	u64 began, ticks;
	void **at;

	local_irq_save(flags);
	if (empty)
		kmb_tlb_empty();
	say(KMB_TLB_ARM, mailbox);
	at = follow(start, warmup);
	began = kmb_clock();
	say(KMB_TLB_BEGIN, mailbox);
	at = follow(at, loads);
	OPTIMIZER_HIDE_VAR(at);
	say(KMB_TLB_END, mailbox);
	ticks = kmb_clock() - began;
	say(KMB_TLB_DISARM, mailbox);
	local_irq_restore(flags);
	return ticks;
}
