// SPDX-License-Identifier: GPL-2.0
/*
 * The JSON document: one line for each cell, so that it can be read, compared
 * and cut by line tools, and is made without holding it in memory as a whole.
 *
 * Everything below "measured" depends on nothing but the module's answers and
 * the counters. Percentiles are computed here for the reader's convenience;
 * the histograms are the data. Verdicts are left to the gate.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "json_out.h"
#include "summary.h"

static json_t *json__min(const struct kmb_stats *stats)
{
	return stats->count ? json_integer(stats->min) : json_null();
}

static json_t *json__max(const struct kmb_stats *stats)
{
	return stats->count ? json_integer(stats->max) : json_null();
}

/**
 * json_out__stats() - the exact part of a series
 * @stats: of the module.
 *
 * Return: an object, the caller's.
 */
json_t *json_out__stats(const struct kmb_stats *stats)
{
	return json_pack("{s:I, s:I, s:o, s:o}",
			 "count", (json_int_t)stats->count,
			 "sum", (json_int_t)stats->sum,
			 "min", json__min(stats), "max", json__max(stats));
}

/**
 * json_out__histogram() - the buckets that are not empty
 * @histogram: of samples.
 *
 * Return: an array of pairs, the caller's: the bucket's lower bound in ticks, and its
 * count.
 */
json_t *json_out__histogram(const struct histogram *histogram)
{
	json_t *all = json_array(), *one;
	uint32_t i;

	for (i = 0; i < histogram->nr; i++) {
		const struct histogram_bucket *bucket = &histogram->buckets[i];

		one = json_pack("[I, I]",
				(json_int_t)kmb_hist_low(bucket->index),
				(json_int_t)bucket->count);
		json_array_append_new(all, one);
	}
	return all;
}

/* What the mean-loop took; null where the scenario has none. */
static json_t *json__mean(const struct kmb_run *answer)
{
	const struct kmb_stats *mean = &answer->mean;

	if (!mean->count)
		return json_null();
	return json_pack("{s:I, s:I, s:I, s:I, s:I}",
			 "count", (json_int_t)mean->count,
			 "failed", (json_int_t)answer->mean_failed,
			 "sum", (json_int_t)mean->sum,
			 "min", (json_int_t)mean->min,
			 "max", (json_int_t)mean->max);
}

/* What several CPUs did; null where there was but one. */
static json_t *json__together(const struct kmb_together *together)
{
	if (!together->series)
		return json_null();
	return json_pack("{s:I, s:I, s:I, s:I, s:I, s:I}",
			 "alloc_cpus", (json_int_t)together->alloc_cpus,
			 "free_cpus", (json_int_t)together->free_cpus,
			 "met", (json_int_t)together->met,
			 "gone", (json_int_t)together->gone,
			 "at_once", (json_int_t)together->at_once,
			 "freed_elsewhere",
			 (json_int_t)together->freed_elsewhere);
}

/* Of a scenario that the module counts. */
static json_t *json__calls(const struct cell *cell, uint64_t calls)
{
	return cell->row[KMB_TABLE_SCENARIO]->flags & KMB_ROW_COUNTED ?
	       json_integer(calls) : json_null();
}

static json_t *json__repetition(const struct cell *cell,
				const struct repetition *repetition)
{
	const struct kmb_run *answer = &repetition->answer;
	const struct kmb_stats *op = &answer->op;

	return json_pack("{s:I, s:I, s:I, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}",
			 "count", (json_int_t)op->count,
			 "failed", (json_int_t)answer->failed.count,
			 "sum", (json_int_t)op->sum,
			 "min", json__min(op), "max", json__max(op),
			 "mean_loop", json__mean(answer),
			 "empty", json_out__stats(&answer->empty),
			 "clock", json_out__stats(&answer->clock),
			 "record", json_out__stats(&answer->record),
			 "allocs", json__calls(cell, answer->allocs),
			 "frees", json__calls(cell, answer->frees),
			 "together", json__together(&answer->together),
			 "histogram", json_out__histogram(repetition->histogram));
}

