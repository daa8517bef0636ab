/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * The private ABI between kmbench.ko and its tool, through /dev/kmbench.
 *
 * Each field says (in) or (out), its unit and its range. The two sides are
 * built from this one file; KMB_IOC_HELLO makes sure that they were. Open the
 * device, say hello, then ask: every other ioctl answers EPROTO until a hello
 * on the same open file named this version.
 */
#ifndef _UAPI_KMBENCH_H
#define _UAPI_KMBENCH_H

#include <linux/ioctl.h>
#include <linux/types.h>

#include "kmbench_map.h"
#include "kmbench_pmu.h"
#include "kmbench_text.h"
#include "kmbench_tlb.h"

/* Raised whenever anything in this file changes its meaning or layout. */
#define KMB_ABI_VERSION		9

#define KMB_DEVICE_NAME		"kmbench"

/*
 * The histogram: log-linear, integers only.
 *
 * Values below 64 have a bucket each. From there every octave [2^k, 2^(k+1))
 * is cut into 64 buckets of equal width, so that a bucket is never wider than
 * 1/64 of the smallest value in it, and its middle is off by less than 0.8 %.
 * All of u64 is covered by 3776 buckets: 6 bits below 64, then 58 octaves.
 */
#define KMB_HIST_SUB_BITS	6
#define KMB_HIST_SUB		(1U << KMB_HIST_SUB_BITS)
#define KMB_HIST_BUCKETS	((64 - KMB_HIST_SUB_BITS + 1) * KMB_HIST_SUB)

/**
 * kmb_hist_index() - which bucket counts a value
 * @value: any value, in the unit of the histogram.
 *
 * Return: an index in [0, KMB_HIST_BUCKETS).
 */
static inline __u32 kmb_hist_index(__u64 value)
{
	__u32 shift;

	if (value < KMB_HIST_SUB)
		return (__u32)value;
	shift = 63 - __builtin_clzll(value) - KMB_HIST_SUB_BITS;
	return shift * KMB_HIST_SUB + (__u32)(value >> shift);
}

/**
 * kmb_hist_low() - the smallest value that a bucket counts
 * @index: a bucket, in [0, KMB_HIST_BUCKETS).
 *
 * Return: the lower bound of the bucket (inclusive).
 */
static inline __u64 kmb_hist_low(__u32 index)
{
	__u32 shift;

	if (index < 2 * KMB_HIST_SUB)
		return index;
	shift = index / KMB_HIST_SUB - 1;
	return (__u64)(index - shift * KMB_HIST_SUB) << shift;
}

/**
 * kmb_hist_high() - the largest value that a bucket counts
 * @index: a bucket, in [0, KMB_HIST_BUCKETS).
 *
 * Return: the upper bound of the bucket (inclusive).
 */
static inline __u64 kmb_hist_high(__u32 index)
{
	return index + 1 < KMB_HIST_BUCKETS ? kmb_hist_low(index + 1) - 1 :
					      ~(__u64)0;
}

/**
 * struct kmb_hello - the handshake
 * @abi_version: (in) KMB_ABI_VERSION of the tool; (out) of the module, also
 *	when the two differ and the ioctl fails with EPROTO.
 * @pad: (in) 0.
 */
struct kmb_hello {
	__u32 abi_version;
	__u32 pad;
};

/**
 * enum kmb_table - the tables whose rows have names
 * @KMB_TABLE_SCENARIO: what is timed; value: objects held at once, at most.
 * @KMB_TABLE_CONTEXT: where it runs; value: 0.
 * @KMB_TABLE_GFP: with which flags; value: the flags as this kernel numbers
 *	them.
 * @KMB_TABLE_SIZE: of how many bytes; value: the size in bytes.
 * @KMB_TABLE_CPUS: on how many processors at once; value: that number, in the
 *	last row that of all that were online when the module was loaded.
 * @KMB_TABLE_KIND: kinds of memory to walk over; value: 0.
 * @KMB_TABLE_PATTERN: orders in which its pages are taken; value: 0.
 * @KMB_TABLE_SPREAD: how broken blocks are spread over memory; value: 0.
 * @KMB_NR_TABLES: how many tables there are.
 */
