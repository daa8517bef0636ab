/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A level of fragmentation: asked for, reached, verified, undone.
 */
#ifndef KMBENCH_FRAG_LEVEL_H
#define KMBENCH_FRAG_LEVEL_H

#include <stdbool.h>
#include <stdint.h>

#include "device.h"
#include "free_blocks.h"
#include "user_inducer.h"

/**
 * struct frag_options - how to reach levels
 * @device: path of the device; NULL: by memory of this process, without the module.
 * @order: of the blocks.
 * @spread: row of KMB_TABLE_SPREAD.
 * @share: per cent of the free memory that may be held at once.
 * @reserve: bytes that stay free; 0: as many as have to.
 * @seed: of the spread.
 * @movable: what memory of this process breaks; without the module, of all blocks.
 */
struct frag_options {
	const char *device;
	uint32_t order;
	uint32_t spread;
	uint32_t share;
	uint64_t reserve;
	uint64_t seed;
	struct user_part movable;
};

/**
 * struct frag_level - one level
 * @holder: the open file that holds it.
 * @user: what this process holds.
 * @part: how it reached its part; all 0: it has none.
 * @moved: pages of @user that were moved since, when the level was read last.
 * @err: 0, or why it was not reached: a negative error.
 * @answer: the module's.
 * @reached: the unusable free space index once it was, by /proc/buddyinfo, millionths.
 * @now: the same when the level was read last.
 * @extfrag: the external fragmentation index, thousandths, when the level was read last.
 * @seconds: that it took.
 * @free_before: free pages before, by /proc/buddyinfo.
 * @free_after: and once it was undone.
 */
struct frag_level {
	struct device holder;
	struct user_inducer user;
	struct kmb_frag part;
	uint64_t moved;
	int err;
	struct kmb_frag answer;
	uint32_t reached;
	uint32_t now;
	int extfrag;
	double seconds;
	uint64_t free_before;
	uint64_t free_after;
};

int frag_level__parse(const char *text, uint32_t *index);
int frag_level__reach(struct frag_level *level, uint32_t index,
		      const struct frag_options *options);
bool frag_level__is_reached(const struct frag_level *level);
bool frag_level__holds(const struct frag_level *level);
const struct kmb_level *frag_level__before(const struct frag_level *level);
int frag_level__now(uint32_t order, uint32_t *index);
int frag_level__read(struct frag_level *level);
int frag_level__undo(struct frag_level *level);

#endif /* KMBENCH_FRAG_LEVEL_H */
