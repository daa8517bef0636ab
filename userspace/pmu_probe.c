// SPDX-License-Identifier: GPL-2.0
/*
 * Which events of a PMU can be counted, and whose.
 *
 * That an event can be opened proves little: a driver may find out only later
 * that no counter takes it, and one whose PMU cannot keep user and kernel apart
 * may count both and not say so, or none of either: a virtual machine may have
 * counters that stay 0. So each event is tried by itself, in each mode, over
 * accesses of the user's alone.
 */
#include <errno.h>
#include <linux/perf_event.h>
#include <stdio.h>

#include "pmu_probe.h"

/* Loads that only instructions and cycles can tell of. */
#define LOADS	(1u << 20)
/* To try them on. */
#define PROBE_PAGES	512
/* Of fewer events than these it cannot be told whose they are. */
#define ENOUGH	64

/* Misses of loads in the one half of the pages, of stores in the other half. */
static int exercise(const struct pmu_pages *pages)
{
	uint32_t i;
	int err = pmu_pages__lay(pages, pages->nr / 2, user_patterns);

	if (err)
		return err;
	err = pmu_pages__flush(pages, pages->nr);
	if (err)
		return err;
	pmu_pages__follow(pages, LOADS);
	for (i = pages->nr / 2; i < pages->nr; i++)
		pages->start[i * pages->size] = 1;
	/* The stores have to be made. */
	asm volatile("" : : : "memory");
	return 0;
}

static int try_event(const struct pmu_events *events, unsigned int i,
		     enum event_mode mode, const struct pmu_pages *pages,
		     struct counter_value *value)
{
	struct event_group *group =
		event_group__new(&events->event[i], 1, events->own_type, mode);
	int err;

	if (!group)
		return -ENOMEM;
	event_group__reset(group);
	event_group__start(group);
	err = exercise(pages);
	event_group__stop(group);
	event_group__read(group, value);
	event_group__delete(group);
	return err;
}

/**
 * pmu_probe__mixed() - whether an event counts user and kernel together
 * @values: what it counted of accesses of the user's, by mode.
 *
 * Return: a line that says so; NULL if it does not, or if it cannot be told.
 */
const char *pmu_probe__mixed(const struct counter_value values[EVENT_MODES])
{
	const struct counter_value *user = &values[EVENT_MODE_USER];
	const struct counter_value *kernel = &values[EVENT_MODE_KERNEL];

	if (!user->known || !kernel->known || user->value < ENOUGH)
		return NULL;
	return kernel->value * 2 < user->value ? NULL :
		"this PMU does not count user and kernel apart";
}

/**
 * pmu_probe__silent() - whether an event stays 0 where it cannot
 * @event: which; of those that a PMU names itself it is not known which pages they are of.
 * @values: what it counted of accesses of the user's, by mode.
 *
 * Return: a line that says so; NULL if it does not, or if it cannot be told.
 */
const char *pmu_probe__silent(const struct tlb_event *event,
			      const struct counter_value values[EVENT_MODES])
{
	const struct counter_value *all = &values[EVENT_MODE_ALL];
	const struct counter_value *user = &values[EVENT_MODE_USER];

	if (event->type != PERF_TYPE_HARDWARE && event->type != PERF_TYPE_HW_CACHE)
		return NULL;
	return (all->known && !all->value) || (user->known && !user->value) ?
		"this PMU stays at 0 over a million loads and 512 pages that the TLB had to forget" :
		NULL;
}

static int probe_event(struct pmu_events *events, unsigned int i,
		       const struct pmu_pages *pages)
{
	struct counter_value values[EVENT_MODES];
	const char *mixed, *silent;
	int mode, err;

	for (mode = 0; mode < EVENT_MODES; mode++) {
		err = try_event(events, i, mode, pages, &values[mode]);
		if (err)
			return err;
	}
	silent = pmu_probe__silent(&events->event[i], values);
	mixed = pmu_probe__mixed(values);
	for (mode = 0; mode < EVENT_MODES; mode++)
		snprintf(events->why[i][mode], COUNTER_WHY_LEN, "%s",
			 silent && values[mode].known ? silent :
			 mixed && mode != EVENT_MODE_ALL ? mixed :
			 values[mode].why);
	return 0;
}

/**
 * pmu_probe__run() - try the events of a PMU
 * @events: receives them.
 * @pmu: row of the table.
 * @own_type: the kernel's number for the PMU's own events.
 * @pages: memory to try them on; what it holds is overwritten.
 *
 * Return: 0, or a negative error.
 */
int pmu_probe__run(struct pmu_events *events, const struct tlb_pmu *pmu,
		   uint32_t own_type, const struct pmu_pages *pages)
{
	int err;

	events->own_type = own_type;
	for (events->nr = 0; events->nr < PMU_EVENTS_MAX &&
	     tlb_pmu__event(pmu, events->nr, &events->event[events->nr]);
	     events->nr++) {
		err = probe_event(events, events->nr, pages);
		if (err)
			return err;
	}
	return 0;
}

/* Of a machine without a PMU only the kernel's own events can be counted. */
static void list_without_pmu(struct pmu_events *events)
{
	unsigned int mode, i;

	for (i = 0; i < PMU_EVENTS_MAX && tlb_pmu__event(events->pmu, i, &events->event[i]); i++)
		for (mode = 0; mode < EVENT_MODES; mode++)
			snprintf(events->why[i][mode], COUNTER_WHY_LEN, "%s",
				 events->event[i].type == PERF_TYPE_SOFTWARE ? "" :
				 "no PMU in this machine: none of a CPU in /sys/bus/event_source/devices");
	events->nr = i;
}

/**
 * pmu_probe__here() - look which PMU this machine has, and try its events
 * @events: receives them.
 *
 * Return: 0, also where there is no PMU; or a negative error.
 */
int pmu_probe__here(struct pmu_events *events)
{
	struct pmu_pages pages;
	int err;

	pmu_id__read(&events->id, "");
	events->pmu = tlb_pmu__find(events->id.device, events->id.cpuid);
	if (!events->id.device[0]) {
		list_without_pmu(events);
		return 0;
	}
	err = pmu_pages__new(&pages, PROBE_PAGES);
	if (err)
		return err;
	err = pmu_probe__run(events, events->pmu, events->id.type, &pages);
	pmu_pages__free(&pages);
	return err;
}
