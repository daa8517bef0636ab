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

	for (table = 0; table < KMB_NR_CELL_TABLES; table++)
		if (cell->row[table]->flags & flag)
			return cell->row[table];
	return NULL;
}

/* Two rows that do not go together. */
static bool cell__clashes(const struct cell *cell, char *why, size_t size)
{
	static const struct {
		uint32_t one, other;
		const char *text;
	} clashes[KMB_NR_CLASHES] = KMB_CLASHES;
	static const char * const fields[KMB_NR_CELL_TABLES] = KMB_CELL_FIELDS;
	const struct kmb_row *one, *other;
	size_t i;

	for (i = 0; i < KMB_NR_CLASHES; i++) {
		one = cell__row_with(cell, clashes[i].one);
		other = one ? cell__row_with(cell, clashes[i].other) : NULL;
		if (!other)
			continue;
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
		snprintf(why, size, clashes[i].text, fields[one->table], one->name,
			 fields[other->table], other->name);
#pragma GCC diagnostic pop
		return true;
	}
	return false;
}

/* A size or a number of CPUs that the scenario does not take. */
static bool cell__exceeds(const struct cell *cell, char *why, size_t size)
{
	const struct kmb_row *scenario = cell->row[KMB_TABLE_SCENARIO];
	uint64_t bytes = cell->row[KMB_TABLE_SIZE]->value;
	uint64_t cpus = cell->row[KMB_TABLE_CPUS]->value;

	if (cpus < scenario->min_cpus)
		snprintf(why, size, "%s needs %u CPUs, there %s %" PRIu64,
			 scenario->name, scenario->min_cpus,
			 cpus == 1 ? "is" : "are", cpus);
	else if (cpus > scenario->max_cpus)
		snprintf(why, size, "%s runs on %u CPU%s, not on %" PRIu64,
			 scenario->name, scenario->max_cpus,
			 scenario->max_cpus == 1 ? "" : "s", cpus);
	else if (bytes < scenario->min_size || bytes > scenario->max_size)
		snprintf(why, size, "%s takes %" PRIu64 " to %" PRIu64
			 " bytes, not %" PRIu64, scenario->name,
			 (uint64_t)scenario->min_size,
			 (uint64_t)scenario->max_size, bytes);
	else
		return false;
	return true;
}

/**
 * cell__explain() - why a cell cannot be measured
 * @cell: the cell.
 * @max_size: the largest size of kmalloc(), bytes.
 * @why: receives half a line; only where there is a reason.
 * @size: of @why, bytes; may be 0.
 *
 * Return: whether there is a reason.
 */
bool cell__explain(const struct cell *cell, uint64_t max_size, char *why,
		   size_t size)
{
	const struct kmb_row *illegal = cell__row_with(cell, KMB_ROW_ILLEGAL);

	if (cell->row[KMB_TABLE_SIZE]->value > max_size)
		snprintf(why, size, "%s bytes are above this kernel's %" PRIu64,
			 cell->row[KMB_TABLE_SIZE]->name, max_size);
	else if (illegal)
		snprintf(why, size, "%s is not legal on this kernel",
			 illegal->name);
	else
		return cell__clashes(cell, why, size) ||
		       cell__exceeds(cell, why, size);
	return true;
}

static void cell__set_name(struct cell *cell)
{
	char *end = cell->name;
	int table;

	for (table = 0; table < KMB_NR_CELL_TABLES; table++) {
		if (table == KMB_TABLE_CPUS && cell->row[table]->value == 1)
			continue;
		if (table)
			*end++ = '/';
		end = stpcpy(end, cell->row[table]->name);
	}
}

