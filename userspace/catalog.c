// SPDX-License-Identifier: GPL-2.0
/*
 * Cells: the cross product of the module's tables, and choosing from it by
 * name.
 *
 * Takes rows as plain arrays and knows no row by name. Combinations that can
 * not be measured are kept, marked, so that asking for one is answered by the
 * reason.
 */
#include <errno.h>
#include <fnmatch.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "catalog.h"
#include "nearest.h"

/* The first row of a cell that has a flag, NULL: none has. */
static const struct kmb_row *cell__row_with(const struct cell *cell,
					    uint32_t flag)
{
	int table;

	for (table = 0; table < KMB_NR_TABLES; table++)
		if (cell->row[table]->flags & flag)
			return cell->row[table];
	return NULL;
}

static enum cell_legality cell__judge(const struct cell *cell,
				      uint64_t max_size)
{
	if (cell->row[KMB_TABLE_SIZE]->value > max_size)
		return CELL_TOO_LARGE;
	if (cell__row_with(cell, KMB_ROW_ILLEGAL))
		return CELL_NOT_HERE;
	if (cell__row_with(cell, KMB_ROW_SLEEPS) &&
	    cell__row_with(cell, KMB_ROW_ATOMIC))
		return CELL_SLEEPS;
	return CELL_LEGAL;
}

static void cell__set_name(struct cell *cell)
{
	int table, length = 0;

	for (table = 0; table < KMB_NR_TABLES; table++)
		length += snprintf(cell->name + length,
				   sizeof(cell->name) - length, "%s%s",
				   table ? "/" : "", cell->row[table]->name);
}

/* The n-th cell: n written in digits whose bases are the tables' lengths. */
static void catalog__set_cell(const struct catalog *catalog, size_t n)
{
	struct cell *cell = &catalog->cells[n];
	int table;

	for (table = KMB_NR_TABLES - 1; table >= 0; table--) {
		cell->row[table] =
			&catalog->rows[table][n % catalog->nr_rows[table]];
		n /= catalog->nr_rows[table];
	}
	cell->legality = cell__judge(cell, catalog->max_size);
	cell__set_name(cell);
}

/**
 * catalog__new() - make all cells of some tables
 * @rows: the tables, indexed by enum kmb_table; must outlive the catalog.
 * @nr_rows: rows in each.
 * @max_size: the largest size of kmalloc(), bytes.
 *
 * Return: a catalog with nothing selected, to be freed by catalog__delete();
 * NULL: no memory.
 */
struct catalog *catalog__new(struct kmb_row *const rows[KMB_NR_TABLES],
			     const uint32_t nr_rows[KMB_NR_TABLES],
			     uint64_t max_size)
{
	struct catalog *catalog = calloc(1, sizeof(*catalog));
	size_t i, nr_cells = 1;

	if (!catalog)
		return NULL;
	catalog->max_size = max_size;
	for (i = 0; i < KMB_NR_TABLES; i++) {
		catalog->rows[i] = rows[i];
		catalog->nr_rows[i] = nr_rows[i];
		nr_cells *= nr_rows[i];
	}
	catalog->cells = calloc(nr_cells ? nr_cells : 1, sizeof(struct cell));
	if (!catalog->cells) {
		free(catalog);
		return NULL;
	}
	catalog->nr_cells = nr_cells;
	for (i = 0; i < nr_cells; i++)
		catalog__set_cell(catalog, i);
	return catalog;
}

/**
 * catalog__delete() - free a catalog
 * @catalog: of catalog__new(), or NULL.
 */
void catalog__delete(struct catalog *catalog)
{
	if (catalog)
		free(catalog->cells);
	free(catalog);
}

/**
 * cell__matches() - whether a user's pattern means a cell
 * @cell: the cell.
 * @pattern: its name, a leading part of its name that ends before a '/', or
 *	a glob(7) for either, in which '*' stands for '/' too.
 *
 * Return: true if so.
 */
bool cell__matches(const struct cell *cell, const char *pattern)
{
	return !fnmatch(pattern, cell->name, FNM_LEADING_DIR);
}

/**
 * catalog__select() - select the legal cells that a pattern means
 * @catalog: the catalog; what was selected before stays so.
 * @pattern: see cell__matches(); NULL: all.
 *
 * Return: 0; -EPERM: it means only cells that are not legal; -ENOENT: it
 * means no cell at all. catalog__explain() has the words for both.
 */
int catalog__select(struct catalog *catalog, const char *pattern)
{
	bool any = false, legal = false;
	size_t i;

	for (i = 0; i < catalog->nr_cells; i++) {
		struct cell *cell = &catalog->cells[i];

		if (pattern && !cell__matches(cell, pattern))
			continue;
		any = true;
		if (cell->legality != CELL_LEGAL)
			continue;
		legal = true;
		catalog->nr_selected += !cell->selected;
		cell->selected = true;
	}
	return legal ? 0 : any ? -EPERM : -ENOENT;
}

static void cell__explain(const struct cell *cell, uint64_t max_size,
			  char *why, size_t size)
{
	switch (cell->legality) {
	case CELL_LEGAL:
		snprintf(why, size, "nothing is wrong with it");
		break;
	case CELL_SLEEPS:
		snprintf(why, size, "%s may sleep, %s may not",
			 cell__row_with(cell, KMB_ROW_SLEEPS)->name,
			 cell__row_with(cell, KMB_ROW_ATOMIC)->name);
		break;
	case CELL_NOT_HERE:
		snprintf(why, size, "%s is not legal on this kernel",
			 cell__row_with(cell, KMB_ROW_ILLEGAL)->name);
		break;
	case CELL_TOO_LARGE:
		snprintf(why, size, "%s bytes are above this kernel's %" PRIu64,
			 cell->row[KMB_TABLE_SIZE]->name, max_size);
		break;
	}
}

/* Names that are nearly the pattern: cells, and words in any other place. */
static void catalog__nearest(const struct catalog *catalog,
			     const char *pattern, struct nearest *nearest)
{
	size_t i, table;

	for (i = 0; i < catalog->nr_cells; i++)
		if (catalog->cells[i].legality == CELL_LEGAL)
			nearest__try_name(nearest, pattern,
					  catalog->cells[i].name);
	for (table = 1; table < KMB_NR_TABLES; table++) {
		for (i = 0; i < catalog->nr_rows[table]; i++) {
			if (catalog->rows[table][i].flags & KMB_ROW_ILLEGAL)
				continue;
			nearest__try_word(nearest, pattern,
					  catalog->rows[table][i].name);
		}
	}
}

/**
 * catalog__explain() - why catalog__select() selected nothing
 * @catalog: the catalog.
 * @pattern: the pattern that it refused.
 * @why: receives half a line: the reason, or what was perhaps meant.
 * @size: of @why, bytes.
 */
void catalog__explain(const struct catalog *catalog, const char *pattern,
		      char *why, size_t size)
{
	struct nearest nearest = { .nr = 0 };
	size_t i;

	for (i = 0; i < catalog->nr_cells; i++) {
		if (!cell__matches(&catalog->cells[i], pattern))
			continue;
		cell__explain(&catalog->cells[i], catalog->max_size, why, size);
		return;
	}
	catalog__nearest(catalog, pattern, &nearest);
	nearest__format(&nearest, why, size);
}