enum kmb_table {
	KMB_TABLE_SCENARIO,
	KMB_TABLE_CONTEXT,
	KMB_TABLE_GFP,
	KMB_TABLE_SIZE,
	KMB_TABLE_CPUS,
	KMB_TABLE_KIND,
	KMB_TABLE_PATTERN,
	KMB_TABLE_SPREAD,
	KMB_NR_TABLES,
};

/* The tables, from the first on, that have a row each in what is timed. */
#define KMB_NR_CELL_TABLES	(KMB_TABLE_CPUS + 1)

/**
 * struct kmb_info - what this module, on this kernel, offers
 * @nr_rows: (out) rows in each table, indexed by enum kmb_table.
 * @hist_buckets: (out) KMB_HIST_BUCKETS.
 * @max_iterations: (out) upper limit of kmb_run.iterations and .warmup.
 * @max_footprint: (out) upper limit of kmb_footprint.objects.
 * @max_size: (out) KMALLOC_MAX_SIZE, bytes.
 * @min_align: (out) ARCH_KMALLOC_MINALIGN, bytes.
 * @clock_hz: (out) ticks per second of the clock that times; 0: not known.
 * @clock: (out) name of that clock.
 */
struct kmb_info {
	__u32 nr_rows[KMB_NR_TABLES];
	__u32 hist_buckets;
	__u32 max_iterations;
	__u32 max_footprint;
	__u64 max_size;
	__u64 min_align;
	__u64 clock_hz;
	char clock[KMB_NAME_LEN];
};

/* The row may sleep: flags that do, or a scenario that does by itself. */
#define KMB_ROW_SLEEPS		(1U << 0)
/* The row is a context in which nothing may sleep. */
#define KMB_ROW_ATOMIC		(1U << 1)
/* The row is not legal on this kernel (an interrupt under PREEMPT_RT). */
#define KMB_ROW_ILLEGAL		(1U << 2)
/* The row is a scenario that needs interrupts on. */
#define KMB_ROW_IRQS_ON		(1U << 3)
/* The row is a context in which they are off. */
#define KMB_ROW_IRQS_OFF	(1U << 4)
/* The row is a scenario that takes no flags but __GFP_ZERO. */
#define KMB_ROW_NOLOCK		(1U << 5)
/* The row is a set of flags that say more than that. */
#define KMB_ROW_LOCKS		(1U << 6)
/* The row is in no profile: only where it is asked for by its name. */
#define KMB_ROW_BY_NAME		(1U << 7)
/* Of this scenario kmb_run.allocs and .frees are what tracepoints see. */
#define KMB_ROW_COUNTED		(1U << 8)

/* Of this scenario value is the length of a batch, and none may be cut short. */
#define KMB_ROW_WHOLE		(1U << 9)
/*
 * The row takes so long that few samples are enough: an operation of this
 * scenario, or a call in this context.
 */
#define KMB_ROW_SLOW		(1U << 10)
/* The objects of this scenario are not kmalloc()'s: of a cache of its own. */
#define KMB_ROW_OWN_CACHE	(1U << 11)
/* What this scenario frees comes back some seconds after the run. */
#define KMB_ROW_LATE		(1U << 12)
/*
 * All iterations of this scenario are held at once: no more of them than
 * kmb_row.value, and likewise of the warm-up.
 */
#define KMB_ROW_AT_ONCE		(1U << 13)

#define KMB_NR_CLASHES		3

/* The fields of a request that its rows are, in the order of enum kmb_table. */
#define KMB_CELL_FIELDS { "scenario", "context", "gfp", "size", "cpus" }

/*
 * What no cell may have: one row with the first flag, one with the second; and
 * what to say then, of these two: field and row each.
 */
#define KMB_CLASHES { \
	{ KMB_ROW_SLEEPS, KMB_ROW_ATOMIC, "%s %s may sleep, %s %s may not" }, \
	{ KMB_ROW_IRQS_ON, KMB_ROW_IRQS_OFF, \
	  "%s %s needs interrupts on, in %s %s they are off" }, \
	{ KMB_ROW_NOLOCK, KMB_ROW_LOCKS, "%s %s cannot honour %s %s" }, \
}

