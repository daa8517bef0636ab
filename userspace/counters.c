// SPDX-License-Identifier: GPL-2.0
/*
 * Hardware and software events of the calling thread, through libperf.
 *
 * Single events, no group: perf_evsel__read() of a group reads the leader
 * only. User and kernel are counted together unless said. A count that is not exact is
 * not given: nothing is scaled, an event that had to share its counter is
 * unavailable, and so is one that cannot be opened.
 *
 * The names are those of perf(1), and mean what this machine's PMU driver
 * makes of them: "dTLB-load-misses" is not the same event on Intel, AMD and
 * Arm. Events by the PMU's own names are left out. Only functions of libperf
 * that are the same from 6.1 to 7.3 are used.
 */
#include <errno.h>
#include <linux/perf_event.h>
#include <perf/core.h>
#include <perf/evsel.h>
#include <perf/threadmap.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "counters.h"

#define DTLB_LOAD_MISSES \
	(PERF_COUNT_HW_CACHE_DTLB | PERF_COUNT_HW_CACHE_OP_READ << 8 | \
	 PERF_COUNT_HW_CACHE_RESULT_MISS << 16)

/* What there is to count. */
static const struct counter_event {
	const char *name;
	uint32_t type;
	uint64_t config;
} counter_events[COUNTERS_NR] = {
	{ .name = "cycles", .type = PERF_TYPE_HARDWARE,
	  .config = PERF_COUNT_HW_CPU_CYCLES },
	{ .name = "instructions", .type = PERF_TYPE_HARDWARE,
	  .config = PERF_COUNT_HW_INSTRUCTIONS },
	{ .name = "dTLB-load-misses", .type = PERF_TYPE_HW_CACHE,
	  .config = DTLB_LOAD_MISSES },
	{ .name = "page-faults", .type = PERF_TYPE_SOFTWARE,
	  .config = PERF_COUNT_SW_PAGE_FAULTS },
};

/*
 * An event; evsel is NULL where it could not be opened. libperf has no reset,
 * so that what was counted before is subtracted.
 */
struct counter {
	struct perf_evsel *evsel;
	struct perf_counts_values start;
	int err;
	int run_err;
};

struct counters {
	struct perf_thread_map *threads;
	struct counter counter[COUNTERS_NR];
};

static int libperf__silence(enum libperf_print_level level, const char *format,
			    va_list args)
{
	(void)level;
	(void)format;
	(void)args;
	return 0;
}

/**
 * counters__init_libperf() - have libperf say nothing
 *
 * What it has to say comes back as an error.
 */
void counters__init_libperf(void)
{
	libperf_init(libperf__silence);
}

static void counter__open(struct counter *counter,
			  const struct counter_event *event,
			  enum counters_side side,
			  struct perf_thread_map *threads)
{
	struct perf_event_attr attr = {
		.size = sizeof(attr),
		.type = event->type,
		.config = event->config,
		.disabled = 1,
		.exclude_user = side == COUNTERS_KERNEL,
		.exclude_kernel = side == COUNTERS_USER,
		.exclude_hv = side == COUNTERS_USER,
		.read_format = PERF_FORMAT_TOTAL_TIME_ENABLED |
			       PERF_FORMAT_TOTAL_TIME_RUNNING,
	};

	counter->err = -ENOMEM;
	counter->evsel = perf_evsel__new(&attr);
	if (!counter->evsel)
		return;
	counter->err = perf_evsel__open(counter->evsel, NULL, threads);
	if (counter->err) {
		perf_evsel__delete(counter->evsel);
		counter->evsel = NULL;
	}
}

/**
 * counters__new_of() - open all events for the calling thread, in one mode of the CPU
 * @side: which mode; COUNTERS_SIDES: any.
 *
 * An event that this machine does not have is no error here;
 * counters__read() tells of it.
 *
 * Return: counters that do not count yet, to be freed by counters__delete();
 * NULL: no memory.
 */
struct counters *counters__new_of(enum counters_side side)
{
	struct counters *counters = calloc(1, sizeof(*counters));
	unsigned int i;

	if (!counters)
		return NULL;
	counters__init_libperf();
	counters->threads = perf_thread_map__new_dummy();
	if (!counters->threads) {
		free(counters);
		return NULL;
	}
	perf_thread_map__set_pid(counters->threads, 0, 0);
	for (i = 0; i < COUNTERS_NR; i++)
		counter__open(&counters->counter[i], &counter_events[i],
			      side, counters->threads);
	return counters;
}

/**
 * counters__new() - open all events for the calling thread, in any mode of the CPU
 *
 * Return: as counters__new_of().
 */
struct counters *counters__new(void)
{
	return counters__new_of(COUNTERS_SIDES);
}

/**
 * counters__delete() - close all events
 * @counters: of counters__new(), or NULL.
 */
