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
 * @repetition: the answer, and in it what was asked for.
 *
 * Return: 0; -EBADMSG: its numbers contradict each other; -ERANGE: a sample of
 * 2^63 ticks or more, hence a clock that ran backwards.
 */
int repetition__check(const struct repetition *repetition)
{
	const struct kmb_run *answer = &repetition->answer;
	uint64_t samples = (uint64_t)answer->iterations * answer->samplers;
	const struct kmb_stats *op = &answer->op;

	if (!samples || answer->failed.count + op->count != samples ||
	    histogram__count(repetition->histogram) != op->count)
		return -EBADMSG;
	if (answer->mean.count && answer->mean.count != samples)
		return -EBADMSG;
	if (op->count && (op->min > op->max || op->sum / op->count < op->min ||
			  op->sum / op->count > op->max))
		return -EBADMSG;
	if (op->max > INT64_MAX || answer->empty.max > INT64_MAX ||
	    answer->clock.max > INT64_MAX || answer->mean.max > INT64_MAX)
		return -ERANGE;
	return 0;
}

static int repetition__run(struct repetition *repetition,
			   const struct device *device,
			   struct counters *counters)
{
	uint64_t *counts = calloc(KMB_HIST_BUCKETS, sizeof(*counts));
	int err;

	if (!counts)
		return -ENOMEM;
	repetition->answer.histogram = (uintptr_t)counts;
	counters__enable(counters);
	err = device__run(device, &repetition->answer);
	counters__disable(counters);
	repetition->answer.histogram = 0;
	if (!err) {
		repetition->histogram = histogram__new(counts);
		err = repetition->histogram ? repetition__check(repetition) :
					      -ENOMEM;
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

/* Whole batches, where the scenario has it so. */
static uint32_t cell__whole(const struct cell *cell, uint32_t operations)
{
	const struct kmb_row *scenario = cell->row[KMB_TABLE_SCENARIO];
	uint32_t batch = scenario->value;

	if (!(scenario->flags & KMB_ROW_WHOLE) || !batch)
		return operations;
	return (operations + batch - 1) / batch * batch;
}

/**
 * measurement__is_slow() - whether few samples of a cell are enough
 * @cell: the cell.
 *
 * A context that is slow to reach makes each batch slow, so those of one object.
 *
 * Return: true if it is one part in MEASUREMENT_SLOW_PART that is measured.
 */
bool measurement__is_slow(const struct cell *cell)
{
	const struct kmb_row *scenario = cell->row[KMB_TABLE_SCENARIO];
	bool single = scenario->flags & KMB_ROW_WHOLE && scenario->value == 1;

	return scenario->flags & KMB_ROW_SLOW ||
	       (single && cell->row[KMB_TABLE_CONTEXT]->flags & KMB_ROW_SLOW);
}

/* How many operations of a cell are due; whole batches, if it has it so. */
static uint32_t cell__operations(const struct cell *cell, uint32_t wanted,
				 uint64_t budget, uint32_t fewest)
{
	uint64_t size = cell->row[KMB_TABLE_SIZE]->value;

	if (measurement__is_slow(cell))
		wanted = (wanted + MEASUREMENT_SLOW_PART - 1) /
			 MEASUREMENT_SLOW_PART;
	return cell__whole(cell, measurement__bound(wanted, size, budget,
						    fewest));
}

static int measured_cell__init(struct measured_cell *measured,
			       const struct cell *cell,
			       const struct measurement_options *options)
{
	memset(measured, 0, sizeof(*measured));
	measured->cell = cell;
	measured->iterations = cell__operations(cell, options->iterations,
						options->budget,
						MEASUREMENT_FEWEST);
	measured->warmup = cell__operations(cell, options->warmup,
					    options->budget /
					    MEASUREMENT_WARMUP_PART, 1);
	measured->repetitions = calloc(options->repetitions,
				       sizeof(struct repetition));
	if (!measured->repetitions)
		return -ENOMEM;
	measured->nr_repetitions = options->repetitions;
	return 0;
}

/* What the module is asked for, but for where the histogram goes. */
static struct kmb_run measured_cell__request(const struct measured_cell *measured,
					     uint32_t share)
{
	const struct cell *cell = measured->cell;

	return (struct kmb_run){
		.scenario = cell->row[KMB_TABLE_SCENARIO]->index,
		.context = cell->row[KMB_TABLE_CONTEXT]->index,
		.gfp = cell->row[KMB_TABLE_GFP]->index,
		.cpus = cell->row[KMB_TABLE_CPUS]->index,
		.size = cell->row[KMB_TABLE_SIZE]->value,
		.iterations = measured->iterations,
		.warmup = measured->warmup,
		.share = share,
	};
}

/* As many objects as the budget has, all of them there at once. */
static int measured_cell__weigh(struct measured_cell *measured,
				const struct device *device, uint32_t share)
{
	const struct cell *cell = measured->cell;
	struct kmb_footprint *footprint = &measured->footprint;

	memset(footprint, 0, sizeof(*footprint));
	footprint->gfp = cell->row[KMB_TABLE_GFP]->index;
	footprint->size = cell->row[KMB_TABLE_SIZE]->value;
	footprint->share = share;
	footprint->flags = KMB_FOOTPRINT_FILL;
	footprint->objects = measurement__bound(MEASUREMENT_FOOTPRINT,
						footprint->size,
						MEASUREMENT_FOOTPRINT_BYTES, 1);
	return device__footprint(device, footprint);
}

static int measured_cell__repeat(struct measured_cell *measured,
				 const struct device *device,
				 struct counters *counters,
				 const struct measurement_hooks *hooks,
				 struct measurement *measurement)
{
	struct repetition *repetition = measured->repetitions;
	uint32_t i;
	int err = 0;

	for (i = 0; i < measured->nr_repetitions && !err; i++, repetition++) {
		if (hooks->stopped(hooks->arg))
			return -ECANCELED;
		repetition->answer =
			measured_cell__request(measured,
					       measurement->options.share);
		err = repetition__run(repetition, device, counters);
		memcpy(measurement->why, repetition->answer.why, KMB_TEXT_LEN);
	}
	return err;
}

static int measured_cell__run(struct measured_cell *measured,
			      const struct device *device,
			      struct counters *counters,
			      const struct measurement_hooks *hooks,
			      struct measurement *measurement)
{
	const struct measurement_options *options = &measurement->options;
	const struct cell *cell = measured->cell;
	bool own = cell->row[KMB_TABLE_SCENARIO]->flags & KMB_ROW_OWN_CACHE;
	uint64_t size = own ? 0 : cell->row[KMB_TABLE_SIZE]->value;
	struct events before, after;
	int err;

	/* First, as it levels the ground: see struct kmb_footprint. */
	err = own ? 0 : measured_cell__weigh(measured, device, options->share);
	memcpy(measurement->why, measured->footprint.why, KMB_TEXT_LEN);
	if (err)
		return err;
	counters__reset(counters);
	events__read(&before, "", size, options->cpu);
	err = measured_cell__repeat(measured, device, counters, hooks,
				    measurement);
	events__read(&after, "", size, options->cpu);
	events__add_since(&measured->events, &before, &after);
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
			    struct counters *counters,
			    const struct measurement_hooks *hooks)
{
	struct measured_cell *measured =
		&measurement->cells[measurement->nr_cells];
	int err;

	err = measured_cell__init(measured, measurement->current,
				  &measurement->options);
	if (!err)
		err = measured_cell__run(measured, device, counters, hooks,
					 measurement);
	if (err)
		measured_cell__exit(measured);
	else
		measurement->nr_cells++;
	return err;
}

/**
 * measurement__check() - have the module check all requests beforehand
 * @measurement: of measurement__new().
 * @catalog: the same as there.
 * @device: that will measure.
 *
 * Return: 0; -ENOMEM; or the negative error of the first request that is
 * refused: measurement->current is its cell, measurement->why the reason.
 */
int measurement__check(struct measurement *measurement,
		       const struct catalog *catalog,
		       const struct device *device)
{
	struct measured_cell measured;
	struct kmb_run run;
	size_t i;
	int err = 0;

	for (i = 0; i < catalog->nr_cells && !err; i++) {
		if (!catalog->cells[i].selected)
			continue;
		measurement->current = &catalog->cells[i];
		err = measured_cell__init(&measured, measurement->current,
					  &measurement->options);
		if (err)
			return err;
		run = measured_cell__request(&measured,
					     measurement->options.share);
		run.flags = KMB_RUN_CHECK;
		err = device__run(device, &run);
		memcpy(measurement->why, run.why, KMB_TEXT_LEN);
		measured_cell__exit(&measured);
	}
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
 * Return: 0; -ECANCELED: it was stopped; -EBADMSG or -ERANGE: see
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
		hooks->next(hooks->arg, measurement);
		err = measurement__add(measurement, device, counters, hooks);
	}
	return err;
}
