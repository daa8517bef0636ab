/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The one place that lists sizes, GFP masks and contexts.
 *
 * KUnit and kmbench.ko iterate these rows; the tool and the scripts learn
 * their names at run time. One more size, mask or context is one more line
 * here (and, for a context, two functions in context.c).
 */
#ifndef _KMBENCH_TABLES_H
#define _KMBENCH_TABLES_H

#include <linux/gfp.h>
#include <linux/slab.h>
#include <linux/types.h>

#include "context.h"

/**
 * struct kmb_size - a size to ask for
 * @bytes: the size; a row above KMALLOC_MAX_SIZE is left out at run time.
 * @rank: how far from common use; the benchmark's profiles go by it.
 * @shows: why this size is in the table.
 */
struct kmb_size {
	size_t bytes;
	u32 rank;
	const char *shows;
};

static const struct kmb_size kmb_sizes[] __maybe_unused = {
	{ 8,		0,	"smallest class of most architectures" },
	{ 16,		1,	"class" },
	{ 24,		2,	"no class; divided by 8" },
	{ 32,		1,	"class" },
	{ 64,		0,	"class; one cache line" },
	{ 96,		1,	"class that is no power of two" },
	{ 100,		2,	"no class; divided by 4" },
	{ 128,		1,	"class" },
	{ 192,		1,	"class that is no power of two" },
	{ 256,		0,	"class" },
	{ 512,		1,	"class" },
	{ 1000,		2,	"no class; divided by 8" },
	{ 1024,		0,	"class" },
	{ 2048,		1,	"class" },
	{ 4096,		0,	"class; a page on most architectures" },
	{ 5000,		2,	"no class; above a page" },
	{ 8192,		0,	"largest class with 4 KiB pages" },
	{ 8193,		2,	"one byte too large for a class with 4 KiB pages" },
	{ 16384,	0,	"from the page allocator" },
	{ 32768,	1,	"from the page allocator; order 3 is the last cheap one" },
	{ 65536,	1,	"from the page allocator" },
	{ 131072,	2,	"from the page allocator" },
	{ 262144,	1,	"from the page allocator" },
	{ 524288,	2,	"from the page allocator" },
	{ 1048576,	1,	"from the page allocator" },
	{ 2097152,	2,	"from the page allocator; a huge page on x86-64" },
	{ 4194304,	1,	"KMALLOC_MAX_SIZE with 4 KiB pages" },
};

/**
 * struct kmb_gfp - a set of allocation flags
 * @name: as the kernel spells it.
 * @flags: the flags.
 * @rank: as in struct kmb_size.
 * @shows: why this set is in the table.
 */
struct kmb_gfp {
	const char *name;
	gfp_t flags;
	u32 rank;
	const char *shows;
};

#define KMB_GFP(_flags, _shows, ...) \
	{ .name = #_flags, .flags = (_flags), .shows = (_shows), \
	  ##__VA_ARGS__ }
#define KMB_GFP_ZERO(_flags, _shows, ...) \
	{ .name = #_flags "|__GFP_ZERO", .flags = (_flags) | __GFP_ZERO, \
	  .shows = (_shows), ##__VA_ARGS__ }
#define KMB_GFP_EFFORT(_flag, _shows) \
	{ .name = "GFP_KERNEL|" #_flag, .flags = GFP_KERNEL | (_flag), .shows = (_shows) }

static const struct kmb_gfp kmb_gfps[] __maybe_unused = {
	KMB_GFP(GFP_KERNEL,	"may sleep, reclaim and start I/O"),
	KMB_GFP_ZERO(GFP_KERNEL, "the same, zeroed", .rank = 1),
	KMB_GFP(GFP_ATOMIC,	"must not sleep, may dip into the reserves"),
	KMB_GFP_ZERO(GFP_ATOMIC, "the same, zeroed", .rank = 2),
	KMB_GFP(GFP_NOWAIT,	"must not sleep, keeps off the reserves",
		.rank = 1),
	KMB_GFP_ZERO(GFP_NOWAIT, "the same, zeroed", .rank = 3),
};

/* How hard to try, where memory is fragmented. */
static const struct kmb_gfp kmb_efforts[] __maybe_unused = {
	KMB_GFP_EFFORT(__GFP_NORETRY, "gives up after one attempt to reclaim or compact"),
	KMB_GFP_EFFORT(__GFP_RETRY_MAYFAIL, "tries hard, and fails without killing"),
};

/**
 * struct kmb_context - a context in which the kernel calls kmalloc()
 * @name: as a user types it.
 * @run: calls a function once in that context, see context.h.
 * @here: tells whether its caller is in that context.
 * @process: the task that asked for it is the one that runs there.
 * @atomic: nothing may sleep there.
 * @irqs_off: interrupts are off there.
 * @not_on_rt: not legal for kmalloc() on PREEMPT_RT.
 * @slow: getting there takes longer than all that is done there.
 * @rank: as in struct kmb_size.
 * @shows: what the context is.
 */
struct kmb_context {
	const char *name;
	int (*run)(kmb_context_fn *fn, void *arg);
	bool (*here)(void);
	bool process;
	bool atomic;
	bool irqs_off;
	bool not_on_rt;
	bool slow;
	u32 rank;
	const char *shows;
};

#define KMB_CONTEXT(_name, _shows, ...) \
	{ .name = #_name, .run = kmb_run_in_##_name, .here = kmb_in_##_name, \
	  .shows = (_shows), ##__VA_ARGS__ }

static const struct kmb_context kmb_contexts[] __maybe_unused = {
	KMB_CONTEXT(task, "process context, preemptible", .process = true),
	KMB_CONTEXT(preemptoff, "process context with preemption off",
		    .process = true, .atomic = true, .not_on_rt = true,
		    .rank = 2),
	KMB_CONTEXT(irqsoff, "process context with interrupts off",
		    .process = true, .atomic = true, .irqs_off = true,
		    .not_on_rt = true, .rank = 1),
	KMB_CONTEXT(spinlock, "process context with a spinlock_t held",
		    .process = true, .atomic = true, .rank = 2),
	KMB_CONTEXT(softirq, "a softirq (tasklet)", .atomic = true, .rank = 1),
	KMB_CONTEXT(hardirq, "a hard interrupt (hrtimer)", .atomic = true,
		    .irqs_off = true, .not_on_rt = true, .rank = 1),
	KMB_CONTEXT(irqwork, "a hard interrupt (irq_work)", .atomic = true,
		    .irqs_off = true, .not_on_rt = true, .rank = 2),
	KMB_CONTEXT(rcu, "an RCU callback", .atomic = true, .slow = true,
		    .rank = 3),
};

/**
 * kmb_context_is_legal() - ask whether kmalloc() may be called there
 * @context: a row.
 *
 * Return: false for some rows on PREEMPT_RT.
 */
static inline bool kmb_context_is_legal(const struct kmb_context *context)
{
	return !IS_ENABLED(CONFIG_PREEMPT_RT) || !context->not_on_rt;
}

#endif /* _KMBENCH_TABLES_H */
