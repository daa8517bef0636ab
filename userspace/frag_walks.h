/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What walking over memory costs that was allocated at a level of fragmentation.
 */
#ifndef KMBENCH_FRAG_WALKS_H
#define KMBENCH_FRAG_WALKS_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "chase.h"
#include "device.h"
#include "tlb_walks.h"

#define FRAG_WALKS_KERNEL	3
#define FRAG_WALKS_USER		2

/**
 * struct frag_walks - walks at a level
 * @nr_kernel: of @kernel that were begun.
 * @kernel: over memory of the kernel, one of each kind.
 * @kernel_reached: the unusable free space index just before each, millionths.
 * @nr_user: of @user that were begun.
 * @user: over memory of this process, for which huge pages are wanted or not.
 * @user_reached: as @kernel_reached.
 */
struct frag_walks {
	uint32_t nr_kernel;
	struct tlb_walks kernel[FRAG_WALKS_KERNEL];
	uint32_t kernel_reached[FRAG_WALKS_KERNEL];
	uint32_t nr_user;
	struct chase user[FRAG_WALKS_USER];
	uint32_t user_reached[FRAG_WALKS_USER];
};

/**
 * struct frag_walks_options - what to walk over
 * @device: the file that holds the level.
 * @order: of the level.
 * @bytes: how much memory of each kind; rounded down to 2 MiB, but for 0.
 * @stopped: asked before each walk; true ends all.
 */
struct frag_walks_options {
	const struct device *device;
	uint32_t order;
	uint64_t bytes;
	bool (*stopped)(void);
};

uint64_t frag_walks__bytes(uint64_t wanted);
int frag_walks__run(struct frag_walks *walks, const struct frag_walks_options *options);
json_t *frag_walks__kernel_json(const struct frag_walks *walks);
json_t *frag_walks__user_json(const struct frag_walks *walks);
void frag_walks__free(struct frag_walks *walks);

#endif /* KMBENCH_FRAG_WALKS_H */
