/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Walks in user space over memory of each kind: which to do, and what came of them.
 */
#ifndef KMBENCH_CHASE_H
#define KMBENCH_CHASE_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "system.h"
#include "user_clock.h"
#include "user_counts.h"
#include "user_mapping.h"
#include "user_model.h"
#include "user_walk.h"

/**
 * struct chase_options - how much to walk
 * @kind: glob of kinds of memory.
 * @pattern: glob of patterns.
 * @min_bytes: smallest footprint, bytes, from a page.
 * @max_bytes: no larger one, at least @min_bytes.
 * @laps: how often each walk is timed.
 * @doubled: each footprint is the double of the one before; else there are four from
 *	one to its double.
 * @paged: only kinds that have a line in each page.
 * @partly: also memory that is only in part in the huge pages that it was to be in.
 * @passes: that the model of a TLB counts.
 * @warmup: passes before them, from an empty TLB.
 * @stopped: asked before each walk; true ends all.
 * @next: told of each walk before it, counted from 0; NULL: nobody is.
 */
struct chase_options {
	const char *kind;
	const char *pattern;
	uint64_t min_bytes;
	uint64_t max_bytes;
	uint32_t laps;
	bool doubled;
	bool paged;
	bool partly;
	uint32_t passes;
	uint32_t warmup;
	bool (*stopped)(void);
	void (*next)(size_t nr, size_t total, const char *kind, uint64_t bytes);
};

/**
 * struct chase_walk - one of them
 * @kind: of memory.
 * @pattern: the order in which lines are taken.
 * @lines: lines in a pass.
 * @held_bytes: memory that they took.
 * @loads: loads in a lap.
 * @laps: what was timed, as many as were asked for.
 * @mapping: how the memory was mapped.
 * @before: the kernel's map of all memory before that was allocated.
 * @after: likewise after it was freed.
 * @counts: what the PMU counted, of laps that are not among @laps.
 * @modelled: what a model of a TLB says of as many passes as were asked for.
 * @why: why there is nothing of all this, a line; empty where there is.
 */
struct chase_walk {
	const struct user_kind *kind;
	const struct user_pattern *pattern;
	uint32_t lines;
	uint64_t held_bytes;
	uint64_t loads;
	struct user_lap *laps;
	struct user_mapping mapping;
	struct direct_map before, after;
	struct user_counts counts;
	struct user_modelled modelled;
	char why[USER_WHY_LEN];
};

/**
 * struct chase - all of them, by kind, pattern and footprint
 * @options: how much.
 * @nr: how many walks.
 * @walks: these.
 * @events: what there is to count.
 * @cpu: on which it was walked.
 * @clock_hz: ticks of the clock in a second.
 */
struct chase {
	struct chase_options options;
	size_t nr;
	struct chase_walk *walks;
	struct pmu_events events;
	int cpu;
	uint64_t clock_hz;
};

int chase__select(struct chase *chase, const struct chase_options *options);
int chase__run(struct chase *chase);
uint64_t chase_walk__fastest(const struct user_lap *laps, uint32_t nr);
json_t *chase_walk__json(const struct chase *chase, const struct chase_walk *walk);
void chase__free(struct chase *chase);

#endif /* KMBENCH_CHASE_H */
