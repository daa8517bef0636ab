/* SPDX-License-Identifier: GPL-2.0 */
/*
 * How large slabs are at a level of fragmentation.
 */
#ifndef KMBENCH_FRAG_SLABS_H
#define KMBENCH_FRAG_SLABS_H

#include <jansson.h>

#include "device.h"

/**
 * struct frag_slabs - slabs that many small objects lay in
 * @err: 0, or why that was not seen: a negative error.
 * @answer: the module's.
 */
struct frag_slabs {
	int err;
	struct kmb_footprint answer;
};

void frag_slabs__see(struct frag_slabs *slabs, const struct device *device);
void frag_slabs__print(const struct frag_slabs *slabs);
json_t *frag_slabs__json(const struct frag_slabs *slabs);

#endif /* KMBENCH_FRAG_SLABS_H */
