// SPDX-License-Identifier: GPL-2.0
/*
 * What the PMU counts of a walk over memory of a process: a few events at a time,
 * each time of a walk of its own, so that none has to share its counter.
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "json_out.h"
#include "pmu_batch.h"
#include "user_counts.h"
#include "user_walk.h"

static int count_batch(struct user_counts *counts, const struct pmu_batch *batch,
		       uint32_t own_type, enum event_mode mode, void **start,
		       uint32_t warmup, uint64_t loads)
{
	struct counter_value values[EVENT_GROUP_MAX];
	struct event_group *group =
		event_group__new(batch->event, batch->nr, own_type, mode);
	struct user_lap lap;
	unsigned int i;

	if (!group)
		return -ENOMEM;
	user_walk__go(start, warmup, 1, &lap);
	event_group__reset(group);
	event_group__start(group);
	user_walk__go(start, 0, loads, &lap);
	event_group__stop(group);
	event_group__read(group, values);
	event_group__delete(group);
	for (i = 0; i < batch->nr; i++)
		counts->value[mode][batch->index[i]] = values[i];
	return 0;
}

static void explain(struct user_counts *counts, const struct pmu_events *events)
{
	unsigned int mode, i;

	memset(counts, 0, sizeof(*counts));
	for (mode = 0; mode < EVENT_MODES; mode++)
		for (i = 0; i < events->nr; i++)
			memcpy(counts->value[mode][i].why, events->why[i][mode],
			       COUNTER_WHY_LEN);
}

/**
 * user_counts__walk() - walk and count
 * @counts: receives what was counted, or why it was not.
 * @events: of pmu_probe__here().
 * @start: the first line, see user_walk__lay().
 * @warmup: loads before.
 * @loads: loads that are counted.
 *
 * Return: 0, or -ENOMEM.
 */
int user_counts__walk(struct user_counts *counts, const struct pmu_events *events,
		      void **start, uint32_t warmup, uint64_t loads)
{
	struct pmu_batch batch;
	unsigned int mode, from;
	int err;

	explain(counts, events);
	for (mode = 0; mode < EVENT_MODES; mode++) {
		from = pmu_batch__next(&batch, 0, events, mode);
		while (batch.nr) {
			err = count_batch(counts, &batch, events->own_type, mode,
					  start, warmup, loads);
			if (err)
				return err;
			from = pmu_batch__next(&batch, from, events, mode);
		}
	}
	return 0;
}

/**
 * user_counts__find() - the count of an event
 * @counts: of user_counts__walk().
 * @events: the same as there.
 * @mode: whose accesses.
 * @name: the event.
 *
 * Return: the count, known or not; NULL: there is no such event.
 */
const struct counter_value *user_counts__find(const struct user_counts *counts,
					      const struct pmu_events *events,
					      enum event_mode mode, const char *name)
{
	unsigned int i;

	for (i = 0; i < events->nr; i++)
		if (!strcmp(events->event[i].name, name))
			return &counts->value[mode][i];
	return NULL;
}

/**
 * user_counts__json() - counts by mode and event
 * @counts: of user_counts__walk().
 * @events: the same as there.
 *
 * Return: an object, the caller's.
 */
json_t *user_counts__json(const struct user_counts *counts, const struct pmu_events *events)
{
	json_t *all = json_object(), *one;
	unsigned int mode, i;

	for (mode = 0; mode < EVENT_MODES; mode++) {
		one = json_object();
		for (i = 0; i < events->nr; i++)
			json_object_set_new(one, events->event[i].name,
					    json_out__value(&counts->value[mode][i]));
		json_object_set_new(all, event_mode__name(mode), one);
	}
	return all;
}

/**
 * user_counts__pmu_json() - which PMU counts
 * @events: of pmu_probe__here().
 *
 * Return: an object, the caller's.
 */
json_t *user_counts__pmu_json(const struct pmu_events *events)
{
	return json_pack("{s:s, s:s, s:s, s:s}", "name", events->pmu->name,
			 "device", events->id.device, "cpuid", events->id.cpuid,
			 "source", events->pmu->source);
}

static json_t *event_json(const struct tlb_event *event)
{
	char config[sizeof("0x") + 16];

	snprintf(config, sizeof(config), "%#" PRIx64, event->config);
	return json_pack("{s:s, s:b, s:I, s:s, s:s}", "name", event->name,
			 "generic", event->generic, "type", (json_int_t)event->type,
			 "config", config, "means", event->means);
}

/**
 * user_counts__events_json() - what there is to count, and what it means on this PMU
 * @events: of pmu_probe__here().
 *
 * Return: an array, the caller's.
 */
json_t *user_counts__events_json(const struct pmu_events *events)
{
	json_t *all = json_array();
	unsigned int i;

	for (i = 0; i < events->nr; i++)
		json_array_append_new(all, event_json(&events->event[i]));
	return all;
}
