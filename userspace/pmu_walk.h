/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Walks over user memory, counted by the PMU.
 */
#ifndef KMBENCH_PMU_WALK_H
#define KMBENCH_PMU_WALK_H

#include "pmu_probe.h"

/*
 * Over pages that the TLB does not know: once; and once and several times more.
 * What the repeated passes alone miss is the difference. They are not counted
 * by themselves, since to start a counter may empty the TLB: in QEMU before 8.0
 * each system call does that reads from the caller's memory.
 */
enum pmu_walk_state {
	PMU_WALK_ONCE,
	PMU_WALK_AGAIN,
	PMU_WALK_STATES,
};

/**
 * struct pmu_walk - a walk, and what was counted
 * @pattern: of user_patterns.
 * @pages: over how many.
 * @passes: how often it goes over all of them again.
 * @value: counts, by state, mode and event.
 */
struct pmu_walk {
	const struct user_pattern *pattern;
	uint32_t pages;
	uint32_t passes;
	struct counter_value value[PMU_WALK_STATES][EVENT_MODES][PMU_EVENTS_MAX];
};

const char *pmu_walk__state(enum pmu_walk_state state);
uint64_t pmu_walk__loads(const struct pmu_walk *walk, enum pmu_walk_state state);
int pmu_walk__run(struct pmu_walk *walk, const struct pmu_events *events,
		  const struct pmu_pages *pages);

#endif /* KMBENCH_PMU_WALK_H */
