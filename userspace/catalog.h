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

#define CELL_NAME_LEN	(KMB_NR_CELL_TABLES * KMB_NAME_LEN)

/**
 * struct cell - one row of each table
 * @row: the rows, indexed by enum kmb_table.
 * @legal: whether it can be measured; cell__explain() tells why not.
 * @selected: catalog__select() chose it; never where it is not legal.
 * @rank: how far it is from the most common use: the sum over its rows.
 * @name: the names of the rows, joined by '/'; one CPU is not named.
 */
struct cell {
	const struct kmb_row *row[KMB_NR_CELL_TABLES];
	bool legal;
	bool selected;
	uint32_t rank;
	char name[CELL_NAME_LEN];
};

/* No limit to the rank of a cell. */
#define CATALOG_ANY_RANK	UINT32_MAX

/**
 * struct catalog - all cells, legal or not, CPUs varying fastest, then sizes
 * @rows: the tables, indexed by enum kmb_table; the caller's.
 * @nr_rows: rows in each.
 * @max_size: the largest size of kmalloc(), bytes.
 * @nr_cells: how many cells.
 * @nr_selected: how many of them are selected.
 * @cells: the cells.
 */
struct catalog {
	const struct kmb_row *rows[KMB_NR_CELL_TABLES];
	uint32_t nr_rows[KMB_NR_CELL_TABLES];
	uint64_t max_size;
	size_t nr_cells;
	size_t nr_selected;
	struct cell *cells;
};

struct catalog *catalog__new(struct kmb_row *const rows[KMB_NR_CELL_TABLES],
			     const uint32_t nr_rows[KMB_NR_CELL_TABLES],
			     uint64_t max_size);
void catalog__delete(struct catalog *catalog);
bool cell__matches(const struct cell *cell, const char *pattern);
bool cell__explain(const struct cell *cell, uint64_t max_size, char *why,
		   size_t size);
int catalog__select(struct catalog *catalog, const char *pattern,
		    uint32_t max_rank);
void catalog__explain(const struct catalog *catalog, const char *pattern,
		      char *why, size_t size);

#endif /* KMBENCH_CATALOG_H */
