// SPDX-License-Identifier: GPL-2.0
/*
 * The table: one line for each cell, all repetitions together.
 *
 * For looking at, not for parsing: figures that are compared come from the
 * JSON document, which has the histograms.
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "summary.h"
#include "text_out.h"

static int name__width(const struct measurement *measurement)
{
	size_t i, length, width = strlen("cell");

	for (i = 0; i < measurement->nr_cells; i++) {
		length = strlen(measurement->cells[i].cell->name);
		if (length > width)
			width = length;
	}
	return width;
}

/* A figure, or "-" where there were not enough samples for it. */
static void put_ticks(FILE *file, bool known, uint64_t ticks)
{
	if (known)
		fprintf(file, " %10" PRIu64, ticks);
	else
		fprintf(file, " %10s", "-");
}

static void put_percentile(FILE *file, const struct cell_summary *summary,
			   const char *name)
{
	unsigned int i;

	for (i = 0; i < PERCENTILES_NR; i++)
		if (!strcmp(percentiles[i].name, name))
			put_ticks(file, summary__has(summary, i),
				  summary->percentiles[i]);
}

static int put_cell(FILE *file, const struct measured_cell *measured, int width)
{
	struct cell_summary summary;
	int err = measured_cell__summarise(measured, &summary);

	if (err)
		return err;
	fprintf(file, "%-*s %8" PRIu64 " %7" PRIu64, width,
		measured->cell->name, (uint64_t)summary.op.count,
		summary.failed);
	put_percentile(file, &summary, "p50");
	put_percentile(file, &summary, "p99");
	put_ticks(file, summary.op.count, summary.op.max);
	if (summary.empty.count)
		fprintf(file, " %10.1f", (double)summary.empty.sum /
			summary.empty.count);
	else
		fprintf(file, " %10s", "-");
	fprintf(file, "%s\n", summary.steady ? "" : "  UNSTEADY");
	return 0;
}

static void put_units(FILE *file, const struct kmb_info *info)
{
	fprintf(file, "p50, p99, max, empty: ticks of %s", info->clock);
	if (info->clock_hz)
		fprintf(file, " (%" PRIu64 " a second)",
			(uint64_t)info->clock_hz);
	fprintf(file, "; empty: mean of the loop around nothing, not subtracted; UNSTEADY: medians of the repetitions differ by more than %d %%\n",
		SUMMARY_SPREAD_MAX / 10);
}

/**
 * text_out__write() - write the table
 * @file: where to.
 * @info: of the device.
 * @measurement: what was measured.
 *
 * Return: 0; -ENOMEM; -EIO: it could not be written.
 */
int text_out__write(FILE *file, const struct kmb_info *info,
		    const struct measurement *measurement)
{
	int width = name__width(measurement);
	int err = 0;
	size_t i;

	fprintf(file, "%-*s %8s %7s %10s %10s %10s %10s\n", width, "cell",
		"count", "failed", "p50", "p99", "max", "empty");
	for (i = 0; i < measurement->nr_cells && !err; i++)
		err = put_cell(file, &measurement->cells[i], width);
	put_units(file, info);
	if (!err && (fflush(file) || ferror(file)))
		err = -EIO;
	return err;
}
