// SPDX-License-Identifier: GPL-2.0
/*
 * How large slabs are at a level of fragmentation. Where no block is left of the order
 * that the allocator would like, it makes smaller ones: what it counts of that only kernels
 * with SLUB_STATS have, but the blocks that objects lie in can be seen in each.
 */
#include <stdbool.h>
#include <stdio.h>

#include "frag_slabs.h"

/* Of several pages where they can be had; and so many that few slabs were there before. */
#define SIZE	1024
#define OBJECTS	1024

/**
 * frag_slabs__see() - hold many objects for a moment, and see which blocks they lie in
 * @slabs: to be filled.
 * @device: open and greeted.
 */
void frag_slabs__see(struct frag_slabs *slabs, const struct device *device)
{
	slabs->answer = (struct kmb_footprint){ .objects = OBJECTS, .size = SIZE, .share = 90 };
	slabs->err = device__footprint(device, &slabs->answer);
}

static bool is_seen(const struct frag_slabs *slabs)
{
	return !slabs->err && slabs->answer.blocks;
}

/**
 * frag_slabs__print() - tell a person how large they are
 * @slabs: of frag_slabs__see(), or all zero.
 */
void frag_slabs__print(const struct frag_slabs *slabs)
{
	const struct kmb_footprint *answer = &slabs->answer;

	if (is_seen(slabs))
		printf("  slabs of %llu objects of %llu bytes: %llu bytes each\n", answer->held,
		       answer->size, answer->bytes / answer->blocks);
}

/**
 * frag_slabs__json() - the same for a results file: "slabs" in results/schema.json
 * @slabs: of frag_slabs__see().
 *
 * Return: an object, the caller's; null: it was not seen.
 */
json_t *frag_slabs__json(const struct frag_slabs *slabs)
{
	const struct kmb_footprint *answer = &slabs->answer;

	if (!is_seen(slabs))
		return json_null();
	return json_pack("{s:I, s:I, s:I, s:I}", "size", (json_int_t)answer->size,
			 "objects", (json_int_t)answer->held, "slabs", (json_int_t)answer->blocks,
			 "bytes", (json_int_t)answer->bytes);
}
