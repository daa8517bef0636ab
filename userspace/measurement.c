// SPDX-License-Identifier: GPL-2.0
/*
 * Measuring the selected cells of a catalog, one after the other.
 *
 * What is timed, and how, is the module's business; this decides how often,
 * counts perf events around each ioctl and refuses an answer that contradicts
 * itself. The empty loop is recorded beside the samples, never subtracted.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "measurement.h"

const struct percentile percentiles[PERCENTILES_NR] = {
	{ .name = "p50", .per_10000 = 5000 },
	{ .name = "p90", .per_10000 = 9000 },
	{ .name = "p99", .per_10000 = 9900 },
	{ .name = "p99.9", .per_10000 = 9990 },
	{ .name = "p99.99", .per_10000 = 9999 },
};

/**
 * measurement__bound() - how many operations on objects of a size are due
 * @wanted: operations that were asked for.
 * @size: bytes of an object, at least 1.
 * @budget: bytes of objects to go through, at most.
 * @fewest: operations that are made whatever the budget.
 *
 * Return: @wanted, or fewer where @budget bytes are fewer; never below @fewest
 * unless @wanted is.
 */
uint32_t measurement__bound(uint32_t wanted, uint64_t size, uint64_t budget,
			    uint32_t fewest)
{
	uint64_t bound = budget / size;

	if (bound < fewest)
		bound = fewest;
	return wanted < bound ? wanted : bound;
}

/**
 * repetition__check() - whether an answer of the module makes sense
 * @repetition: the answer.
 * @iterations: what it was asked for.
 *
 * Return: 0; -EBADMSG: its numbers contradict each other; -ERANGE: a sample of
 * 2^63 ticks or more, hence a clock that ran backwards.
 */
int repetition__check(const struct repetition *repetition, uint32_t iterations)
{
	const struct kmb_stats *op = &repetition->op;

	if (repetition->failed + op->count != iterations ||
	    histogram__count(repetition->histogram) != op->count)
		return -EBADMSG;
	if (op->count && op->min > op->max)
		return -EBADMSG;
	if (op->max > INT64_MAX || repetition->empty.max > INT64_MAX ||
	    repetition->clock.max > INT64_MAX)
		return -ERANGE;
	return 0;
}

static int repetition__run(struct repetition *repetition,
			   const struct device *device, struct kmb_run *run,
			   struct counters *counters)
{
	uint64_t *counts = calloc(KMB_HIST_BUCKETS, sizeof(*counts));
	int err;

	if (!counts)
		return -ENOMEM;
	run->histogram = (uintptr_t)counts;
	counters__enable(counters);
	err = device__run(device, run);
	counters__disable(counters);
	if (!err) {
		repetition->failed = run->failed;
		repetition->op = run->op;
		repetition->empty = run->empty;
		repetition->clock = run->clock;
		repetition->histogram = histogram__new(counts);
		err = repetition->histogram ?
		      repetition__check(repetition, run->iterations) : -ENOMEM;
	}
	free(counts);
	return err;
}

static void measured_cell__exit(struct measured_cell *measured)
{
	uint32_t i;

	for (i = 0; i < measured->nr_repetitions; i++)
		histogram__delete(measured->repetitions[i].histogram);
	free(measured->repetitions);
}

static int measured_cell__init(struct measured_cell *measured,
			       const struct cell *cell,
			       const struct measurement_options *options)
{
	uint64_t size = cell->row[KMB_TABLE_SIZE]->value;

	memset(measured, 0, sizeof(*measured));
	measured->cell = cell;
	measured->iterations = measurement__bound(options->iterations, size,
						  MEASUREMENT_BUDGET,
						  MEASUREMENT_FEWEST);
	measured->warmup = measurement__bound(options->warmup, size,
					      MEASUREMENT_BUDGET_WARMUP, 1);
	measured->repetitions = calloc(options->repetitions,
				       sizeof(struct repetition));
	if (!measured->repetitions)
		return -ENOMEM;
	measured->nr_repetitions = options->repetitions;
	return 0;
}

static int measured_cell__run(struct measured_cell *measured,
			      const struct device *device,
			      struct counters *counters)
{
	const struct cell *cell = measured->cell;
	uint32_t i;
	int err = 0;

	counters__reset(counters);
	for (i = 0; i < measured->nr_repetitions && !err; i++) {
		struct kmb_run run = {
			.scenario = cell->row[KMB_TABLE_SCENARIO]->index,
			.context = cell->row[KMB_TABLE_CONTEXT]->index,
			.gfp = cell->row[KMB_TABLE_GFP]->index,
			.size = cell->row[KMB_TABLE_SIZE]->value,
			.iterations = measured->iterations,
			.warmup = measured->warmup,
		};

		err = repetition__run(&measured->repetitions[i], device, &run,
				      counters);
	}
	counters__read(counters, measured->counters);
	return err;
}