static json_t *json__repetitions(const struct measured_cell *measured)
{
	json_t *all = json_array(), *one;
	uint32_t i;

	for (i = 0; i < measured->nr_repetitions; i++) {
		one = json__repetition(measured->cell,
				       &measured->repetitions[i]);
		json_array_append_new(all, one);
	}
	return all;
}

static json_t *json__percentiles(const struct cell_summary *summary)
{
	json_t *all;
	uint32_t i;

	if (!summary->op.count)
		return json_null();
	all = json_object();
	for (i = 0; i < PERCENTILES_NR; i++)
		json_object_set_new(all, percentiles[i].name,
				    summary__has(summary, i) ?
				    json_integer(summary->percentiles[i]) :
				    json_null());
	return all;
}

static json_t *json__spread(const struct cell_summary *summary)
{
	return summary->spread > INT64_MAX ? json_null() :
					     json_integer(summary->spread);
}

static json_t *json__footprint(const struct kmb_footprint *footprint)
{
	return json_pack("{s:I, s:I, s:I, s:I}",
			 "objects", (json_int_t)footprint->held,
			 "live_bytes",
			 (json_int_t)(footprint->held * footprint->size),
			 "blocks", (json_int_t)footprint->blocks,
			 "held_bytes", (json_int_t)footprint->bytes);
}

/**
 * json_out__value() - a count, or why there is none
 * @value: the count.
 *
 * Return: an object, the caller's.
 */
json_t *json_out__value(const struct counter_value *value)
{
	if (value->known)
		return json_pack("{s:I}", "value", (json_int_t)value->value);
	return json_pack("{s:s}", "unavailable", value->why);
}

/**
 * json_out__events() - what the kernel did, by name
 * @events: of events__add_since().
 *
 * Return: an object, the caller's.
 */
json_t *json_out__events(const struct events *events)
{
	json_t *all = json_object();
	unsigned int i;

	for (i = 0; i < EVENTS_NR; i++)
		json_object_set_new(all, events__name(i),
				    json_out__value(&events->values[i]));
	return all;
}

/**
 * json_out__counters() - counters by name
 * @values: these.
 * @nr: how many: the first ones of all, at most COUNTERS_NR.
 *
 * Return: an object, the caller's.
 */
json_t *json_out__counters(const struct counter_value *values, unsigned int nr)
{
	json_t *all = json_object();
	unsigned int i;

	for (i = 0; i < nr; i++)
		json_object_set_new(all, counters__name(i),
				    json_out__value(&values[i]));
	return all;
}

static const char *cell__part(const struct cell *cell, enum kmb_table table)
{
	return cell->row[table]->name;
}

/**
 * json_out__cell() - a cell as it stands in the document
 * @measured: the cell.
 *
 * Return: an element of "cells", a new reference; NULL: no memory.
 */
json_t *json_out__cell(const struct measured_cell *measured)
{
	const struct cell *cell = measured->cell;
	struct cell_summary summary;

	if (measured_cell__summarise(measured, &summary))
		return NULL;
	return json_pack("{s:s, s:s, s:s, s:s, s:I, s:I, s:I, s:I, s:o, s:o, s:b, s:o, s:o, s:o, s:o}",
			 "name", cell->name,
			 "scenario", cell__part(cell, KMB_TABLE_SCENARIO),
			 "context", cell__part(cell, KMB_TABLE_CONTEXT),
			 "gfp", cell__part(cell, KMB_TABLE_GFP), "size",
			 (json_int_t)cell->row[KMB_TABLE_SIZE]->value, "cpus",
			 (json_int_t)cell->row[KMB_TABLE_CPUS]->value,
			 "iterations", (json_int_t)measured->iterations,
			 "warmup", (json_int_t)measured->warmup,
			 "repetitions", json__repetitions(measured),
			 "percentiles", json__percentiles(&summary),
			 "steady", summary.steady,
			 "spread", json__spread(&summary),
			 "footprint", json__footprint(&measured->footprint),
			 "events", json_out__events(&measured->events),
			 "counters", json_out__counters(measured->counters, COUNTERS_NR));
}

