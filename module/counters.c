// SPDX-License-Identifier: GPL-2.0
/*
 * Events of the PMU around a walk in the kernel, counted from within.
 *
 * Each is pinned: it has a counter of its own, or none and says so. They are started one
 * by one, what matters most last, and stopped the other way round, so that little but the
 * walk is in between.
 */
#include <linux/err.h>
#include <linux/perf_event.h>
#include <linux/sched.h>

#include "counters.h"

#ifdef CONFIG_PERF_EVENTS

#define DTLB(op, result) \
	(PERF_COUNT_HW_CACHE_DTLB | PERF_COUNT_HW_CACHE_OP_ ## op << 8 | \
	 PERF_COUNT_HW_CACHE_RESULT_ ## result << 16)

static const struct {
	u32 type;
	u64 config;
} events[KMB_EVENTS] = {
	[KMB_EVENT_CYCLES] = { PERF_TYPE_HARDWARE, PERF_COUNT_HW_CPU_CYCLES },
	[KMB_EVENT_INSTRUCTIONS] = { PERF_TYPE_HARDWARE, PERF_COUNT_HW_INSTRUCTIONS },
	[KMB_EVENT_DTLB_LOAD_MISSES] = { PERF_TYPE_HW_CACHE, DTLB(READ, MISS) },
};

static struct perf_event *open_event(u32 nr)
{
	struct perf_event_attr attr = {
		.size = sizeof(attr),
		.type = events[nr].type,
		.config = events[nr].config,
		.disabled = 1,
		.pinned = 1,
		.exclude_user = 1,
	};

	return perf_event_create_kernel_counter(&attr, -1, current, NULL, NULL);
}

/**
 * kmb_counters_open() - have all events that this machine counts
 * @counters: to be filled; needs kmb_counters_close().
 * @counts: receives why there is no such event; else it is zero.
 *
 * An event that cannot be had is no error of the request.
 */
void kmb_counters_open(struct kmb_counters *counters, struct kmb_count counts[KMB_EVENTS])
{
	u32 i;

	for (i = 0; i < KMB_EVENTS; i++) {
		struct perf_event *event = open_event(i);

		counts[i] = (struct kmb_count){ .err = PTR_ERR_OR_ZERO(event) };
		counters->event[i] = IS_ERR(event) ? NULL : event;
	}
}

/**
 * kmb_counters_start() - count
 * @counters: of kmb_counters_open(). May sleep.
 */
void kmb_counters_start(const struct kmb_counters *counters)
{
	u32 i;

	for (i = 0; i < KMB_EVENTS; i++)
		if (counters->event[i])
			perf_event_enable(counters->event[i]);
}

/**
 * kmb_counters_stop() - do not count any more
 * @counters: that were started. May sleep.
 */
void kmb_counters_stop(const struct kmb_counters *counters)
{
	u32 i;

	for (i = KMB_EVENTS; i-- > 0;)
		if (counters->event[i])
			perf_event_disable(counters->event[i]);
}

/**
 * kmb_counters_close() - tell what was counted, and give the events back
 * @counters: of kmb_counters_open(), not counting.
 * @counts: as kmb_counters_open() left them; the rest is filled in.
 */
void kmb_counters_close(struct kmb_counters *counters, struct kmb_count counts[KMB_EVENTS])
{
	u32 i;

	for (i = 0; i < KMB_EVENTS; i++) {
		struct perf_event *event = counters->event[i];

		if (!event)
			continue;
		counts[i].value = perf_event_read_value(event, &counts[i].enabled,
							&counts[i].running);
		/* A pinned event that loses its counter stops, and so do its times. */
		if (event->state == PERF_EVENT_STATE_ERROR)
			counts[i] = (struct kmb_count){ .err = -EBUSY };
		perf_event_release_kernel(event);
	}
}

#else /* !CONFIG_PERF_EVENTS */

void kmb_counters_open(struct kmb_counters *counters, struct kmb_count counts[KMB_EVENTS])
{
	u32 i;

	for (i = 0; i < KMB_EVENTS; i++)
		counts[i] = (struct kmb_count){ .err = -ENOENT };
}

void kmb_counters_start(const struct kmb_counters *counters)
{
}

void kmb_counters_stop(const struct kmb_counters *counters)
{
}

void kmb_counters_close(struct kmb_counters *counters, struct kmb_count counts[KMB_EVENTS])
{
}

#endif