/* The n-th cell: n written in digits whose bases are the tables' lengths. */
static void catalog__set_cell(const struct catalog *catalog, size_t n)
{
	struct cell *cell = &catalog->cells[n];
	int table;

	for (table = KMB_NR_CELL_TABLES - 1; table >= 0; table--) {
		cell->row[table] =
			&catalog->rows[table][n % catalog->nr_rows[table]];
		cell->rank += cell->row[table]->rank;
		n /= catalog->nr_rows[table];
	}
	cell->legal = !cell__explain(cell, catalog->max_size, NULL, 0);
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
struct catalog *catalog__new(struct kmb_row *const rows[KMB_NR_CELL_TABLES],
			     const uint32_t nr_rows[KMB_NR_CELL_TABLES],
			     uint64_t max_size)
{
	struct catalog *catalog = calloc(1, sizeof(*catalog));
	size_t i, nr_cells = 1;

	if (!catalog)
		return NULL;
	catalog->max_size = max_size;
	for (i = 0; i < KMB_NR_CELL_TABLES; i++) {
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

/* Some rows are selected only by their names. */
static bool cell__is_meant(const struct cell *cell, const char *pattern)
{
	size_t table;

	for (table = 0; table < KMB_NR_CELL_TABLES; table++)
		if (cell->row[table]->flags & KMB_ROW_BY_NAME &&
		    (!pattern || !strstr(pattern, cell->row[table]->name)))
			return false;
	return !pattern || cell__matches(cell, pattern);
}

/**
 * catalog__select() - select the legal cells that a pattern means
 * @catalog: the catalog; what was selected before stays so.
 * @pattern: see cell__matches(); NULL: all.
 * @max_rank: cells of a higher rank are left out.
 *
 * Return: 0; -EPERM: it means only cells that are not legal; -ERANGE: only
 * cells of a higher rank, besides; -ENOENT: it means no cell at all.
 * catalog__explain() has the words for -EPERM and -ENOENT.
 */
int catalog__select(struct catalog *catalog, const char *pattern,
		    uint32_t max_rank)
{
	bool any = false, legal = false, near = false;
	size_t i;

	for (i = 0; i < catalog->nr_cells; i++) {
		struct cell *cell = &catalog->cells[i];

		if (!cell__is_meant(cell, pattern))
			continue;
		any = true;
		legal |= cell->legal;
		if (!cell->legal || cell->rank > max_rank)
			continue;
		near = true;
		catalog->nr_selected += !cell->selected;
		cell->selected = true;
	}
	return near ? 0 : legal ? -ERANGE : any ? -EPERM : -ENOENT;
}

/* Names that are nearly the pattern: cells, and words in any other place. */
static void catalog__nearest(const struct catalog *catalog,
			     const char *pattern, struct nearest *nearest)
{
	size_t i, table;

	for (i = 0; i < catalog->nr_cells; i++)
		if (catalog->cells[i].legal)
			nearest__try_name(nearest, pattern,
					  catalog->cells[i].name);
	for (table = 1; table < KMB_NR_CELL_TABLES; table++) {
		for (i = 0; i < catalog->nr_rows[table]; i++) {
			if (catalog->rows[table][i].flags & KMB_ROW_ILLEGAL)
				continue;
			nearest__try_word(nearest, pattern,
					  catalog->rows[table][i].name);
		}
	}
}

/* Whether a part of a pattern means any row of its table. */
static bool catalog__has_part(const struct catalog *catalog, int table,
			      const char *part)
{
	size_t i;

	for (i = 0; i < catalog->nr_rows[table]; i++)
		if (!fnmatch(part, catalog->rows[table][i].name, 0))
			return true;
	return false;
}

/* Names the first part of a pattern that is no row of its table; its length. */
static int catalog__wrong_part(const struct catalog *catalog,
			       const char *pattern, char *why, size_t size)
{
	static const char * const fields[KMB_NR_CELL_TABLES] = {
		[KMB_TABLE_SCENARIO] = "scenario",
		[KMB_TABLE_CONTEXT] = "context",
		[KMB_TABLE_GFP] = "gfp",
		[KMB_TABLE_SIZE] = "size",
		[KMB_TABLE_CPUS] = "cpus",
	};
	char part[CELL_NAME_LEN];
	int table;

	for (table = 0; table < KMB_NR_CELL_TABLES && *pattern; table++) {
		size_t length = strcspn(pattern, "/");

		snprintf(part, sizeof(part), "%.*s", (int)length, pattern);
		if (!catalog__has_part(catalog, table, part))
			return snprintf(why, size, "no %s '%s'; ",
					fields[table], part);
		pattern += length;
		pattern += *pattern == '/';
	}
	return 0;
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
	size_t i, length = 0;

	for (i = 0; i < catalog->nr_cells; i++)
		if (cell__is_meant(&catalog->cells[i], pattern) &&
		    cell__explain(&catalog->cells[i], catalog->max_size, why,
				  size))
			return;
	/* Stars stand for '/', too: then parts cannot be told apart. */
	if (!strchr(pattern, '*'))
		length = catalog__wrong_part(catalog, pattern, why, size);
	catalog__nearest(catalog, pattern, &nearest);
	if (length < size)
		nearest__format(&nearest, why + length, size - length);
}
