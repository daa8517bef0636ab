/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Which of many blocks are broken.
 */
#ifndef _KMBENCH_SPREAD_H
#define _KMBENCH_SPREAD_H

#include <linux/prandom.h>
#include <linux/types.h>

struct kmb_row;

/**
 * struct kmb_spread - a choice of blocks, which are asked about by rising address
 * @how: row of KMB_TABLE_SPREAD.
 * @all: blocks to choose from.
 * @wanted: how many are to be chosen, at most @all.
 * @asked: blocks that were asked about.
 * @chosen: of these.
 * @random: of the spread that is random.
 */
struct kmb_spread {
	u32 how;
	u64 all;
	u64 wanted;
	u64 asked;
	u64 chosen;
	struct rnd_state random;
};

u32 kmb_spreads(void);
void kmb_spread_row(struct kmb_row *row);
void kmb_spread_init(struct kmb_spread *spread, u32 how, u64 all, u64 wanted,
		     u64 seed);
bool kmb_spread_next(struct kmb_spread *spread);

#endif /* _KMBENCH_SPREAD_H */