/* Writes a value between two texts; takes the reference, which may be NULL. */
static int json__put(FILE *file, const char *before, json_t *value,
		     const char *after)
{
	int err = 0;

	if (!value)
		return -ENOMEM;
	errno = EIO;
	if (fputs(before, file) == EOF ||
	    json_dumpf(value, file, JSON_COMPACT | JSON_ENCODE_ANY) ||
	    fputs(after, file) == EOF)
		err = -errno;
	json_decref(value);
	return err;
}

static json_t *json__tool(void)
{
	return json_pack("{s:s, s:i}", "version", KMB_VERSION,
			 "abi", KMB_ABI_VERSION);
}

/**
 * json_out__clock() - the clock that timed, as an object
 * @info: of the device.
 *
 * Return: the object, the caller's.
 */
json_t *json_out__clock(const struct kmb_info *info)
{
	return json_pack("{s:s, s:o}", "name", info->clock, "hz",
			 info->clock_hz ? json_integer(info->clock_hz) :
					  json_null());
}

static int json__put_head(FILE *file, json_t *system,
			  const struct kmb_info *info)
{
	int err;

	err = json__put(file, "{\"format\":",
			json_string(JSON_OUT_FORMAT), ",\n");
	if (!err)
		err = json__put(file, "\"format_version\":",
				json_integer(JSON_OUT_VERSION), ",\n");
	if (!err)
		err = json__put(file, "\"tool\":", json__tool(), ",\n");
	if (!err)
		err = json__put(file, "\"system\":", json_incref(system),
				",\n");
	if (!err)
		err = json__put(file, "\"clock\":", json_out__clock(info), ",\n");
	return err;
}

/**
 * json_out__write() - write the document
 * @file: where to; not flushed.
 * @system: of system__describe(); stays the caller's.
 * @info: of the device.
 * @measurement: what was measured.
 *
 * Return: 0; -ENOMEM; or the negative error of writing.
 */
int json_out__write(FILE *file, json_t *system, const struct kmb_info *info,
		    const struct measurement *measurement)
{
	int err = json__put_head(file, system, info);
	size_t i;

	if (!err)
		err = json__put(file, "\"measured\":{\"cpu\":",
				json_integer(measurement->options.cpu),
				",\"cells\":[");
	for (i = 0; i < measurement->nr_cells && !err; i++)
		err = json__put(file, i ? ",\n" : "\n",
				json_out__cell(&measurement->cells[i]), "");
	if (!err && fputs("\n]}}\n", file) == EOF)
		err = -errno;
	return err;
}

/* Renaming onto a device would put a file in its place. */
static bool path__is_replaceable(const char *path)
{
	struct stat status;

	return stat(path, &status) || S_ISREG(status.st_mode);
}

/**
 * json_out__open() - begin a file
 * @out: to be filled; needs json_out__close() also where this fails.
 * @path: its name; nothing of that name is touched before it is complete.
 *
 * Return: 0; -EINVAL: @path is there and is no regular file; -ENOMEM; or the
 * negative error of creating "@path.tmp".
 */
int json_out__open(struct json_out *out, const char *path)
{
	out->file = NULL;
	out->path = strdup(path);
	if (asprintf(&out->tmp, "%s.tmp", path) < 0)
		out->tmp = NULL;
	if (!out->path || !out->tmp)
		return -ENOMEM;
	if (!path__is_replaceable(path))
		return -EINVAL;
	out->file = fopen(out->tmp, "we");
	return out->file ? 0 : -errno;
}

/**
 * json_out__commit() - let the file appear under its name
 * @out: an open file, all written.
 *
 * Return: 0, or the negative error of writing or renaming.
 */
int json_out__commit(struct json_out *out)
{
	FILE *file = out->file;
	int err = 0;

	errno = EIO;
	if (ferror(file) || fflush(file) || fsync(fileno(file)))
		err = -errno;
	out->file = NULL;
	if (fclose(file) && !err)
		err = -errno;
	if (!err && rename(out->tmp, out->path))
		err = -errno;
	if (err)
		unlink(out->tmp);
	return err;
}

/**
 * json_out__close() - be done with the file, remove what is not committed
 * @out: was given to json_out__open(), with or without success.
 */
void json_out__close(struct json_out *out)
{
	if (out->file) {
		fclose(out->file);
		unlink(out->tmp);
	}
	free(out->path);
	free(out->tmp);
}
