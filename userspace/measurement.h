/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A measurement: what the module answered for the cells that were selected.
 */
#ifndef KMBENCH_MEASUREMENT_H
#define KMBENCH_MEASUREMENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "catalog.h"
#include "counters.h"
#include "device.h"
#include "histogram.h"

/*
 * How many bytes of objects a repetition may go through before it is cut
 * short; enough for all samples of anything up to 4 KiB by default.
 */
#define MEASUREMENT_BUDGET	(1ULL << 20)
/* ... but never below this many samples. */
#define MEASUREMENT_FEWEST	2
/* The same for warming up, which is over after the first large object. */
#define MEASUREMENT_BUDGET_WARMUP	(MEASUREMENT_BUDGET / 8)

#define PERCENTILES_NR		5

/**
 * struct percentile - a percentile that is reported
 * @name: "p50" and so on.
 * @per_10000: which, in hundredths of a per cent.
 */
struct percentile {
	const char *name;
	uint32_t per_10000;
};

extern const struct percentile percentiles[PERCENTILES_NR];

/**
 * struct measurement_options - how much to measure
 * @cpu: on which CPU, for the record; the caller pins.
 * @iterations: samples in a repetition, at most, at least 1.
 * @warmup: operations before them, at most.
 * @repetitions: how often, at least 1.
 */
struct measurement_options {
	uint32_t cpu;
	uint32_t iterations;
	uint32_t warmup;
	uint32_t repetitions;
};

/**
 * struct repetition - what one ioctl answered
 * @failed: allocations that returned NULL.
 * @op: the operation, ticks.
 * @empty: the same loop around nothing.
 * @clock: reading the clock.
 * @histogram: of @op.
 */
struct repetition {
	uint64_t failed;
	struct kmb_stats op;
	struct kmb_stats empty;
	struct kmb_stats clock;
	struct histogram *histogram;
};

/**
 * struct measured_cell - a cell and its repetitions
 * @cell: the cell; the catalog's.
 * @iterations: samples in each repetition.
 * @warmup: operations before each.
 * @nr_repetitions: how many.
 * @repetitions: the repetitions.
 * @counters: perf events in all repetitions, each as a whole: warm-up, empty
 *	loop and ioctl included.
 */
struct measured_cell {
	const struct cell *cell;
	uint32_t iterations;
	uint32_t warmup;
	uint32_t nr_repetitions;
	struct repetition *repetitions;
	struct counter_value counters[COUNTERS_NR];
};

/**
 * struct cell_summary - the repetitions of a cell taken together
 * @failed: allocations that returned NULL.
 * @op: all samples, ticks; min and max as in struct kmb_stats.
 * @empty: all samples of the empty loop, ticks.
 * @percentiles: of @op, ticks, in the order of the array of that name; 0
 *	where there is no sample.
 */
struct cell_summary {
	uint64_t failed;
	struct kmb_stats op;
	struct kmb_stats empty;
	uint64_t percentiles[PERCENTILES_NR];
};

/**
 * struct measurement - the cells measured so far
 * @options: how much was asked for.
 * @nr_cells: how many were measured.
 * @cells: these; room for as many as were selected.
 * @current: the cell under way, or the one that failed.
 */
struct measurement {
	struct measurement_options options;
	size_t nr_cells;
	struct measured_cell *cells;
	const struct cell *current;
};

/**
 * struct measurement_hooks - the caller's view into a measurement
 * @next: called before each cell; false stops.
 * @arg: given to it.
 */
struct measurement_hooks {
	bool (*next)(void *arg, const struct measurement *measurement);
	void *arg;
};

uint32_t measurement__bound(uint32_t wanted, uint64_t size, uint64_t budget,
			    uint32_t fewest);
int repetition__check(const struct repetition *repetition, uint32_t iterations);
struct measurement *measurement__new(const struct measurement_options *options,
				     const struct catalog *catalog);
void measurement__delete(struct measurement *measurement);
int measurement__run(struct measurement *measurement,
		     const struct catalog *catalog, const struct device *device,
		     struct counters *counters,
		     const struct measurement_hooks *hooks);
int measured_cell__summarise(const struct measured_cell *measured,
			     struct cell_summary *summary);

#endif /* KMBENCH_MEASUREMENT_H */
