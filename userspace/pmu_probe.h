/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Which events of a PMU can be counted, and whose.
 */
#ifndef KMBENCH_PMU_PROBE_H
#define KMBENCH_PMU_PROBE_H

#include "counters.h"
#include "event_group.h"
#include "events_tlb.h"
#include "pmu_id.h"
#include "pmu_pages.h"

/* The longest row of the table, and the generic ones. */
#define PMU_EVENTS_MAX	16

/**
 * struct pmu_events - the events of a PMU, and what of them can be counted
 * @id: which PMU, and the CPU that it is in.
 * @pmu: its row of the table.
 * @nr: how many.
 * @own_type: the kernel's number for the PMU's own.
 * @event: the events, in the order of the table.
 * @why: why one cannot be counted in a mode; empty where it can.
 */
struct pmu_events {
	struct pmu_id id;
	const struct tlb_pmu *pmu;
	unsigned int nr;
	uint32_t own_type;
	struct tlb_event event[PMU_EVENTS_MAX];
	char why[PMU_EVENTS_MAX][EVENT_MODES][COUNTER_WHY_LEN];
};

const char *pmu_probe__mixed(const struct counter_value values[EVENT_MODES]);
const char *pmu_probe__silent(const struct tlb_event *event,
			      const struct counter_value values[EVENT_MODES]);
int pmu_probe__run(struct pmu_events *events, const struct tlb_pmu *pmu,
		   uint32_t own_type, const struct pmu_pages *pages);
int pmu_probe__here(struct pmu_events *events);

#endif /* KMBENCH_PMU_PROBE_H */
