/* SPDX-License-Identifier: GPL-2.0 */
/*
 * How free memory recovers from a level of fragmentation, once that is undone.
 */
#ifndef KMBENCH_FRAG_RECOVERY_H
#define KMBENCH_FRAG_RECOVERY_H

#include <stdbool.h>
#include <stdint.h>

#include "events.h"

/* Seconds after which an index that is not back is taken not to come back. */
#define FRAG_RECOVERY_PATIENCE	2

/**
 * struct frag_recovery - how it went
 * @order: of the level.
 * @goal: the unusable free space index before the level, millionths.
 * @compact: whether to have the kernel compact all memory.
 * @released: the index just after the level was undone, millionths.
 * @index: the last one that was seen.
 * @back: whether it was within KMB_FRAG_TOLERANCE of @goal, or below it.
 * @seconds: until that was seen, or nobody waited any longer.
 * @work: what the kernel did meanwhile.
 */
struct frag_recovery {
	uint32_t order;
	uint32_t goal;
	bool compact;
	uint32_t released;
	uint32_t index;
	bool back;
	double seconds;
	struct events work;
};

void frag_recovery__print(const struct frag_recovery *recovery);
int frag_recovery__watch(struct frag_recovery *recovery);

#endif /* KMBENCH_FRAG_RECOVERY_H */
