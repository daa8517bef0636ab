/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Free pages that a CPU keeps for itself.
 */
#ifndef _KMBENCH_KEPT_H
#define _KMBENCH_KEPT_H

#include <linux/gfp.h>

/* Zones of all nodes that are flushed, at most. */
#define KMB_KEPT_BLOCKS		16

/**
 * struct kmb_kept_block - a block of pages, each with a reference of its own
 * @page: the first one; NULL: there was none to be had.
 * @nid: of the node that it is taken from.
 * @zone: GFP zone flags with which it is.
 */
struct kmb_kept_block {
	struct page *page;
	int nid;
	gfp_t zone;
};

/**
 * struct kmb_kept - a block of each zone
 * @nr: how many.
 * @blocks: these.
 */
struct kmb_kept {
	u32 nr;
	struct kmb_kept_block blocks[KMB_KEPT_BLOCKS];
};

struct page *kmb_kept_take(u32 zone, u32 order);
u32 kmb_kept_zones(void);
void kmb_kept_init(struct kmb_kept *kept);
void kmb_kept_flush(struct kmb_kept *kept);
void kmb_kept_exit(struct kmb_kept *kept);

#endif /* _KMBENCH_KEPT_H */
