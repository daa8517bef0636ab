/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Made-up tables for the tests; their names are no list of what exists.
 */
#ifndef KMBENCH_TESTS_ROWS_H
#define KMBENCH_TESTS_ROWS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "catalog.h"

#define ROWS_MAX_SIZE	4096

static struct kmb_row rows_scenarios[] = {
	{ .table = KMB_TABLE_SCENARIO, .index = 0, .name = "pair", .text = "allocate, free",
	  .flags = KMB_ROW_COUNTED, .min_size = 1, .max_size = 1 << 20, .min_cpus = 1, .max_cpus = 1 },
	{ .table = KMB_TABLE_SCENARIO, .index = 1, .name = "burst", .text = "allocate many", .rank = 1,
	  .flags = KMB_ROW_WHOLE, .value = 256,
	  .min_size = 1, .max_size = 1 << 20, .min_cpus = 1, .max_cpus = 1 },
	{ .table = KMB_TABLE_SCENARIO, .index = 2, .name = "crowd", .rank = 1,
	  .min_size = 16, .max_size = 64, .min_cpus = 1, .max_cpus = 8 },
	{ .table = KMB_TABLE_SCENARIO, .index = 3, .name = "bulk", .rank = 2, .flags = KMB_ROW_IRQS_ON,
	  .min_size = 1, .max_size = 64, .min_cpus = 1, .max_cpus = 1 },
	{ .table = KMB_TABLE_SCENARIO, .index = 4, .name = "delay", .flags = KMB_ROW_BY_NAME,
	  .min_size = 1, .max_size = 64, .min_cpus = 1, .max_cpus = 1 },
};

static struct kmb_row rows_contexts[] = {
	{ .table = KMB_TABLE_CONTEXT, .index = 0, .name = "task" },
	{ .table = KMB_TABLE_CONTEXT, .index = 1, .name = "hardirq", .rank = 1,
	  .flags = KMB_ROW_ATOMIC | KMB_ROW_IRQS_OFF },
	{ .table = KMB_TABLE_CONTEXT, .index = 2, .name = "nmi",
	  .flags = KMB_ROW_ATOMIC | KMB_ROW_ILLEGAL },
};

static struct kmb_row rows_gfps[] = {
	{ .table = KMB_TABLE_GFP, .index = 0, .name = "GFP_KERNEL", .flags = KMB_ROW_SLEEPS },
	{ .table = KMB_TABLE_GFP, .index = 1, .name = "GFP_ATOMIC" },
	{ .table = KMB_TABLE_GFP, .index = 2, .name = "GFP_ATOMIC|__GFP_ZERO", .rank = 1 },
};

static struct kmb_row rows_sizes[] = {
	{ .table = KMB_TABLE_SIZE, .index = 0, .name = "8", .value = 8 },
	{ .table = KMB_TABLE_SIZE, .index = 1, .name = "64", .value = 64 },
	{ .table = KMB_TABLE_SIZE, .index = 2, .name = "4096", .value = 4096 },
	{ .table = KMB_TABLE_SIZE, .index = 3, .name = "8192", .value = 8192 },
};

static struct kmb_row rows_cpus[] = {
	{ .table = KMB_TABLE_CPUS, .index = 0, .name = "1cpu", .value = 1 },
	{ .table = KMB_TABLE_CPUS, .index = 1, .name = "2cpus", .value = 2 },
};

static inline struct catalog *rows__catalog(void)
{
	struct kmb_row *const rows[KMB_NR_CELL_TABLES] = {
		rows_scenarios, rows_contexts, rows_gfps, rows_sizes, rows_cpus,
	};
	const uint32_t nr_rows[KMB_NR_CELL_TABLES] = { 5, 3, 3, 4, 2 };
	struct catalog *catalog = catalog__new(rows, nr_rows, ROWS_MAX_SIZE);

	assert_non_null(catalog);
	return catalog;
}

/* The cell of that name; must exist, need not be legal. */
static inline const struct cell *rows__cell(const struct catalog *catalog,
					    const char *name)
{
	size_t i;

	for (i = 0; i < catalog->nr_cells; i++)
		if (!strcmp(catalog->cells[i].name, name))
			return &catalog->cells[i];
	fail_msg("no cell '%s'", name);
	return NULL;
}

#endif /* KMBENCH_TESTS_ROWS_H */