/**
 * struct kmb_row - one row of a table
 * @table: (in) enum kmb_table.
 * @index: (in) row, below kmb_info.nr_rows[table].
 * @flags: (out) KMB_ROW_*.
 * @rank: (out) how far the row is from the most common use, 0 and up; the sum
 *	over the rows of a cell says in which profiles it is.
 * @value: (out) see enum kmb_table.
 * @min_size: (out) smallest size of a scenario or of a kind of memory, bytes.
 * @max_size: (out) largest size of a scenario, bytes.
 * @min_cpus: (out) fewest processors of a scenario.
 * @max_cpus: (out) most processors of a scenario.
 * @name: (out) as a user types it.
 * @text: (out) what the row shows, one line.
 */
struct kmb_row {
	__u32 table;
	__u32 index;
	__u32 flags;
	__u32 rank;
	__u64 value;
	__u64 min_size;
	__u64 max_size;
	__u32 min_cpus;
	__u32 max_cpus;
	char name[KMB_NAME_LEN];
	char text[KMB_TEXT_LEN];
};

/**
 * struct kmb_stats - the exact part of a series of samples
 * @count: (out) samples.
 * @sum: (out) their sum, ticks.
 * @min: (out) smallest, ticks; all ones where @count is 0.
 * @max: (out) largest, ticks; 0 where @count is 0.
 */
struct kmb_stats {
	__u64 count;
	__u64 sum;
	__u64 min;
	__u64 max;
};

/**
 * struct kmb_together - what threads on several CPUs did, by what they saw
 *
 * Of all series of a run, the least good, but for @at_once. All 0 where a scenario
 * has no threads.
 *
 * @series: (out) of operations, each by new threads: warm-up, samples, mean-loop; 0 to
 *	3.
 * @alloc_cpus: (out) different CPUs on which objects were allocated, the fewest;
 *	of a crowd as many as it has.
 * @free_cpus: (out) on which they were freed, likewise.
 * @met: (out) threads that had come to the rendezvous when one of them began, the
 *	fewest: all of them.
 * @gone: (out) threads that had gone when another one was done with its share, the
 *	most; of a crowd 0.
 * @at_once: (out) threads of a crowd that were in a batch at the same time, the
 *	most; 0 of others.
 * @freed_elsewhere: (out) of kmb_run.frees, those on another CPU than the one
 *	that allocated; of a ring, and of a task that migrates, all.
 */
struct kmb_together {
	__u32 series;
	__u32 alloc_cpus;
	__u32 free_cpus;
	__u32 met;
	__u32 gone;
	__u32 at_once;
	__u64 freed_elsewhere;
};

/* Only check the request; nothing is measured. */
#define KMB_RUN_CHECK		(1U << 0)

/**
 * struct kmb_run - measure one cell, on the calling CPU first of all
 * @scenario: (in) row of KMB_TABLE_SCENARIO.
 * @context: (in) row of KMB_TABLE_CONTEXT.
 * @gfp: (in) row of KMB_TABLE_GFP.
 * @cpus: (in) row of KMB_TABLE_CPUS; the calling CPU is the first of them.
 * @iterations: (in) samples to take on each CPU, 1 to max_iterations; of a
 *	scenario with KMB_ROW_WHOLE a multiple of its value.
 * @warmup: (in) operations before the first sample, 0 to max_iterations;
 *	likewise.
 * @flags: (in) KMB_RUN_*.
 * @share: (in) how much of the memory that is available may be held at once,
 *	per cent, 1 to 90.
 * @pad: (in) 0.
 * @samplers: (out) how many CPUs took samples, @iterations each.
 * @size: (in) bytes of each object, 1 to kmb_info.max_size.
 * @histogram: (in) address of KMB_HIST_BUCKETS __u64, which receive the
 *	count of each bucket (ticks); 0: no histogram is wanted.
 * @failures: (in) likewise, for operations whose allocation returned NULL.
 * @mean_failed: (out) the same of the mean-loop.
 * @allocs: (out) calls that allocate, in all that this ioctl did; of a scenario
 *	with KMB_ROW_COUNTED, else of no meaning.
 * @frees: (out) calls that free, likewise.
 * @held: (out) bytes of objects that may be held at once, but for up to 256 of them
 *	before the first sample, from which one is chosen.
 * @vmalloced: (out) of a scenario with KMB_ROW_AT_ONCE, objects that vmalloc() had to
 *	provide; of others 0.
 * @op: (out) the operation, raw: what @empty shows is contained in it.
 * @failed: (out) operations whose allocation returned NULL; they are not
 *	in @op. @failed.count + @op.count is @iterations * @samplers.
 * @mean: (out) the mean-loop: the same operations between two readings of the
 *	clock for many; @count operations took @sum ticks, @min and @max are of
 *	the mean of a batch. @count is 0 where a scenario has no such loop.
 * @empty: (out) the same loop as for @op around no operation: what the clock
 *	adds to every sample. Not subtracted from @op.
 * @clock: (out) reading the clock: each sample is the mean of a run of
 *	consecutive readings.
 * @record: (out) taking one sample of nothing and recording it: each sample is
 *	the mean of a run of them.
 * @together: (out) what several CPUs did; where it is not what the scenario is, the
 *	ioctl fails with EIO.
 * @why: (out) where the ioctl fails: which field is wrong, its value, and what
 *	would be right, one line; empty if that is not known.
 *
 * Errors: EPROTO no hello; EINVAL a field is out of its range, or does not go
 * with another one; EFAULT @histogram; EOPNOTSUPP a row is not legal on this
 * kernel; ENOSPC @share of the available memory is less than would be held; EINTR a signal
 * came; EBUSY another run is under way; ENOMEM no memory for the module's own
 * needs; ENODEV fewer CPUs are online than asked for; EIO the context was not
 * reached, or several CPUs did not do what the scenario is.
 */
