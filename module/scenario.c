// SPDX-License-Identifier: GPL-2.0
/*
 * Which scenarios there are, how every row of every table presents itself to
 * the tool, and which combinations of rows are legal. Nothing is timed here.
 */
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/string.h>

#include "limits.h"
#include "measure.h"
#include "scenario.h"

static const struct kmb_scenario kmb_scenarios[] = {
	{ "alloc", "kmalloc() alone; freed after the batch", kmb_batch_alloc },
	{ "free", "kfree() alone, in the order of allocation", kmb_batch_free },
	{ "pair", "kmalloc() and kfree() of the same object", kmb_batch_pair },
};

/* Return: the row of kmb_contexts that has this index here, or NULL. */
static const struct kmb_context *measured_context(u32 index)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(kmb_contexts); i++)
		if (kmb_contexts[i].measured && !index--)
			return &kmb_contexts[i];
	return NULL;
}

static u32 context_flags(const struct kmb_context *context)
{
	u32 flags = context->atomic ? KMB_ROW_ATOMIC : 0;

	if (!kmb_context_is_legal(context))
		flags |= KMB_ROW_ILLEGAL;
	return flags;
}

static void scenario_row(struct kmb_row *row)
{
	const struct kmb_scenario *scenario = &kmb_scenarios[row->index];

	strscpy(row->name, scenario->name, sizeof(row->name));
	strscpy(row->text, scenario->shows, sizeof(row->text));
}

static void context_row(struct kmb_row *row)
{
	const struct kmb_context *context = measured_context(row->index);

	row->flags = context_flags(context);
	strscpy(row->name, context->name, sizeof(row->name));
	strscpy(row->text, context->shows, sizeof(row->text));
}

static void gfp_row(struct kmb_row *row)
{
	const struct kmb_gfp *gfp = &kmb_gfps[row->index];

	row->flags = gfpflags_allow_blocking(gfp->flags) ? KMB_ROW_SLEEPS : 0;
	row->value = (__force u64)gfp->flags;
	strscpy(row->name, gfp->name, sizeof(row->name));
	strscpy(row->text, gfp->shows, sizeof(row->text));
}

static void size_row(struct kmb_row *row)
{
	const struct kmb_size *size = &kmb_sizes[row->index];

	row->value = size->bytes;
	snprintf(row->name, sizeof(row->name), "%zu", size->bytes);
	strscpy(row->text, size->shows, sizeof(row->text));
}

static const struct {
	u32 nr;
	void (*get)(struct kmb_row *row);
} kmb_tables[KMB_NR_TABLES] = {
	[KMB_TABLE_SCENARIO] = { ARRAY_SIZE(kmb_scenarios), scenario_row },
	/* Of these at most, see kmb_table_rows(). */
	[KMB_TABLE_CONTEXT] = { ARRAY_SIZE(kmb_contexts), context_row },
	[KMB_TABLE_GFP] = { ARRAY_SIZE(kmb_gfps), gfp_row },
	[KMB_TABLE_SIZE] = { ARRAY_SIZE(kmb_sizes), size_row },
};

/**
 * kmb_table_rows() - how many rows a table has
 * @table: enum kmb_table, below KMB_NR_TABLES.
 *
 * Return: the number of rows.
 */
u32 kmb_table_rows(u32 table)
{
	u32 rows = kmb_tables[table].nr;

	while (table == KMB_TABLE_CONTEXT && !measured_context(rows - 1))
		rows--;
	return rows;
}

/**
 * kmb_table_get() - describe one row
 * @row: its table and index; the rest is filled in.
 *
 * Return: 0, or -EINVAL when there is no such row.
 */
int kmb_table_get(struct kmb_row *row)
{
	if (row->table >= KMB_NR_TABLES || row->pad)
		return -EINVAL;
	if (row->index >= kmb_table_rows(row->table))
		return -EINVAL;
	row->flags = 0;
	row->value = 0;
	memset(row->name, 0, sizeof(row->name));
	memset(row->text, 0, sizeof(row->text));
	kmb_tables[row->table].get(row);
	return 0;
}

static bool run_in_range(const struct kmb_run *run)
{
	return run->scenario < ARRAY_SIZE(kmb_scenarios) &&
	       run->context < kmb_table_rows(KMB_TABLE_CONTEXT) &&
	       run->gfp < ARRAY_SIZE(kmb_gfps) &&
	       run->size >= 1 && run->size <= KMALLOC_MAX_SIZE &&
	       run->iterations >= 1 && run->iterations <= KMB_MAX_ITERATIONS &&
	       run->warmup <= KMB_MAX_ITERATIONS && !run->pad;
}

/**
 * kmb_cell_from_run() - check a request before anything is touched
 * @cell: what was asked for.
 * @run: the (in) fields as they came from the tool.
 *
 * Return: 0; -EINVAL when a field is out of range or the flags may sleep in a
 * context that may not; -EOPNOTSUPP when the context is not legal here.
 */
int kmb_cell_from_run(struct kmb_cell *cell, const struct kmb_run *run)
{
	if (!run_in_range(run))
		return -EINVAL;
	cell->scenario = &kmb_scenarios[run->scenario];
	cell->context = measured_context(run->context);
	cell->gfp = kmb_gfps[run->gfp].flags;
	cell->size = run->size;
	if (cell->context->atomic && gfpflags_allow_blocking(cell->gfp))
		return -EINVAL;
	if (context_flags(cell->context) & KMB_ROW_ILLEGAL)
		return -EOPNOTSUPP;
	return 0;
}
