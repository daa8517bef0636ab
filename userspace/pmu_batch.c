// SPDX-License-Identifier: GPL-2.0
/*
 * Events of a PMU, a few at a time.
 */
#include "pmu_batch.h"

/**
 * pmu_batch__next() - take the next events of a mode that can be counted
 * @batch: receives them.
 * @from: the first that may be taken, from 0.
 * @events: all of them.
 * @mode: whose accesses are to count.
 *
 * Return: from where to go on.
 */
unsigned int pmu_batch__next(struct pmu_batch *batch, unsigned int from,
			     const struct pmu_events *events, enum event_mode mode)
{
	batch->nr = 0;
	for (; from < events->nr && batch->nr < EVENT_GROUP_MAX; from++) {
		if (events->why[from][mode][0])
			continue;
		batch->index[batch->nr] = from;
		batch->event[batch->nr++] = events->event[from];
	}
	return from;
}
