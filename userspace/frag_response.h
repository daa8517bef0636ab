/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What kmalloc() does at a level of fragmentation: so many blocks of an order, held
 * at once; how many there were, and how long it took to get one, or none.
 */
#ifndef KMBENCH_FRAG_RESPONSE_H
#define KMBENCH_FRAG_RESPONSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "device.h"
#include "events.h"
#include "histogram.h"

/**
 * struct frag_demand - what is asked for
 * @order: of the level: blocks of at least this order are scarce.
 * @per_cent: of the free pages, that are to be held at once; as far as kmbench.ko
 *	holds so many objects.
 * @free: free pages at the level.
 */
struct frag_demand {
	uint32_t order;
	uint32_t per_cent;
	uint64_t free;
};

/**
 * struct frag_response - what came of it
 * @row: how it was asked for, by enum kmb_table: scenario, context and flags.
 * @order: of the blocks; their size is PAGE_SIZE << @order.
 * @reached: the unusable free space index just before, millionths.
 * @err: 0, or why there is none: a negative error.
 * @why: the same in words, where there are any.
 * @answer: the module's.
 * @got: how long each took that was there, ticks.
 * @failed: how long each took that was not.
 * @events: what the kernel did meanwhile.
 */
struct frag_response {
	const struct kmb_row *row[KMB_NR_CELL_TABLES];
	uint32_t order;
	uint32_t reached;
	int err;
	char why[KMB_TEXT_LEN];
	struct kmb_run answer;
	struct histogram *got;
	struct histogram *failed;
	struct events events;
};

/**
 * struct frag_responses - those of a level
 * @nr: how many.
 * @all: these, by the way they were asked for, then by order.
 */
struct frag_responses {
	size_t nr;
	struct frag_response *all;
};

uint32_t frag_response__objects(const struct frag_demand *demand, uint32_t order,
				uint32_t most);
int frag_responses__measure(struct frag_responses *responses, const struct device *device,
			    const struct frag_demand *demand, bool (*stopped)(void));
void frag_responses__free(struct frag_responses *responses);

#endif /* KMBENCH_FRAG_RESPONSE_H */