/**
 * measurement__new() - get ready to measure
 * @options: how much.
 * @catalog: with its cells selected.
 *
 * Return: a measurement of nothing so far, to be freed by
 * measurement__delete(); NULL: no memory.
 */
struct measurement *measurement__new(const struct measurement_options *options,
				     const struct catalog *catalog)
{
	struct measurement *measurement = calloc(1, sizeof(*measurement));

	if (!measurement)
		return NULL;
	measurement->options = *options;
	measurement->cells = calloc(catalog->nr_selected + 1,
				    sizeof(struct measured_cell));
	if (!measurement->cells) {
		free(measurement);
		return NULL;
	}
	return measurement;
}

/**
 * measurement__delete() - free a measurement
 * @measurement: of measurement__new(), or NULL.
 */
void measurement__delete(struct measurement *measurement)
{
	size_t i;

	if (!measurement)
		return;
	for (i = 0; i < measurement->nr_cells; i++)
		measured_cell__exit(&measurement->cells[i]);
	free(measurement->cells);
	free(measurement);
}

static int measurement__add(struct measurement *measurement,
			    const struct device *device,
			    struct counters *counters)
{
	struct measured_cell *measured =
		&measurement->cells[measurement->nr_cells];
	int err;

	err = measured_cell__init(measured, measurement->current,
				  &measurement->options);
	if (!err)
		err = measured_cell__run(measured, device, counters);
	if (err)
		measured_cell__exit(measured);
	else
		measurement->nr_cells++;
	return err;
}

/**
 * measurement__run() - measure all selected cells, in the catalog's order
 * @measurement: of measurement__new().
 * @catalog: the same as there.
 * @device: that measures.
 * @counters: to count with.
 * @hooks: the caller's.
 *
 * Return: 0; -ECANCELED: a hook stopped it; -EBADMSG or -ERANGE: see
 * repetition__check(); -ENOMEM; or the negative error of the ioctl, see struct
 * kmb_run. Where it is not 0, measurement->current is the cell that failed.
 */
int measurement__run(struct measurement *measurement,
		     const struct catalog *catalog, const struct device *device,
		     struct counters *counters,
		     const struct measurement_hooks *hooks)
{
	size_t i;
	int err = 0;

	for (i = 0; i < catalog->nr_cells && !err; i++) {
		if (!catalog->cells[i].selected)
			continue;
		measurement->current = &catalog->cells[i];
		if (!hooks->next(hooks->arg, measurement))
			return -ECANCELED;
		err = measurement__add(measurement, device, counters);
	}
	return err;
}

static void stats__add(struct kmb_stats *sum, const struct kmb_stats *stats)
{
	sum->count += stats->count;
	sum->sum += stats->sum;
	if (stats->min < sum->min)
		sum->min = stats->min;
	if (stats->max > sum->max)
		sum->max = stats->max;
}

/* All samples of a cell in one histogram; NULL: no memory. */
static struct histogram *measured_cell__merge(const struct measured_cell *cell)
{
	struct histogram *sum = NULL, *next;
	const struct histogram none = { .nr = 0 };
	uint32_t i;

	for (i = 0; i < cell->nr_repetitions; i++) {
		next = histogram__merge(sum ? sum : &none,
					cell->repetitions[i].histogram);
		histogram__delete(sum);
		sum = next;
		if (!sum)
			break;
	}
	return sum;
}

/**
 * measured_cell__summarise() - take the repetitions of a cell together
 * @measured: the cell, measured at least once.
 * @summary: receives the summary.
 *
 * Return: 0 or -ENOMEM.
 */
int measured_cell__summarise(const struct measured_cell *measured,
			     struct cell_summary *summary)
{
	struct histogram *samples = measured_cell__merge(measured);
	uint32_t i;

	if (!samples)
		return -ENOMEM;
	memset(summary, 0, sizeof(*summary));
	summary->op.min = UINT64_MAX;
	summary->empty.min = UINT64_MAX;
	for (i = 0; i < measured->nr_repetitions; i++) {
		summary->failed += measured->repetitions[i].failed;
		stats__add(&summary->op, &measured->repetitions[i].op);
		stats__add(&summary->empty, &measured->repetitions[i].empty);
	}
	for (i = 0; i < PERCENTILES_NR; i++)
		summary->percentiles[i] =
			histogram__percentile(samples, percentiles[i].per_10000,
					      summary->op.min, summary->op.max);
	histogram__delete(samples);
	return 0;
}
