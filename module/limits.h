/* SPDX-License-Identifier: GPL-2.0 */
/*
 * How much the module takes at once, whatever it is asked for.
 */
#ifndef _KMBENCH_LIMITS_H
#define _KMBENCH_LIMITS_H

#include <linux/sizes.h>

/* Operations in one batch: what an interrupt may be kept busy with. */
#define KMB_MAX_BATCH		64
/* Bytes that a batch holds at once, unless a single object is larger. */
#define KMB_MAX_BATCH_BYTES	SZ_8M
/* Samples of one run. */
#define KMB_MAX_ITERATIONS	1000000
/* Consecutive readings whose mean is one sample of the clock's cost. */
#define KMB_CLOCK_READINGS	64
/* Samples of the clock's cost. */
#define KMB_CLOCK_SAMPLES	16

#endif /* _KMBENCH_LIMITS_H */
