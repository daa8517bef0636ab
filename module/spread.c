// SPDX-License-Identifier: GPL-2.0
/*
 * Which of many blocks are broken: so many of so many, in one pass over them.
 */
#include <linux/kernel.h>
#include <linux/math64.h>
#include <linux/string.h>

#include "spread.h"
#include "uapi/kmbench.h"

/* At equal distances; of every two blocks one, where half of them are wanted. */
static bool is_on_board(struct kmb_spread *spread)
{
	return div64_u64((spread->asked + 1) * spread->wanted, spread->all) >
	       spread->chosen;
}

/* Selection sampling: each set of so many blocks is as likely as any other. */
static bool is_drawn(struct kmb_spread *spread)
{
	u64 random = prandom_u32_state(&spread->random);
	u64 left = spread->all - spread->asked;

	return random * left >> 32 < spread->wanted - spread->chosen;
}

static bool is_in_cluster(struct kmb_spread *spread)
{
	return spread->chosen < spread->wanted;
}

static const struct {
	const char *name;
	const char *shows;
	bool (*breaks)(struct kmb_spread *spread);
} spreads[] = {
	{ "checkerboard", "broken blocks at equal distances", is_on_board },
	{ "random", "broken blocks drawn at random, by a seed", is_drawn },
	{ "clustered", "broken blocks side by side, at the lowest addresses", is_in_cluster },
};

/**
 * kmb_spreads() - how many there are
 *
 * Return: the rows of KMB_TABLE_SPREAD.
 */
u32 kmb_spreads(void)
{
	return ARRAY_SIZE(spreads);
}

/**
 * kmb_spread_row() - describe one
 * @row: of KMB_TABLE_SPREAD; its (out) fields are filled in.
 */
void kmb_spread_row(struct kmb_row *row)
{
	strscpy(row->name, spreads[row->index].name, sizeof(row->name));
	strscpy(row->text, spreads[row->index].shows, sizeof(row->text));
}

/**
 * kmb_spread_init() - begin to choose
 * @spread: to be filled.
 * @how: below kmb_spreads().
 * @all: blocks to choose from.
 * @wanted: how many are to be chosen, at most @all.
 * @seed: the same one chooses the same.
 */
void kmb_spread_init(struct kmb_spread *spread, u32 how, u64 all, u64 wanted,
		     u64 seed)
{
	*spread = (struct kmb_spread){ .how = how, .all = all, .wanted = wanted };
	prandom_seed_state(&spread->random, seed);
}

/**
 * kmb_spread_next() - whether the next block is chosen
 * @spread: of kmb_spread_init(); asked no more than @all times.
 *
 * Return: true, @wanted times of @all.
 */
bool kmb_spread_next(struct kmb_spread *spread)
{
	bool breaks = spreads[spread->how].breaks(spread);

	spread->asked++;
	spread->chosen += breaks;
	return breaks;
}
