/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A walk in the kernel that the PMU counts: from within the module, and from without.
 */
#ifndef KMBENCH_TLB_EVENTS_H
#define KMBENCH_TLB_EVENTS_H

#include <stdbool.h>

#include "counters.h"
#include "device.h"

/**
 * enum tlb_events_state - how much of a walk is counted
 * @TLB_EVENTS_ONCE: one pass over all pages.
 * @TLB_EVENTS_AGAIN: as many as the walk has, with those before it. What those miss
 *	that follow the first is the difference, in which all that is around a walk falls
 *	away.
 * @TLB_EVENTS_STATES: how many there are.
 */
enum tlb_events_state {
	TLB_EVENTS_ONCE,
	TLB_EVENTS_AGAIN,
	TLB_EVENTS_STATES,
};

/**
 * struct tlb_events - what was counted
 * @why: nothing was counted, in one line; empty: all else is filled in.
 * @loads: in each walk.
 * @inside: by state and enum kmb_event, from before the walk until after it.
 * @outside: likewise, in the kernel, from before the ioctl until after it: also what
 *	the memory's allocation takes.
 */
struct tlb_events {
	char why[COUNTER_WHY_LEN];
	uint64_t loads[TLB_EVENTS_STATES];
	struct counter_value inside[TLB_EVENTS_STATES][KMB_EVENTS];
	struct counter_value outside[TLB_EVENTS_STATES][KMB_EVENTS];
};

const char *tlb_events__state(enum tlb_events_state state);
void tlb_events__count(struct tlb_events *events, const struct device *device,
		       const struct kmb_walk *walk, struct counters *counters);

#endif /* KMBENCH_TLB_EVENTS_H */
