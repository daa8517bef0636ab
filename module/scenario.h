/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Scenarios: what is timed. Rows of scenario.c; the loops are in measure.c.
 */
#ifndef _KMBENCH_SCENARIO_H
#define _KMBENCH_SCENARIO_H

#include <linux/types.h>

#include "tables.h"
#include "uapi/kmbench.h"

struct kmb_batch;

/**
 * struct kmb_scenario - something that is timed
 * @name: as a user types it.
 * @shows: what is between the two readings of the clock.
 * @batch: takes batch->nr samples, in whatever context it is called.
 */
struct kmb_scenario {
	const char *name;
	const char *shows;
	void (*batch)(struct kmb_batch *batch);
};

/**
 * struct kmb_cell - a checked request: one scenario, in one context, with one
 * set of flags, of one size
 */
struct kmb_cell {
	const struct kmb_scenario *scenario;
	const struct kmb_context *context;
	gfp_t gfp;
	size_t size;
};

u32 kmb_table_rows(u32 table);
int kmb_table_get(struct kmb_row *row);
int kmb_cell_from_run(struct kmb_cell *cell, const struct kmb_run *run);

#endif /* _KMBENCH_SCENARIO_H */
