/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the kernel's own tracing sees of a module: its calls of kmalloc() and
 * kfree().
 */
#ifndef KMBENCH_TRACE_H
#define KMBENCH_TRACE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define TRACE_PATH_LEN	128
#define TRACE_WHY_LEN	512

/**
 * enum trace_event - the events that are counted
 * @TRACE_KMALLOC: kmem:kmalloc.
 * @TRACE_KFREE: kmem:kfree.
 * @TRACE_EVENTS_NR: how many there are.
 */
enum trace_event {
	TRACE_KMALLOC,
	TRACE_KFREE,
	TRACE_EVENTS_NR,
};

/**
 * struct trace_range - where the code of a module is
 * @start: its first address.
 * @end: the first address behind it.
 */
struct trace_range {
	uint64_t start;
	uint64_t end;
};

/**
 * struct trace_counts - events since the trace was opened
 * @seen: of each kind, on all CPUs.
 * @lost: of all kinds, those that the kernel could not record.
 */
struct trace_counts {
	uint64_t seen[TRACE_EVENTS_NR];
	uint64_t lost;
};

/**
 * struct trace - tracing that is under way
 * @mounts: tracefs was not mounted before.
 * @guard: the process that leaves tracing as it was when this one ends, however
 *	it ends; 0: there is none.
 * @leash: where the guard notices that.
 * @instances: directories of its own in tracefs, one for each event.
 * @why: half a line, after an error: what is missing.
 */
struct trace {
	bool mounts;
	pid_t guard;
	int leash;
	char instances[TRACE_EVENTS_NR][TRACE_PATH_LEN];
	char why[TRACE_WHY_LEN];
};

const char *trace__event_name(enum trace_event event);
int trace__find_module(const char *modules, const char *name,
		       struct trace_range *range);
int trace__add_stats(const char *path, uint64_t *seen, uint64_t *lost);
int trace__open(struct trace *trace, const char *module);
int trace__read(struct trace *trace, struct trace_counts *counts);
int trace__close(struct trace *trace);

#endif /* KMBENCH_TRACE_H */
