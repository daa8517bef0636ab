/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Walks over memory of each kind: which to do, and what came of them.
 */
#ifndef KMBENCH_TLB_WALKS_H
#define KMBENCH_TLB_WALKS_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "device.h"
#include "system.h"
#include "tlb_events.h"

/**
 * struct tlb_walks_options - how much to walk
 * @kind: glob of kinds of memory.
 * @pattern: glob of patterns.
 * @min_bytes: smallest footprint, bytes; doubled as long as it is not above
 *	@max_bytes.
 * @max_bytes: the limit, at least @min_bytes.
 * @passes: that are measured.
 * @warmup: passes before.
 * @share: per cent of the available memory, as struct kmb_walk has it.
 * @stopped: asked before each walk; true ends all.
 * @next: told of each walk before it, counted from 0; NULL: nobody is.
 */
struct tlb_walks_options {
	const char *kind;
	const char *pattern;
	uint64_t min_bytes;
	uint64_t max_bytes;
	uint32_t passes;
	uint32_t warmup;
	uint32_t share;
	bool (*stopped)(void);
	void (*next)(size_t nr, size_t total, const char *kind, uint64_t bytes);
};

/**
 * struct tlb_walk - one of them
 * @kind: row of its kind of memory.
 * @pattern: row of the order in which its pages are taken.
 * @err: 0, or why there is no answer: the negative error of the ioctl.
 * @answer: the module's.
 * @before: the direct map before the memory was allocated.
 * @after: and after it was freed: a page of it may have been split meanwhile.
 * @events: what the PMU counted in walks of their own; only where @err is 0.
 */
struct tlb_walk {
	const struct kmb_row *kind;
	const struct kmb_row *pattern;
	int err;
	struct kmb_walk answer;
	struct direct_map before, after;
	struct tlb_events events;
};

/**
 * struct tlb_walks - all of them, by kind, pattern and footprint
 * @nr: how many.
 * @walks: these.
 */
struct tlb_walks {
	size_t nr;
	struct tlb_walk *walks;
};

int tlb_walks__select(struct tlb_walks *walks, const struct device *device,
		      const struct tlb_walks_options *options);
int tlb_walks__run(struct tlb_walks *walks, const struct device *device,
		   const struct tlb_walks_options *options,
		   const struct tlb_walk **failed);
json_t *tlb_walk__json(const struct tlb_walk *walk);
void tlb_walks__free(struct tlb_walks *walks);

#endif /* KMBENCH_TLB_WALKS_H */
