/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the PMU counts of a walk over memory of a process.
 */
#ifndef KMBENCH_USER_COUNTS_H
#define KMBENCH_USER_COUNTS_H

#include <jansson.h>
#include <stdint.h>

#include "pmu_probe.h"

/**
 * struct user_counts - counts of one walk
 * @value: these, by mode and event; each mode has a walk of its own.
 */
struct user_counts {
	struct counter_value value[EVENT_MODES][PMU_EVENTS_MAX];
};

int user_counts__walk(struct user_counts *counts, const struct pmu_events *events,
		      void **start, uint32_t warmup, uint64_t loads);
const struct counter_value *user_counts__find(const struct user_counts *counts,
					      const struct pmu_events *events,
					      enum event_mode mode, const char *name);
json_t *user_counts__json(const struct user_counts *counts, const struct pmu_events *events);
json_t *user_counts__pmu_json(const struct pmu_events *events);
json_t *user_counts__events_json(const struct pmu_events *events);

#endif /* KMBENCH_USER_COUNTS_H */
