/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Free memory at a level of fragmentation, by migrate type.
 */
#ifndef KMBENCH_FRAG_TYPES_H
#define KMBENCH_FRAG_TYPES_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "pagetypeinfo.h"

/**
 * struct frag_type - what there is of a migrate type, in the zones of GFP_KERNEL
 * @name: the type.
 * @pages: free ones.
 * @suitable: blocks of the order that could be had.
 * @is_capped: the kernel stopped counting: there are more of both.
 * @pageblocks: of that type.
 */
struct frag_type {
	char name[PAGETYPE_NAME_LEN];
	uint64_t pages;
	uint64_t suitable;
	bool is_capped;
	uint64_t pageblocks;
};

/**
 * struct frag_types - of all
 * @err: 0, or why nothing is known: the negative error of pagetypeinfo__read().
 * @nr: how many.
 * @types: these, in the kernel's order.
 */
struct frag_types {
	int err;
	uint32_t nr;
	struct frag_type types[PAGETYPES];
};

void frag_types__read(struct frag_types *types, const char *root, uint32_t order);
json_t *frag_types__json(const struct frag_types *types);

#endif /* KMBENCH_FRAG_TYPES_H */
