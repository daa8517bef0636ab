/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Events that start and stop together.
 */
#ifndef KMBENCH_EVENT_GROUP_H
#define KMBENCH_EVENT_GROUP_H

#include "counters.h"
#include "events_tlb.h"

/* A PMU may have no more counters than these. */
#define EVENT_GROUP_MAX	4

/* Whose accesses count. */
enum event_mode {
	EVENT_MODE_USER,
	EVENT_MODE_KERNEL,
	EVENT_MODE_ALL,
	EVENT_MODES,
};

struct event_group;

const char *event_mode__name(enum event_mode mode);
struct event_group *event_group__new(const struct tlb_event *events,
				     unsigned int nr, uint32_t own_type,
				     enum event_mode mode);
void event_group__delete(struct event_group *group);
void event_group__reset(struct event_group *group);
void event_group__start(struct event_group *group);
void event_group__stop(struct event_group *group);
void event_group__read(struct event_group *group, struct counter_value *values);

#endif /* KMBENCH_EVENT_GROUP_H */
