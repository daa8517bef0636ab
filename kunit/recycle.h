/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Does memory that was freed come back?
 */
#ifndef _KMBENCH_RECYCLE_H
#define _KMBENCH_RECYCLE_H

#include <kunit/test.h>
#include <linux/gfp.h>
#include <linux/minmax.h>
#include <linux/sizes.h>

#include "counters.h"
#include "objects.h"

/*
 * Bytes to take and free in a case that counts pages: much more than the objects
 * that a CPU and a node have at hand, which are the larger the larger a page.
 */
#define KMB_VOLUME	max_t(unsigned long, SZ_16M, SZ_1K * PAGE_SIZE)

/* Frees all objects of an array. */
typedef void kmb_give_back_fn(void **objects, unsigned int nr);

unsigned int kmb_count_back(const struct kmb_objects *held,
			    const struct kmb_objects *were);
bool kmb_comes_back(struct kunit *test,
		    void *(*alloc)(size_t bytes, gfp_t flags), size_t bytes,
		    kmb_give_back_fn *give_back);

long kmb_lost_since(const struct kmb_counters *before);
bool kmb_is_lost(long pages);

#endif /* _KMBENCH_RECYCLE_H */
