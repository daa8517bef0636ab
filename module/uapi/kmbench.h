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

/* Raised whenever anything in this file changes its meaning or layout. */
#define KMB_ABI_VERSION		1

#define KMB_DEVICE_NAME		"kmbench"
#define KMB_NAME_LEN		32
#define KMB_TEXT_LEN		96

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
 * @KMB_TABLE_SCENARIO: what is timed; value: 0.
 * @KMB_TABLE_CONTEXT: where it runs; value: 0.
 * @KMB_TABLE_GFP: with which flags; value: the flags as this kernel numbers
 *	them.
 * @KMB_TABLE_SIZE: of how many bytes; value: the size in bytes.
 * @KMB_NR_TABLES: how many tables there are.
 */
enum kmb_table {
	KMB_TABLE_SCENARIO,
	KMB_TABLE_CONTEXT,
	KMB_TABLE_GFP,
	KMB_TABLE_SIZE,
	KMB_NR_TABLES,
};

/**
 * struct kmb_info - what this module, on this kernel, offers
 * @nr_rows: (out) rows in each table, indexed by enum kmb_table.
 * @hist_buckets: (out) KMB_HIST_BUCKETS.
 * @max_iterations: (out) upper limit of kmb_run.iterations and .warmup.
 * @pad: (out) 0.
 * @max_size: (out) KMALLOC_MAX_SIZE, bytes.
 * @min_align: (out) ARCH_KMALLOC_MINALIGN, bytes.
 * @clock_hz: (out) ticks per second of the clock that times; 0: not known.
 * @clock: (out) name of that clock.
 */
struct kmb_info {
	__u32 nr_rows[KMB_NR_TABLES];
	__u32 hist_buckets;
	__u32 max_iterations;
	__u64 pad;
	__u64 max_size;
	__u64 min_align;
	__u64 clock_hz;
	char clock[KMB_NAME_LEN];
};

/* The row needs a caller that may sleep, or a context in which one may. */
#define KMB_ROW_SLEEPS		(1U << 0)
/* The row is a context in which nothing may sleep. */
#define KMB_ROW_ATOMIC		(1U << 1)
/* The row is not legal on this kernel (an interrupt under PREEMPT_RT). */
#define KMB_ROW_ILLEGAL		(1U << 2)

/**
 * struct kmb_row - one row of a table
 * @table: (in) enum kmb_table.
 * @index: (in) row, below kmb_info.nr_rows[table].
 * @flags: (out) KMB_ROW_*.
 * @pad: (in) 0.
 * @value: (out) see enum kmb_table.
 * @name: (out) as a user types it.
 * @text: (out) what the row shows, one line.
 */
struct kmb_row {
	__u32 table;
	__u32 index;
	__u32 flags;
	__u32 pad;
	__u64 value;
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
 * struct kmb_run - measure one cell on the calling CPU
 * @scenario: (in) row of KMB_TABLE_SCENARIO.
 * @context: (in) row of KMB_TABLE_CONTEXT.
 * @gfp: (in) row of KMB_TABLE_GFP.
 * @iterations: (in) samples to take, 1 to kmb_info.max_iterations.
 * @warmup: (in) operations before the first sample, 0 to max_iterations.
 * @pad: (in) 0.
 * @size: (in) bytes of each object, 1 to kmb_info.max_size.
 * @histogram: (in) address of KMB_HIST_BUCKETS __u64, which receive the
 *	count of each bucket (ticks); 0: no histogram is wanted.
 * @failed: (out) operations whose allocation returned NULL; they are not
 *	in @op. @failed + @op.count is @iterations.
 * @op: (out) the operation, raw: what @empty shows is contained in it.
 * @empty: (out) the same loop around no operation: what the clock adds to
 *	every sample. Not subtracted from @op.
 * @clock: (out) reading the clock: each sample is the mean of a run of
 *	consecutive readings.
 *
 * Errors: EPROTO no hello; EINVAL a field is out of its range, or @gfp may
 * sleep in a @context that may not; EFAULT @histogram; EOPNOTSUPP @context is
 * not legal on this kernel; EINTR a signal came; EBUSY another run is under
 * way; ENOMEM no memory for the histogram; EIO the context was not reached.
 */
struct kmb_run {
	__u32 scenario;
	__u32 context;
	__u32 gfp;
	__u32 iterations;
	__u32 warmup;
	__u32 pad;
	__u64 size;
	__u64 histogram;
	__u64 failed;
	struct kmb_stats op;
	struct kmb_stats empty;
	struct kmb_stats clock;
};

#define KMB_IOC_MAGIC		0xcb
/* Stays as it is for ever, so that unequal versions can say so. */
#define KMB_IOC_HELLO		_IOWR(KMB_IOC_MAGIC, 0, struct kmb_hello)
#define KMB_IOC_GET_INFO	_IOR(KMB_IOC_MAGIC, 1, struct kmb_info)
#define KMB_IOC_GET_ROW		_IOWR(KMB_IOC_MAGIC, 2, struct kmb_row)
#define KMB_IOC_RUN		_IOWR(KMB_IOC_MAGIC, 3, struct kmb_run)

#endif /* _UAPI_KMBENCH_H */
