// SPDX-License-Identifier: GPL-2.0
/*
 * Events that start and stop together, of the calling thread, through libperf.
 *
 * perf_evsel__read() of a group reads the leader only, so each member is read
 * by itself. A group that did not hold its counters all the time has no counts:
 * nothing is scaled. Maps of CPUs are left out, whose functions changed their
 * names after 6.1; only the leadership is an event list's.
 */
#include <errno.h>
#include <perf/core.h>
#include <perf/evlist.h>
#include <perf/evsel.h>
#include <perf/threadmap.h>
#include <linux/perf_event.h>
#include <stdlib.h>

#include "event_group.h"

/* What was counted before is subtracted; libperf has no reset. */
struct member {
	struct perf_evsel *evsel;
	struct perf_counts_values start;
	int err;
};

struct event_group {
	struct perf_evlist *evlist;
	struct perf_thread_map *threads;
	unsigned int nr;
	int err;
	struct member member[EVENT_GROUP_MAX];
};

/**
 * event_mode__name() - what a mode is called
 * @mode: below EVENT_MODES.
 *
 * Return: its name.
 */
const char *event_mode__name(enum event_mode mode)
{
	static const char *const names[EVENT_MODES] = {
		[EVENT_MODE_USER] = "user",
		[EVENT_MODE_KERNEL] = "kernel",
		[EVENT_MODE_ALL] = "all",
	};

	return names[mode];
}

static struct perf_evsel *new_evsel(const struct tlb_event *event,
				    uint32_t own_type, enum event_mode mode,
				    bool leads)
{
	struct perf_event_attr attr = {
		.size = sizeof(attr),
		.type = event->type == TLB_EVENT_OWN ? own_type : event->type,
		.config = event->config,
		.disabled = leads,
		.exclude_user = mode == EVENT_MODE_KERNEL,
		.exclude_kernel = mode == EVENT_MODE_USER,
		.exclude_hv = 1,
		.read_format = PERF_FORMAT_TOTAL_TIME_ENABLED |
			       PERF_FORMAT_TOTAL_TIME_RUNNING,
	};

	return perf_evsel__new(&attr);
}

/* The members belong to the list from here on, which deletes them. */
static int add_members(struct event_group *group, const struct tlb_event *events,
		       uint32_t own_type, enum event_mode mode)
{
	unsigned int i;

	for (i = 0; i < group->nr; i++) {
		group->member[i].evsel = new_evsel(&events[i], own_type, mode,
						   i == 0);
		if (!group->member[i].evsel)
			return -ENOMEM;
		perf_evlist__add(group->evlist, group->member[i].evsel);
	}
	perf_evlist__set_leader(group->evlist);
	return 0;
}

static void open_members(struct event_group *group)
{
	unsigned int i;

	for (i = 0; i < group->nr; i++) {
		struct member *member = &group->member[i];

		member->err = group->member[0].err;
		if (!member->err)
			member->err = perf_evsel__open(member->evsel, NULL,
						       group->threads);
	}
}

/**
 * event_group__new() - open events of the calling thread as a group
 * @events: what to count; the first one leads.
 * @nr: how many, 1 to EVENT_GROUP_MAX.
 * @own_type: the kernel's number for the PMU's own events.
 * @mode: whose accesses count.
 *
 * An event that this machine does not have is no error here;
 * event_group__read() tells of it. Without a leader there is no group.
 *
 * Return: a group that does not count yet, to be freed by event_group__delete();
 * NULL: no memory.
 */
struct event_group *event_group__new(const struct tlb_event *events,
				     unsigned int nr, uint32_t own_type,
				     enum event_mode mode)
{
	struct event_group *group = calloc(1, sizeof(*group));

	if (!group)
		return NULL;
	counters__init_libperf();
	group->nr = nr;
	group->evlist = perf_evlist__new();
	group->threads = perf_thread_map__new_dummy();
	if (!group->evlist || !group->threads ||
	    add_members(group, events, own_type, mode)) {
		event_group__delete(group);
		return NULL;
	}
	perf_thread_map__set_pid(group->threads, 0, 0);
	open_members(group);
	return group;
}

/**
 * event_group__delete() - close a group
 * @group: of event_group__new(), or NULL.
 */
void event_group__delete(struct event_group *group)
{
	unsigned int i;

	if (!group)
		return;
	for (i = 0; i < group->nr; i++)
		if (group->member[i].evsel && !group->member[i].err)
			perf_evsel__close(group->member[i].evsel);
	perf_evlist__delete(group->evlist);
	perf_thread_map__put(group->threads);
	free(group);
}

static int read_member(struct member *member, struct perf_counts_values *values)
{
	int err;

	errno = 0;
	err = perf_evsel__read(member->evsel, 0, 0, values);
	return err < -1 ? err : err ? -(errno ? errno : EIO) : 0;
}

/**
 * event_group__reset() - begin a new series
 * @group: the group, stopped.
 */
void event_group__reset(struct event_group *group)
{
	unsigned int i;

	group->err = group->member[0].err;
	for (i = 0; i < group->nr && !group->err; i++)
		if (!group->member[i].err)
			group->err = read_member(&group->member[i],
						 &group->member[i].start);
}

/**
 * event_group__start() - begin to count
 * @group: the group, after event_group__reset().
 *
 * One system call, which reads nothing of the caller's memory.
 */
void event_group__start(struct event_group *group)
{
	if (!group->err && perf_evsel__enable(group->member[0].evsel))
		group->err = -(errno ? errno : EIO);
}

/**
 * event_group__stop() - stop to count
 * @group: the group.
 */
void event_group__stop(struct event_group *group)
{
	if (!group->err && perf_evsel__disable(group->member[0].evsel))
		group->err = -(errno ? errno : EIO);
}

/**
 * event_group__read() - what was counted since event_group__reset()
 * @group: the group, stopped.
 * @values: receives one for each event, or why there is none.
 */
void event_group__read(struct event_group *group, struct counter_value *values)
{
	struct perf_counts_values end;
	unsigned int i;

	for (i = 0; i < group->nr; i++) {
		struct member *member = &group->member[i];
		int err = member->err ? member->err : group->err;

		if (!err)
			err = read_member(member, &end);
		if (err)
			counter_value__set_error(&values[i], -err);
		else
			counter_value__set(&values[i],
					   end.val - member->start.val,
					   end.ena - member->start.ena,
					   end.run - member->start.run);
	}
}
