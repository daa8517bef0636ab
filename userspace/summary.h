/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the repetitions of a cell come to.
 */
#ifndef KMBENCH_SUMMARY_H
#define KMBENCH_SUMMARY_H

#include "measurement.h"

#define PERCENTILES_NR		5
/* Medians of repetitions that differ by more disagree: a thousandth each. */
#define SUMMARY_SPREAD_MAX	50

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
 * struct cell_summary - the repetitions of a cell taken together
 * @failed: allocations that returned NULL.
 * @op: all samples, ticks; min and max as in struct kmb_stats.
 * @mean: all mean-loops.
 * @empty: all samples of the empty loop, ticks.
 * @percentiles: of @op, ticks, in the order of the array of that name; only
 *	those that summary__has() are there.
 * @spread: by how much the largest median of a repetition exceeds the
 *	smallest, thousandths of the latter; UINT64_MAX where one is 0.
 * @steady: the repetitions agree: @spread is at most SUMMARY_SPREAD_MAX.
 */
struct cell_summary {
	uint64_t failed;
	struct kmb_stats op;
	struct kmb_stats mean;
	struct kmb_stats empty;
	uint64_t percentiles[PERCENTILES_NR];
	uint64_t spread;
	bool steady;
};

bool summary__has(const struct cell_summary *summary, unsigned int i);
int measured_cell__summarise(const struct measured_cell *measured,
			     struct cell_summary *summary);

#endif /* KMBENCH_SUMMARY_H */
