/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Is memory that was freed given out again?
 */
#ifndef _KMBENCH_FREED_H
#define _KMBENCH_FREED_H

#include <kunit/test.h>
#include <linux/types.h>

#include "trip.h"

/**
 * struct kmb_freed - where objects were that are free by now
 * @at: their addresses, without tags; 0 for none.
 */
struct kmb_freed {
	unsigned long at[KMB_MAX_STOPS];
};

void kmb_freed_note(struct kmb_freed *freed, const struct kmb_trip *trip);
bool kmb_freed_comes_back(const struct kmb_freed *freed, size_t bytes,
			  void *(*alloc)(size_t bytes, gfp_t flags),
			  gfp_t flags);

#endif /* _KMBENCH_FREED_H */