struct kmb_run {
	__u32 scenario;
	__u32 context;
	__u32 gfp;
	__u32 cpus;
	__u32 iterations;
	__u32 warmup;
	__u32 flags;
	__u32 share;
	__u32 pad;
	__u32 samplers;
	__u64 size;
	__u64 histogram;
	__u64 failures;
	__u64 mean_failed;
	__u64 allocs;
	__u64 frees;
	__u64 held;
	__u64 vmalloced;
	struct kmb_stats op;
	struct kmb_stats failed;
	struct kmb_stats mean;
	struct kmb_stats empty;
	struct kmb_stats clock;
	struct kmb_stats record;
	struct kmb_together together;
	char why[KMB_TEXT_LEN];
};

/* kmb_footprint.flags: fill up slabs that others use a part of, before. */
#define KMB_FOOTPRINT_FILL	(1U << 0)

/**
 * struct kmb_footprint - what objects of one kind occupy
 * @gfp: (in) row of KMB_TABLE_GFP, allocated in process context.
 * @objects: (in) how many to hold for a moment, 1 to max_footprint.
 * @share: (in) as in struct kmb_run.
 * @flags: (in) 0, or KMB_FOOTPRINT_FILL.
 * @size: (in) bytes of each object, 1 to kmb_info.max_size.
 * @held: (out) objects that were there.
 * @blocks: (out) slabs, or blocks of the page allocator, that they lay in.
 * @bytes: (out) bytes of these, other objects in them included.
 * @why: (out) as in struct kmb_run.
 *
 * Slabs are filled up within @share and 8 MiB, and stay so until the next such ioctl, or
 * until the file is closed: what is run meanwhile begins with none of which others use a
 * part. Kernels with sheaves (7.0 and later) have them back at once.
 *
 * Errors: as of struct kmb_run.
 */
struct kmb_footprint {
	__u32 gfp;
	__u32 objects;
	__u32 share;
	__u32 flags;
	__u64 size;
	__u64 held;
	__u64 blocks;
	__u64 bytes;
	char why[KMB_TEXT_LEN];
};

/**
 * struct kmb_model - who modelled the TLB
 * @answers: (out) commands that a model carried out; 0: there is none, and all
 *	counts are 0.
 * @levels: (out) as in struct kmb_tlb_mailbox.
 * @geometry: (out) likewise.
 */
struct kmb_model {
	__u32 answers;
	__u32 levels;
	char geometry[KMB_TLB_NAME_LEN];
};

