/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the kernel counts of its memory, and how much of it a piece of code
 * keeps: the detector of leaks.
 */
#ifndef _KMBENCH_COUNTERS_H
#define _KMBENCH_COUNTERS_H

#include <kunit/test.h>
#include <linux/types.h>

/**
 * struct kmb_counters - pages of the whole machine at one moment
 * @free: not in use, including those that CPUs keep at hand.
 * @unreclaimable: of slabs, and of large objects of kmalloc().
 * @reclaimable: of slabs that a shrinker can empty.
 */
struct kmb_counters {
	long free;
	long unreclaimable;
	long reclaimable;
};

void kmb_counters_read(struct kmb_counters *now);
void kmb_counters_settle(size_t bytes, struct kmb_counters *now);
long kmb_counters_lost(const struct kmb_counters *before,
		       const struct kmb_counters *after);
long kmb_pages_lost(size_t bytes, long tolerated, void (*churn)(void *arg),
		    void *arg);
long kmb_reserves_used(void);
unsigned long kmb_reserves(void);
void kmb_pages_or_skip(struct kunit *test);

#endif /* _KMBENCH_COUNTERS_H */
