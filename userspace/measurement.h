/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A measurement: what the module answered for the cells that were selected.
 * What the answers come to is in summary.h.
 */
#ifndef KMBENCH_MEASUREMENT_H
#define KMBENCH_MEASUREMENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "catalog.h"
#include "counters.h"
#include "device.h"
#include "events.h"
#include "histogram.h"

/* However large the objects: never below this many samples. */
#define MEASUREMENT_FEWEST	2
/* Warming up is over after the first large object: part of the budget. */
#define MEASUREMENT_WARMUP_PART	8
/* So many times fewer samples of what takes long, see KMB_ROW_SLOW. */
#define MEASUREMENT_SLOW_PART	8

/* Objects that are held to see what they occupy, and bytes of them. */
#define MEASUREMENT_FOOTPRINT	1024
#define MEASUREMENT_FOOTPRINT_BYTES	(1ULL << 20)

/**
 * struct measurement_options - how much to measure
 * @cpu: on which CPU, for the record; the caller pins.
 * @iterations: samples in a repetition, at most, at least 1.
 * @warmup: operations before them, at most.
 * @repetitions: how often, at least 1.
 * @budget: bytes of objects that a repetition may go through, see struct
 *	profile.
 * @share: of the available memory that may be held at once, per cent.
 */
struct measurement_options {
	uint32_t cpu;
	uint32_t iterations;
	uint32_t warmup;
	uint32_t repetitions;
	uint64_t budget;
	uint32_t share;
};

/**
 * struct repetition - what one ioctl answered
 * @answer: the answer, see struct kmb_run; its histogram is no pointer any
 *	more.
 * @histogram: of the samples.
 */
struct repetition {
	struct kmb_run answer;
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
 * @events: the kernel's own, in all repetitions.
 * @footprint: what objects of this size and flags occupy; of no object where
 *	the scenario has no such.
 */
struct measured_cell {
	const struct cell *cell;
	uint32_t iterations;
	uint32_t warmup;
	uint32_t nr_repetitions;
	struct repetition *repetitions;
	struct counter_value counters[COUNTERS_NR];
	struct events events;
	struct kmb_footprint footprint;
};

/**
 * struct measurement - the cells measured so far
 * @options: how much was asked for.
 * @nr_cells: how many were measured.
 * @cells: these; room for as many as were selected.
 * @current: the cell under way, or the one that failed.
 * @why: what the module says of a request that it refused, or empty.
 */
struct measurement {
	struct measurement_options options;
	size_t nr_cells;
	struct measured_cell *cells;
	const struct cell *current;
	char why[KMB_TEXT_LEN];
};

/**
 * struct measurement_hooks - the caller's view into a measurement
 * @next: called before each cell.
 * @stopped: asked before each repetition; true ends the measurement.
 * @arg: given to both.
 */
struct measurement_hooks {
	void (*next)(void *arg, const struct measurement *measurement);
	bool (*stopped)(void *arg);
	void *arg;
};

bool measurement__is_slow(const struct cell *cell);
uint32_t measurement__bound(uint32_t wanted, uint64_t size, uint64_t budget,
			    uint32_t fewest);
int repetition__check(const struct repetition *repetition);
struct measurement *measurement__new(const struct measurement_options *options,
				     const struct catalog *catalog);
void measurement__delete(struct measurement *measurement);
int measurement__check(struct measurement *measurement,
		       const struct catalog *catalog,
		       const struct device *device);
int measurement__run(struct measurement *measurement,
		     const struct catalog *catalog, const struct device *device,
		     struct counters *counters,
		     const struct measurement_hooks *hooks);

#endif /* KMBENCH_MEASUREMENT_H */
