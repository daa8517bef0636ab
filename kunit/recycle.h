/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Does memory that was freed come back?
 */
#ifndef _KMBENCH_RECYCLE_H
#define _KMBENCH_RECYCLE_H

#include <kunit/test.h>
#include <linux/gfp.h>
#include <linux/mm.h>
#include <linux/vmstat.h>

#include "objects.h"

/* Frees all objects of an array. */
typedef void kmb_give_back_fn(void **objects, unsigned int nr);

unsigned int kmb_count_back(const struct kmb_objects *held,
			    const struct kmb_objects *were);
bool kmb_comes_back(struct kunit *test,
		    void *(*alloc)(size_t bytes, gfp_t flags), size_t bytes,
		    kmb_give_back_fn *give_back);

/* Pages that the page allocator has; those in the lists of a CPU are not in. */
static inline long kmb_free_pages(void)
{
	return global_zone_page_state(NR_FREE_PAGES);
}

/* Pages of all slabs and large objects that cannot be reclaimed. */
static inline long kmb_slab_pages(void)
{
	return global_node_page_state_pages(NR_SLAB_UNRECLAIMABLE_B);
}

#endif /* _KMBENCH_RECYCLE_H */
