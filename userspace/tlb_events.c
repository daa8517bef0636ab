// SPDX-License-Identifier: GPL-2.0
/*
 * A walk in the kernel that the PMU counts: from within the module, where it is nothing
 * but the walk, and from without, through libperf, which has to agree in what one walk
 * has more than another.
 */
#include <stdio.h>
#include <string.h>

#include "tlb_events.h"

/* The first counters of libperf are what the module counts, too. */
_Static_assert(KMB_EVENTS < COUNTERS_NR, "an event of the module has no name");

/**
 * tlb_events__state() - what a state is called
 * @state: below TLB_EVENTS_STATES.
 *
 * Return: its name.
 */
const char *tlb_events__state(enum tlb_events_state state)
{
	return state == TLB_EVENTS_ONCE ? "once" : "again";
}

static void set_inside(struct counter_value *value, const struct kmb_count *count)
{
	if (count->err)
		counter_value__set_error(value, -count->err);
	else
		counter_value__set(value, count->value, count->enabled, count->running);
}

static void explain(struct tlb_events *events, int err, const char *why)
{
	if (err)
		snprintf(events->why, sizeof(events->why), "%s", why[0] ? why : strerror(-err));
}

/* A machine may have counters that stay at 0: of a walk there must be some instructions. */
static void doubt(struct counter_value values[KMB_EVENTS])
{
	const struct counter_value *insns = &values[KMB_EVENT_INSTRUCTIONS];
	const bool silent = insns->known && !insns->value;
	unsigned int i;

	for (i = 0; i < KMB_EVENTS && silent; i++) {
		if (!values[i].known)
			continue;
		values[i].known = false;
		snprintf(values[i].why, sizeof(values[i].why),
			 "this PMU stays at 0, also of a walk's instructions");
	}
}

static int count_inside(struct tlb_events *events, enum tlb_events_state state,
			const struct device *device, const struct kmb_walk *walk)
{
	struct kmb_walk one = *walk;
	unsigned int i;
	int err;

	one.flags = KMB_WALK_EMPTY | KMB_WALK_BLIND | KMB_WALK_COUNT;
	err = device__walk(device, &one);
	explain(events, err, one.why);
	events->loads[state] = one.loads;
	for (i = 0; i < KMB_EVENTS; i++)
		set_inside(&events->inside[state][i], &one.events[i]);
	doubt(events->inside[state]);
	return err;
}

static int count_outside(struct tlb_events *events, enum tlb_events_state state,
			 const struct device *device, const struct kmb_walk *walk,
			 struct counters *counters)
{
	struct counter_value values[COUNTERS_NR];
	struct kmb_walk one = *walk;
	int err;

	one.flags = KMB_WALK_EMPTY | KMB_WALK_BLIND;
	counters__reset(counters);
	counters__enable(counters);
	err = device__walk(device, &one);
	counters__disable(counters);
	explain(events, err, one.why);
	counters__read(counters, values);
	memcpy(events->outside[state], values, sizeof(events->outside[state]));
	doubt(events->outside[state]);
	return err;
}

/* By one after the other: a PMU may not have a second counter for an event. */
static int count_state(struct tlb_events *events, enum tlb_events_state state,
		       const struct device *device, const struct kmb_walk *walk,
		       struct counters *counters)
{
	int err = count_inside(events, state, device, walk);

	return err ? err : count_outside(events, state, device, walk, counters);
}

static bool can_count(const struct counters *counters)
{
	unsigned int i;

	for (i = 0; i < KMB_EVENTS; i++)
		if (!counters__error(counters, i))
			return true;
	return false;
}

/**
 * tlb_events__count() - walk, and count
 * @events: to be filled, all zero.
 * @device: a loaded device.
 * @walk: how; its answer is left alone.
 * @counters: of the kernel's mode.
 *
 * What is timed is not counted: counters cost time where they begin and end. So these
 * are walks of their own, in memory of their own.
 */
void tlb_events__count(struct tlb_events *events, const struct device *device,
		       const struct kmb_walk *walk, struct counters *counters)
{
	struct kmb_walk once = *walk, again = *walk;
	struct counter_value none;

	/* Nobody walks for counters that are not there. */
	if (!can_count(counters)) {
		counter_value__set_error(&none, -counters__error(counters, KMB_EVENTS - 1));
		memcpy(events->why, none.why, sizeof(events->why));
		return;
	}
	once.warmup = 0;
	once.passes = 1;
	again.warmup = 0;
	again.passes += walk->warmup;
	if (!count_state(events, TLB_EVENTS_ONCE, device, &once, counters))
		count_state(events, TLB_EVENTS_AGAIN, device, &again, counters);
}
