/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The catalog of cells: every scenario in every context, with all flags and
 * sizes.
 */
#ifndef KMBENCH_CATALOG_H
#define KMBENCH_CATALOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "module/uapi/kmbench.h"

#define CELL_NAME_LEN	(KMB_NR_TABLES * KMB_NAME_LEN)

/**
 * enum cell_legality - whether a cell can be measured, or why not
 * @CELL_LEGAL: it can.
 * @CELL_SLEEPS: one of its rows may sleep where another may not.
 * @CELL_NOT_HERE: one of its rows is not legal on this kernel.
 * @CELL_TOO_LARGE: its size is above the largest of kmalloc().
 */
enum cell_legality {
	CELL_LEGAL,
	CELL_SLEEPS,
	CELL_NOT_HERE,
	CELL_TOO_LARGE,
};

/**
 * struct cell - one row of each table
 * @row: the rows, indexed by enum kmb_table.
 * @legality: whether it can be measured.
 * @selected: catalog__select() chose it; never where it is not legal.
 * @name: the names of the rows, joined by '/'.
 */
struct cell {
	const struct kmb_row *row[KMB_NR_TABLES];
	enum cell_legality legality;
	bool selected;
	char name[CELL_NAME_LEN];
};

/**
 * struct catalog - all cells, legal or not, sizes varying fastest
 * @rows: the tables, indexed by enum kmb_table; the caller's.
 * @nr_rows: rows in each.
 * @max_size: the largest size of kmalloc(), bytes.
 * @nr_cells: how many cells.
 * @nr_selected: how many of them are selected.
 * @cells: the cells.
 */
struct catalog {
	const struct kmb_row *rows[KMB_NR_TABLES];
	uint32_t nr_rows[KMB_NR_TABLES];
	uint64_t max_size;
	size_t nr_cells;
	size_t nr_selected;
	struct cell *cells;
};

struct catalog *catalog__new(struct kmb_row *const rows[KMB_NR_TABLES],
			     const uint32_t nr_rows[KMB_NR_TABLES],
			     uint64_t max_size);
void catalog__delete(struct catalog *catalog);
bool cell__matches(const struct cell *cell, const char *pattern);
int catalog__select(struct catalog *catalog, const char *pattern);
void catalog__explain(const struct catalog *catalog, const char *pattern,
		      char *why, size_t size);

#endif /* KMBENCH_CATALOG_H */
