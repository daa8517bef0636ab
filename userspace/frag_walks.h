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

/**
 * struct frag_walks - walks at a level
 * @kernel: over memory of the kernel, of each kind.
 * @user: over memory of this process, for which huge pages are wanted or not.
 */
struct frag_walks {
	struct tlb_walks kernel;
	struct chase user;
};

int frag_walks__run(struct frag_walks *walks, const struct device *device, uint64_t bytes,
		    bool (*stopped)(void));
json_t *frag_walks__kernel_json(const struct frag_walks *walks);
json_t *frag_walks__user_json(const struct frag_walks *walks);
void frag_walks__free(struct frag_walks *walks);

#endif /* KMBENCH_FRAG_WALKS_H */
