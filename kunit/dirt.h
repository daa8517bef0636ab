/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Memory that was written before it is given out again, as fresh memory is
 * often zero by chance.
 */
#ifndef _KMBENCH_DIRT_H
#define _KMBENCH_DIRT_H

#include <kunit/test.h>
#include <linux/gfp.h>
#include <linux/types.h>

#include "objects.h"

/* Handfuls to try until an object comes back. */
#define KMB_TRIES	8

#define KMB_DIRT	0xa5

void kmb_dirt_report(struct kunit *test);
void kmb_flag_or_skip(struct kunit *test);
void kmb_dirt_or_skip(struct kunit *test);
void kmb_dirty(struct kunit *test, void *(*alloc)(size_t bytes, gfp_t flags),
	       size_t bytes, gfp_t flags, struct kmb_objects *were);
const u8 *kmb_find_dirt(const struct kmb_objects *held, unsigned int i);

#endif /* _KMBENCH_DIRT_H */
