/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Events of a PMU, a few at a time.
 */
#ifndef KMBENCH_PMU_BATCH_H
#define KMBENCH_PMU_BATCH_H

#include "event_group.h"
#include "pmu_probe.h"

/**
 * struct pmu_batch - so many events that none has to share its counter
 * @nr: how many; 0: there are no more.
 * @index: which ones of all, see struct pmu_events.
 * @event: these.
 */
struct pmu_batch {
	unsigned int nr;
	unsigned int index[EVENT_GROUP_MAX];
	struct tlb_event event[EVENT_GROUP_MAX];
};

unsigned int pmu_batch__next(struct pmu_batch *batch, unsigned int from,
			     const struct pmu_events *events, enum event_mode mode);

#endif /* KMBENCH_PMU_BATCH_H */
