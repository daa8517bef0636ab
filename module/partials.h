/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Slabs of a kmalloc() cache of which others use a part.
 */
#ifndef _KMBENCH_PARTIALS_H
#define _KMBENCH_PARTIALS_H

#include <linux/gfp.h>
#include <linux/types.h>

/**
 * struct kmb_partials - objects that fill such slabs up
 * @newest: the last one; each begins with the address of the one before. NULL: none.
 * @nr: how many.
 */
struct kmb_partials {
	void *newest;
	u32 nr;
};

void kmb_partials_use_up(struct kmb_partials *partials, u64 size, gfp_t gfp, u64 bytes);
u32 kmb_partials_first_page(u64 size, gfp_t gfp);
void kmb_partials_give_back(struct kmb_partials *partials);

#endif /* _KMBENCH_PARTIALS_H */