void counters__delete(struct counters *counters)
{
	unsigned int i;

	if (!counters)
		return;
	for (i = 0; i < COUNTERS_NR; i++) {
		if (!counters->counter[i].evsel)
			continue;
		perf_evsel__close(counters->counter[i].evsel);
		perf_evsel__delete(counters->counter[i].evsel);
	}
	perf_thread_map__put(counters->threads);
	free(counters);
}

/**
 * counters__name() - what a counter counts
 * @i: the counter, below COUNTERS_NR.
 *
 * Return: the name of the event, as perf(1) spells it.
 */
const char *counters__name(unsigned int i)
{
	return counter_events[i].name;
}

/**
 * counters__error() - why a counter counts nothing
 * @counters: the counters.
 * @i: which, below COUNTERS_NR.
 *
 * Return: 0: it does; or the negative error of perf_event_open(2).
 */
int counters__error(const struct counters *counters, unsigned int i)
{
	return counters->counter[i].err;
}

/* Keeps the first error of the series that counters__reset() began. */
static void counter__note(struct counter *counter, int failed)
{
	if (failed && !counter->run_err)
		counter->run_err = failed < -1 ? failed : -(errno ? errno : EIO);
}

/**
 * counters__reset() - begin a new series
 * @counters: the counters, disabled.
 */
void counters__reset(struct counters *counters)
{
	unsigned int i;

	for (i = 0; i < COUNTERS_NR; i++) {
		struct counter *counter = &counters->counter[i];

		counter->run_err = counter->err;
		if (!counter->evsel)
			continue;
		errno = 0;
		counter__note(counter, perf_evsel__read(counter->evsel, 0, 0,
							&counter->start));
	}
}

/**
 * counters__enable() - start to count
 * @counters: the counters.
 *
 * Enabled and disabled again, they go on from where they were.
 */
void counters__enable(struct counters *counters)
{
	unsigned int i;

	for (i = 0; i < COUNTERS_NR; i++) {
		struct counter *counter = &counters->counter[i];

		if (counter->evsel)
			counter__note(counter,
				      perf_evsel__enable(counter->evsel));
	}
}

/**
 * counters__disable() - stop to count
 * @counters: the counters.
 */
void counters__disable(struct counters *counters)
{
	unsigned int i;

	for (i = 0; i < COUNTERS_NR; i++) {
		struct counter *counter = &counters->counter[i];

		if (counter->evsel)
			counter__note(counter,
				      perf_evsel__disable(counter->evsel));
	}
}

/* What a user can do about an error of perf_event_open(2). */
static const char *counter__hint(int err)
{
	switch (err) {
	case ENOENT:
	case ENODEV:
	case EOPNOTSUPP:
		return "no PMU in this machine, or none that counts it";
	case EACCES:
	case EPERM:
		return "be root, or lower kernel.perf_event_paranoid";
	case EBUSY:
		return "somebody else holds the counter";
	default:
		return "perf_event_open(2) has the reasons";
	}
}

/**
 * counter_value__set_error() - say why there is no count
 * @value: receives it.
 * @err: the error of perf_event_open(2) or read(2), positive.
 */
void counter_value__set_error(struct counter_value *value, int err)
{
	const char *name = strerrorname_np(err);

	value->known = false;
	value->value = 0;
	snprintf(value->why, sizeof(value->why), "%s: %s; %s",
		 name ? name : "?", strerror(err), counter__hint(err));
}

/**
 * counter_value__set() - take a count if it is exact
 * @value: receives it, or why it is not taken.
 * @count: events.
 * @enabled: how long they were to be counted, nanoseconds.
 * @running: how long they were.
 */
void counter_value__set(struct counter_value *value, uint64_t count,
			uint64_t enabled, uint64_t running)
{
	value->known = enabled && running == enabled;
	value->value = value->known ? count : 0;
	snprintf(value->why, sizeof(value->why), "%s",
		 value->known ? "" : !enabled ? "not enabled" :
		 running ? "multiplexed" : "no counter of the PMU took it");
}

static void counter__read(struct counter *counter, struct counter_value *value)
{
	const struct perf_counts_values *start = &counter->start;
	struct perf_counts_values end;

	memset(value, 0, sizeof(*value));
	errno = 0;
	if (!counter->run_err)
		counter__note(counter, perf_evsel__read(counter->evsel, 0, 0,
							&end));
	if (counter->run_err)
		counter_value__set_error(value, -counter->run_err);
	else
		counter_value__set(value, end.val - start->val,
				   end.ena - start->ena, end.run - start->run);
}

/**
 * counters__read() - what was counted since counters__reset()
 * @counters: the counters, disabled.
 * @values: receives COUNTERS_NR values, in the order of counters__name().
 */
void counters__read(struct counters *counters,
		    struct counter_value values[COUNTERS_NR])
{
	unsigned int i;

	for (i = 0; i < COUNTERS_NR; i++)
		counter__read(&counters->counter[i], &values[i]);
}
