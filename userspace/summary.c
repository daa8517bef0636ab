// SPDX-License-Identifier: GPL-2.0
/*
 * Taking the repetitions of a cell together: all samples in one histogram,
 * exact sums, and whether the repetitions agree.
 *
 * Medians are compared, not means: a repetition that refills a slab more often
 * than another one is no other machine. The samples themselves are kept, so
 * that a reader may judge otherwise.
 */
#include <errno.h>
#include <string.h>

#include "summary.h"

const struct percentile percentiles[PERCENTILES_NR] = {
	{ .name = "p50", .per_10000 = 5000 },
	{ .name = "p90", .per_10000 = 9000 },
	{ .name = "p99", .per_10000 = 9900 },
	{ .name = "p99.9", .per_10000 = 9990 },
	{ .name = "p99.99", .per_10000 = 9999 },
};

/**
 * summary__has() - whether there are enough samples for a percentile
 * @summary: of a cell.
 * @i: the percentile, below PERCENTILES_NR.
 *
 * Without one sample above it a percentile is the maximum under another name.
 *
 * Return: true if it may be told. The median may be of a single sample.
 */
bool summary__has(const struct cell_summary *summary, unsigned int i)
{
	uint64_t above = 10000 - percentiles[i].per_10000;

	return summary->op.count && (i == 0 || summary->op.count * above >= 10000);
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

/* Of the medians of those repetitions that have samples. */
static uint64_t measured_cell__spread(const struct measured_cell *measured)
{
	uint64_t low = UINT64_MAX, high = 0, median;
	uint32_t i;

	for (i = 0; i < measured->nr_repetitions; i++) {
		const struct repetition *one = &measured->repetitions[i];

		if (!one->answer.op.count)
			continue;
		median = histogram__percentile(one->histogram, 5000,
					       one->answer.op.min,
					       one->answer.op.max);
		low = median < low ? median : low;
		high = median > high ? median : high;
	}
	if (low >= high)
		return 0;
	return low ? (high - low) * 1000 / low : UINT64_MAX;
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
	summary->mean.min = UINT64_MAX;
	summary->empty.min = UINT64_MAX;
	for (i = 0; i < measured->nr_repetitions; i++) {
		const struct kmb_run *answer = &measured->repetitions[i].answer;

		summary->failed += answer->failed.count;
		stats__add(&summary->op, &answer->op);
		stats__add(&summary->mean, &answer->mean);
		stats__add(&summary->empty, &answer->empty);
	}
	for (i = 0; i < PERCENTILES_NR; i++)
		summary->percentiles[i] =
			histogram__percentile(samples, percentiles[i].per_10000,
					      summary->op.min, summary->op.max);
	histogram__delete(samples);
	summary->spread = measured_cell__spread(measured);
	summary->steady = summary->spread <= SUMMARY_SPREAD_MAX;
	return 0;
}