/**
 * struct kmb_walk - walk over memory, a load in each page, interrupts off
 * @kind: (in) row of KMB_TABLE_KIND.
 * @pattern: (in) row of KMB_TABLE_PATTERN.
 * @bytes: (in) how much memory: from kmb_row.min_size of the kind to 1 GiB; a
 *	multiple of the page size, or of the blocks of a kind that is made of such.
 * @passes: (in) how often all pages are loaded from while it is measured, from 1;
 *	with @warmup, no more than 1048576 loads.
 * @warmup: (in) passes before, from 0.
 * @share: (in) as in struct kmb_run.
 * @seed: (in) of the walk's order, where it is random.
 * @flags: (in) KMB_WALK_FLAGS, or some of them.
 * @is_mapped: (out) whether @mapped could be read, and was to be; 0 or 1.
 * @loads: (out) while it was measured: @passes, each of all pages.
 * @ticks: (out) that these took, with two markers and one reading of the clock, of
 *	kmb_info.clock.
 * @mapped: (out) how the memory was mapped.
 * @model: (out) of the TLB.
 * @counts: (out) of the model, while it was measured.
 * @events: (out) of the PMU, from before @warmup until after the walk; all 0 without
 *	KMB_WALK_COUNT.
 * @why: (out) as in struct kmb_run.
 *
 * Errors: as of struct kmb_run.
 */
struct kmb_walk {
	__u32 kind;
	__u32 pattern;
	__u64 bytes;
	__u32 passes;
	__u32 warmup;
	__u32 share;
	__u32 seed;
	__u64 loads;
	__u64 ticks;
	struct kmb_mapped mapped;
	__u32 is_mapped;
	__u32 flags;
	struct kmb_model model;
	struct kmb_tlb_counts counts;
	struct kmb_count events[KMB_EVENTS];
	char why[KMB_TEXT_LEN];
};

/* Pairs of kmb_touch: each call with an empty TLB; with what it holds after a pair. */
#define KMB_TOUCH_EMPTY		0
#define KMB_TOUCH_WARM		1
#define KMB_TOUCH_PAIRS		2

/**
 * struct kmb_touch - what memory one kmalloc() and one kfree() touch
 * @size: (in) bytes of the object, 1 to kmb_info.max_size.
 * @pad: (in) 0.
 * @model: (out) of the TLB.
 * @alloc: (out) of kmalloc(size, GFP_ATOMIC), interrupts off, by pair.
 * @free: (out) of kfree(), likewise.
 * @why: (out) as in struct kmb_run.
 *
 * Errors: as of struct kmb_run.
 */
struct kmb_touch {
	__u64 size;
	__u64 pad;
	struct kmb_model model;
	struct kmb_tlb_counts alloc[KMB_TOUCH_PAIRS];
	struct kmb_tlb_counts free[KMB_TOUCH_PAIRS];
	char why[KMB_TEXT_LEN];
};

/**
 * struct kmb_lend - allocate memory of a kind, for the next mmap() of this file
 * @kind: (in) row of KMB_TABLE_KIND.
 * @share: (in) as in struct kmb_run.
 * @bytes: (in) how much, as in struct kmb_walk.
 * @frames: (in) address of a __u64 for each page, which receive the numbers of the
 *	frames, as the kernel's page tables have them, all ones where they could not be
 *	read; 0: they are not wanted.
 * @is_mapped: (out) whether @mapped could be read; 0 or 1.
 * @pad: (in) 0.
 * @mapped: (out) how the kernel has mapped it.
 * @why: (out) as in struct kmb_run.
 *
 * That mmap() is MAP_SHARED, of @bytes at offset 0, of a file that is open for reading
 * and writing. The pages are in the order of the buffer; the first __u64 of page i is
 * i, all else is 0. The memory is given back when the last mapping of it is gone; or,
 * if it was not mapped, by the next such ioctl on this file, or when that is closed.
 * It is not inherited by fork(), and a mapping of it cannot grow.
 *
 * mmap() answers ENXIO where nothing was lent, EINVAL where it asks for another length or
 * offset, or for a private mapping.
 *
 * Errors: as of struct kmb_run.
 */
struct kmb_lend {
	__u32 kind;
	__u32 share;
	__u64 bytes;
	__u64 frames;
	__u32 is_mapped;
	__u32 pad;
	struct kmb_mapped mapped;
	char why[KMB_TEXT_LEN];
};

/* An index of 1, which is in millionths; and how far the one that is reached may be off. */
#define KMB_FRAG_ONE		1000000U
#define KMB_FRAG_TOLERANCE	20000U

