/* SPDX-License-Identifier: GPL-2.0 */
/*
 * How much the module takes at once, whatever it is asked for.
 */
#ifndef _KMBENCH_LIMITS_H
#define _KMBENCH_LIMITS_H

#include <linux/sizes.h>

/* Operations in one batch, unless a scenario says another number. */
#define KMB_BATCH		64
/* Operations in one batch at most: what an interrupt may be kept busy with. */
#define KMB_MAX_BATCH		1024
/* Bytes that a batch holds at once, unless a single object is larger. */
#define KMB_MAX_BATCH_BYTES	SZ_8M
/* Objects of one bulk. */
#define KMB_BULK		16
/* Objects that may be between two CPUs. */
#define KMB_MAX_RING		256
/* Samples of one run, on each CPU. */
#define KMB_MAX_ITERATIONS	1000000
/* Objects that are held to see what they occupy. */
#define KMB_MAX_FOOTPRINT	4096
/* Objects that fill up partly used slabs; not more than KMB_MAX_BATCH_BYTES either. */
#define KMB_MAX_PARTIALS	16384
/* Bytes to walk over. */
#define KMB_MAX_WALK_BYTES	SZ_1G
/*
 * Loads of a walk, warm-up included: interrupts are off meanwhile, half a second
 * where each load misses all caches and each level of a nested page walk, too.
 */
#define KMB_MAX_WALK_LOADS	SZ_1M
/* Consecutive readings whose mean is one sample of the clock's cost. */
#define KMB_CLOCK_READINGS	64
/* Samples of the clock's cost. */
#define KMB_CLOCK_SAMPLES	16
/* Ticks of the delay that is planted to test the measurement. */
#define KMB_DELAY		1000
/* Per cent of the available memory that a run may be allowed to hold. */
#define KMB_MAX_SHARE		90

#endif /* _KMBENCH_LIMITS_H */
