/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The one place that lists sizes, GFP masks and contexts.
 *
 * KUnit and kmbench.ko iterate these rows; the tool and the scripts learn
 * their names at run time. One more size, mask or context is one more line
 * here (and, for a context, one function in context.c).
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
 * @shows: why this size is in the table.
 */
struct kmb_size {
	size_t bytes;
	const char *shows;
};

static const struct kmb_size kmb_sizes[] __maybe_unused = {
	{ 8,		"smallest class of most architectures" },
	{ 16,		"class" },
	{ 24,		"no class; divided by 8" },
	{ 32,		"class" },
	{ 64,		"class; one cache line" },
	{ 96,		"class that is no power of two" },
	{ 100,		"no class; divided by 4" },
	{ 128,		"class" },
	{ 192,		"class that is no power of two" },
	{ 256,		"class" },
	{ 512,		"class" },
	{ 1000,		"no class; divided by 8" },
	{ 1024,		"class" },
	{ 2048,		"class" },
	{ 4096,		"class; a page on most architectures" },
	{ 5000,		"no class; above a page" },
	{ 8192,		"largest class with 4 KiB pages" },
	{ 8193,		"one byte too large for a class with 4 KiB pages" },
	{ 16384,	"from the page allocator" },
	{ 32768,	"from the page allocator; order 3 is the last cheap one" },
	{ 65536,	"from the page allocator" },
	{ 131072,	"from the page allocator" },
	{ 262144,	"from the page allocator" },
	{ 524288,	"from the page allocator" },
	{ 1048576,	"from the page allocator" },
	{ 2097152,	"from the page allocator; a huge page on x86-64" },
	{ 4194304,	"KMALLOC_MAX_SIZE with 4 KiB pages" },
};

/**
 * struct kmb_gfp - a set of allocation flags
 * @name: as the kernel spells it.
 * @flags: the flags.
 * @shows: why this set is in the table.
 */
struct kmb_gfp {
	const char *name;
	gfp_t flags;
	const char *shows;
};

#define KMB_GFP(_flags, _shows) \
	{ .name = #_flags, .flags = (_flags), .shows = (_shows) }
#define KMB_GFP_ZERO(_flags, _shows) \
	{ .name = #_flags "|__GFP_ZERO", .flags = (_flags) | __GFP_ZERO, \
	  .shows = (_shows) }

static const struct kmb_gfp kmb_gfps[] __maybe_unused = {
	KMB_GFP(GFP_KERNEL,	"may sleep, reclaim and start I/O"),
	KMB_GFP_ZERO(GFP_KERNEL, "the same, zeroed"),
	KMB_GFP(GFP_ATOMIC,	"must not sleep, may dip into the reserves"),
	KMB_GFP_ZERO(GFP_ATOMIC, "the same, zeroed"),
	KMB_GFP(GFP_NOWAIT,	"must not sleep, keeps off the reserves"),
	KMB_GFP_ZERO(GFP_NOWAIT, "the same, zeroed"),
};

/**
 * struct kmb_context - a context in which the kernel calls kmalloc()
 * @name: as a user types it.
 * @run: calls a function once in that context, see context.h.
 * @atomic: nothing may sleep there.
 * @interrupt: not legal for kmalloc() on PREEMPT_RT.
 * @shows: what the context is.
 */
struct kmb_context {
	const char *name;
	int (*run)(kmb_context_fn *fn, void *arg);
	bool atomic;
	bool interrupt;
	const char *shows;
};

static const struct kmb_context kmb_contexts[] __maybe_unused = {
	{ .name = "task", .run = kmb_run_in_task,
	  .shows = "process context, preemptible" },
	{ .name = "irqsoff", .run = kmb_run_in_irqsoff, .atomic = true,
	  .interrupt = true,
	  .shows = "process context with interrupts off" },
	{ .name = "hardirq", .run = kmb_run_in_hardirq, .atomic = true,
	  .interrupt = true,
	  .shows = "a hard interrupt (hrtimer in hard mode)" },
};

#endif /* _KMBENCH_TABLES_H */