/**
 * struct kmb_level - how fragmented free memory is, for blocks of an order
 *
 * Of all zones that GFP_KERNEL is served from, together, as /proc/buddyinfo has
 * them. What each CPU keeps for itself is not in there.
 *
 * @free: (out) free pages.
 * @suitable: (out) blocks of the order that these contain.
 * @index: (out) the unusable free space index: the part of the free pages that is
 *	in no such block, millionths.
 * @pad: (out) 0.
 */
struct kmb_level {
	__u64 free;
	__u64 suitable;
	__u32 index;
	__u32 pad;
};

/* Only check the request; no memory is taken. */
#define KMB_FRAG_CHECK		(1U << 0)

/**
 * struct kmb_frag - fragment free memory, until the open file is closed
 *
 * Of so many blocks of the order one page each is held, by the kernel, and the rest
 * is free. Nothing can move these pages.
 *
 * @order: (in) of the blocks, 1 to the largest of the page allocator.
 * @index: (in) the unusable free space index to reach, 0 to KMB_FRAG_ONE.
 * @spread: (in) row of KMB_TABLE_SPREAD.
 * @share: (in) how much of the free memory may be held at once, per cent, 1 to 90: for
 *	a moment, to choose blocks from. Where it is too little to choose all of them,
 *	the page allocator chooses the rest.
 * @flags: (in) KMB_FRAG_*.
 * @pad: (in) 0.
 * @seed: (in) of the spread, where it is random.
 * @reserve: (in) bytes that stay free at any moment, from the sum of the zones' high
 *	watermarks on; 0: that sum. (out) what it was.
 * @before: (out) the level that was found.
 * @after: (out) the level that was reached; of a check, all 0.
 * @least: (out) the lowest index that can be reached, that is the one found.
 * @most: (out) the highest one, with this share and this reserve.
 * @taken: (out) blocks that were held to choose from.
 * @broken: (out) blocks that were chosen of these.
 * @added: (out) blocks broken after that, as the level was read back too low.
 * @mended: (out) blocks made whole again, as it was read back too high.
 * @held: (out) pages that are held now, beside a block of pageblock_order in each zone.
 * @why: (out) as in struct kmb_run.
 *
 * Errors: EPROTO no hello; EINVAL a field is out of its range; EOPNOTSUPP this kernel
 * has no CONFIG_CONTIG_ALLOC; ERANGE the index cannot be reached within
 * KMB_FRAG_TOLERANCE; ENOSPC @reserve is more than there is; EBUSY an open file
 * fragments memory already, or a run is under way; EINTR a signal came; ENOMEM no memory for the module's own needs. After each of them nothing is held.
 */
struct kmb_frag {
	__u32 order;
	__u32 index;
	__u32 spread;
	__u32 share;
	__u32 flags;
	__u32 pad;
	__u64 seed;
	__u64 reserve;
	struct kmb_level before;
	struct kmb_level after;
	__u32 least;
	__u32 most;
	__u64 taken;
	__u64 broken;
	__u64 added;
	__u64 mended;
	__u64 held;
	char why[KMB_TEXT_LEN];
};

#define KMB_IOC_MAGIC		0xcb
/* Stays as it is for ever, so that unequal versions can say so. */
#define KMB_IOC_HELLO		_IOWR(KMB_IOC_MAGIC, 0, struct kmb_hello)
#define KMB_IOC_GET_INFO	_IOR(KMB_IOC_MAGIC, 1, struct kmb_info)
#define KMB_IOC_GET_ROW		_IOWR(KMB_IOC_MAGIC, 2, struct kmb_row)
#define KMB_IOC_RUN		_IOWR(KMB_IOC_MAGIC, 3, struct kmb_run)
#define KMB_IOC_FOOTPRINT	_IOWR(KMB_IOC_MAGIC, 4, struct kmb_footprint)
#define KMB_IOC_WALK		_IOWR(KMB_IOC_MAGIC, 5, struct kmb_walk)
#define KMB_IOC_TOUCH		_IOWR(KMB_IOC_MAGIC, 6, struct kmb_touch)
#define KMB_IOC_LEND		_IOWR(KMB_IOC_MAGIC, 7, struct kmb_lend)
#define KMB_IOC_FRAG		_IOWR(KMB_IOC_MAGIC, 8, struct kmb_frag)
#define KMB_IOC_LOOK		_IOWR(KMB_IOC_MAGIC, 9, struct kmb_look)

#endif /* _UAPI_KMBENCH_H */
