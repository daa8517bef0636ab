// SPDX-License-Identifier: GPL-2.0
/*
 * Which scenarios there are, how every row of every table presents itself to
 * the tool, and which combinations of rows are legal. Nothing is timed here.
 */
#include <linux/cpumask.h>
#include <linux/errno.h>
#include <linux/init.h>
#include <linux/kernel.h>
#include <linux/log2.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "buffer.h"
#include "compat.h"
#include "crew.h"
#include "limits.h"
#include "ops.h"
#include "own.h"
#include "refuse.h"
#include "scenario.h"
#include "spread.h"
#include "walk.h"

#define KMB_SCENARIO(_name, _loops, _nr, _holds, _shows, ...)		\
	{ .name = (_name), .loops = &kmb_loops_##_loops, .nr = (_nr),	\
	  .holds = (_holds), .shows = (_shows), ##__VA_ARGS__ }

/* As many objects as the name says, all of them held before one is freed. */
#define KMB_BURST(_nr, _name, _loops, _rank, _does, _how)		\
	KMB_SCENARIO("burst" #_nr "-" _name, _loops, _nr, _nr,		\
		     _does "() of " #_nr _how, .rank = (_rank),		\
		     .flags = KMB_ROW_COUNTED | KMB_ROW_WHOLE,		\
		     .max_size = KMB_MAX_BATCH_BYTES / (_nr))

/* Two CPUs, one of which is asked about. */
#define KMB_RING(_depth, _name, _rank, _shows)				\
	KMB_SCENARIO("ring" #_depth "-" #_name, _name, _depth,		\
		     (_depth) + 1, _shows #_depth, .rank = (_rank),	\
		     .work = kmb_work_ring_##_name, .hands_over = true,	\
		     .min_cpus = 2, .max_cpus = 2, .flags = KMB_ROW_SLEEPS | KMB_ROW_COUNTED, \
		     .max_size = KMB_MAX_BATCH_BYTES / ((_depth) + 1))

/* As many objects as are asked for. */
#define KMB_DEMAND(_name, _loops, _does, _flags)			\
	KMB_SCENARIO(_name, _loops, KMB_MAX_BATCH, KMB_MAX_BATCH,	\
		     _does "() alone, of all that is held",		\
		     .flags = KMB_ROW_BY_NAME | KMB_ROW_AT_ONCE | (_flags))

static const struct kmb_scenario kmb_scenarios[] = {
	KMB_SCENARIO("alloc", alloc, KMB_BATCH, KMB_BATCH,
		     "kmalloc() alone; freed after the batch",
		     .flags = KMB_ROW_COUNTED),
	KMB_SCENARIO("free", free, KMB_BATCH, KMB_BATCH,
		     "kfree() alone, in the order of allocation",
		     .flags = KMB_ROW_COUNTED),
	KMB_SCENARIO("pair", pair, KMB_BATCH, 1,
		     "kmalloc() and kfree() of the same object",
		     .flags = KMB_ROW_COUNTED),
	KMB_BURST(1, "alloc", alloc, 3, "kmalloc", " in a row"),
	KMB_BURST(1, "lifo", free_lifo, 3, "kfree", ", the newest first"),
	KMB_BURST(1, "fifo", free, 4, "kfree", ", the oldest first"),
	KMB_BURST(1, "shuffled", free_shuffled, 4, "kfree", ", in no order"),
	KMB_BURST(16, "alloc", alloc, 2, "kmalloc", " in a row"),
	KMB_BURST(16, "lifo", free_lifo, 2, "kfree", ", the newest first"),
	KMB_BURST(16, "fifo", free, 3, "kfree", ", the oldest first"),
	KMB_BURST(16, "shuffled", free_shuffled, 3, "kfree", ", in no order"),
	KMB_BURST(256, "alloc", alloc, 1, "kmalloc", " in a row"),
	KMB_BURST(256, "lifo", free_lifo, 1, "kfree", ", the newest first"),
	KMB_BURST(256, "fifo", free, 2, "kfree", ", the oldest first"),
	KMB_BURST(256, "shuffled", free_shuffled, 2, "kfree", ", in no order"),
	KMB_BURST(1024, "alloc", alloc, 2, "kmalloc", " in a row"),
	KMB_BURST(1024, "lifo", free_lifo, 2, "kfree", ", the newest first"),
	KMB_BURST(1024, "fifo", free, 3, "kfree", ", the oldest first"),
	KMB_BURST(1024, "shuffled", free_shuffled, 3, "kfree", ", in no order"),
	KMB_SCENARIO("cold", cold, KMB_BATCH, 1,
		     "the first object of an empty cache of its own",
		     .rank = 1, .flags = KMB_ROW_SLEEPS | KMB_ROW_SLOW |
					 KMB_ROW_OWN_CACHE,
		     .max_size = KMALLOC_MAX_CACHE_SIZE),
	KMB_SCENARIO("kzalloc", kzalloc, KMB_BATCH, 1, "kzalloc() and kfree()",
		     .rank = 1, .flags = KMB_ROW_COUNTED),
	KMB_SCENARIO("kcalloc", kcalloc, KMB_BATCH, 1,
		     "kcalloc() of bytes, and kfree()",
		     .rank = 2, .flags = KMB_ROW_COUNTED),
	KMB_SCENARIO("account", pair, KMB_BATCH, 1,
		     "kmalloc() with __GFP_ACCOUNT, and kfree()",
		     .rank = 1, .flags = KMB_ROW_COUNTED,
		     .gfp = __GFP_ACCOUNT),
	KMB_SCENARIO("krealloc", krealloc, KMB_BATCH, KMB_BATCH,
		     "krealloc() from half of the size", .rank = 1),
	KMB_SCENARIO("kvmalloc", kvmalloc, KMB_BATCH, 1,
		     "kvmalloc() and kvfree()", .rank = 1,
		     .flags = KMB_KVMALLOC_NEED_NOT_BLOCK ? 0 : KMB_ROW_SLEEPS),
	KMB_SCENARIO("bulk", bulk, KMB_BATCH, KMB_BULK,
		     "kmem_cache_alloc_bulk() of 16 and kmem_cache_free_bulk()",
		     .rank = 1, .flags = KMB_ROW_IRQS_ON | KMB_ROW_SLOW |
					 KMB_ROW_OWN_CACHE,
		     .max_size = KMALLOC_MAX_CACHE_SIZE),
	KMB_SCENARIO("kfree_rcu", rcu, KMB_BATCH, KMB_BATCH,
		     "kfree_rcu(); freed after a grace period",
		     .rank = 1, .min_size = sizeof(struct rcu_head),
		     .flags = KMB_ROW_LATE),
#ifdef KMB_HAS_NOLOCK
	KMB_SCENARIO("nolock", nolock, KMB_BATCH, 1,
		     "kmalloc_nolock() and kfree_nolock()",
		     .rank = 1, .flags = KMB_ROW_NOLOCK,
		     .max_size = KMALLOC_MAX_CACHE_SIZE),
#endif
	KMB_SCENARIO("crowd", pair, KMB_BATCH, 1,
		     "kmalloc() and kfree() of the same object, by all CPUs at once",
		     .rank = 1, .max_cpus = U32_MAX, .work = kmb_work_crowd,
		     .flags = KMB_ROW_COUNTED),
	KMB_RING(16, alloc, 1,
		 "kmalloc() of what another CPU frees, not later than by "),
	KMB_RING(16, free, 1,
		 "kfree() of what another CPU allocated, not later than by "),
	KMB_RING(256, alloc, 2,
		 "kmalloc() of what another CPU frees, not later than by "),
	KMB_RING(256, free, 2,
		 "kfree() of what another CPU allocated, not later than by "),
	KMB_SCENARIO("migrate", free_held, KMB_BATCH, KMB_BATCH,
		     "kfree() after the task moved to another CPU",
		     .rank = 1, .min_cpus = 2, .max_cpus = 2, .threads = 1,
		     .flags = KMB_ROW_SLEEPS | KMB_ROW_COUNTED,
		     .hands_over = true, .work = kmb_work_migrate),
	KMB_SCENARIO("delay", delay, KMB_BATCH, 0,
		     "a delay of 1000 instructions, or ticks",
		     .flags = KMB_ROW_BY_NAME),
	KMB_DEMAND("demand", demand, "kmalloc", 0),
	KMB_DEMAND("kvdemand", kvdemand, "kvmalloc",
		   KMB_KVMALLOC_NEED_NOT_BLOCK ? 0 : KMB_ROW_SLEEPS),
};

static u32 context_flags(const struct kmb_context *context)
{
	u32 flags = context->atomic ? KMB_ROW_ATOMIC : 0;

	if (context->irqs_off)
		flags |= KMB_ROW_IRQS_OFF;
	if (context->slow)
		flags |= KMB_ROW_SLOW;
	if (!kmb_context_is_legal(context))
		flags |= KMB_ROW_ILLEGAL;
	return flags;
}

/**
 * kmb_gfp_at() - a row of KMB_TABLE_GFP
 * @index: below kmb_table_rows() of it.
 *
 * Return: the row; those of how hard to try are the last ones.
 */
const struct kmb_gfp *kmb_gfp_at(u32 index)
{
	return index < ARRAY_SIZE(kmb_gfps) ? &kmb_gfps[index] :
					      &kmb_efforts[index - ARRAY_SIZE(kmb_gfps)];
}

static u32 gfp_flags(const struct kmb_gfp *gfp)
{
	u32 flags = gfpflags_allow_blocking(gfp->flags) ? KMB_ROW_SLEEPS : 0;

	if (gfp->flags & ~(GFP_NOWAIT | __GFP_NOWARN | __GFP_ZERO))
		flags |= KMB_ROW_LOCKS;
	return flags;
}

static size_t scenario_max_size(const struct kmb_scenario *scenario)
{
	return scenario->max_size ?
	       min_t(size_t, scenario->max_size, KMALLOC_MAX_SIZE) :
	       KMALLOC_MAX_SIZE;
}

static void scenario_row(struct kmb_row *row)
{
	const struct kmb_scenario *scenario = &kmb_scenarios[row->index];

	row->flags = scenario->flags;
	row->rank = scenario->rank;
	row->value = scenario->holds;
	row->min_size = max_t(size_t, scenario->min_size, 1);
	row->max_size = scenario_max_size(scenario);
	row->min_cpus = max(scenario->min_cpus, 1U);
	row->max_cpus = max(scenario->max_cpus, 1U);
	strscpy(row->name, scenario->name, sizeof(row->name));
	strscpy(row->text, scenario->shows, sizeof(row->text));
}

static void context_row(struct kmb_row *row)
{
	const struct kmb_context *context = &kmb_contexts[row->index];

	row->flags = context_flags(context);
	row->rank = context->rank;
	strscpy(row->name, context->name, sizeof(row->name));
	strscpy(row->text, context->shows, sizeof(row->text));
}

static void gfp_row(struct kmb_row *row)
{
	const struct kmb_gfp *gfp = kmb_gfp_at(row->index);

	row->flags = gfp_flags(gfp);
	if (row->index >= ARRAY_SIZE(kmb_gfps))
		row->flags |= KMB_ROW_BY_NAME;
	row->rank = gfp->rank;
	row->value = (__force u64)gfp->flags;
	strscpy(row->name, gfp->name, sizeof(row->name));
	strscpy(row->text, gfp->shows, sizeof(row->text));
}

static void size_row(struct kmb_row *row)
{
	const struct kmb_size *size = &kmb_sizes[row->index];

	row->value = size->bytes;
	row->rank = size->rank;
	snprintf(row->name, sizeof(row->name), "%zu", size->bytes);
	strscpy(row->text, size->shows, sizeof(row->text));
}

/* That were online when the module was loaded: the rows stay as they are. */
static u32 kmb_all_cpus;

/**
 * kmb_tables_init() - see how many CPUs there are, before anything else here
 */
void __init kmb_tables_init(void)
{
	kmb_all_cpus = num_online_cpus();
}

/* Powers of two, and in the last row all CPUs. */
static u32 cpus_of(u32 index)
{
	return min(1U << index, kmb_all_cpus);
}

static void cpus_row(struct kmb_row *row)
{
	u32 cpus = cpus_of(row->index);

	row->value = cpus;
	row->rank = cpus == 1 || cpus == 2 || cpus == kmb_all_cpus ? 0 : 1;
	snprintf(row->name, sizeof(row->name), "%ucpu%s", cpus,
		 cpus == 1 ? "" : "s");
	snprintf(row->text, sizeof(row->text), "on %u CPU%s", cpus,
		 cpus == 1 ? "" : "s at once");
}

static const struct {
	u32 nr;
	void (*get)(struct kmb_row *row);
} kmb_tables[KMB_NR_TABLES] = {
	[KMB_TABLE_SCENARIO] = { ARRAY_SIZE(kmb_scenarios), scenario_row },
	[KMB_TABLE_CONTEXT] = { ARRAY_SIZE(kmb_contexts), context_row },
	[KMB_TABLE_GFP] = { ARRAY_SIZE(kmb_gfps) + ARRAY_SIZE(kmb_efforts), gfp_row },
	[KMB_TABLE_SIZE] = { ARRAY_SIZE(kmb_sizes), size_row },
	/* As many as this machine needs, see kmb_table_rows(). */
	[KMB_TABLE_CPUS] = { 0, cpus_row },
	/* These are elsewhere, see kmb_table_rows(). */
	[KMB_TABLE_KIND] = { 0, kmb_kind_row },
	[KMB_TABLE_PATTERN] = { 0, kmb_pattern_row },
	[KMB_TABLE_SPREAD] = { 0, kmb_spread_row },
};

/**
 * kmb_table_rows() - how many rows a table has
 * @table: enum kmb_table, below KMB_NR_TABLES.
 *
 * Return: the number of rows.
 */
u32 kmb_table_rows(u32 table)
{
	switch (table) {
	case KMB_TABLE_CPUS:
		return order_base_2(kmb_all_cpus) + 1;
	case KMB_TABLE_KIND:
		return kmb_kinds();
	case KMB_TABLE_PATTERN:
		return kmb_patterns();
	case KMB_TABLE_SPREAD:
		return kmb_spreads();
	default:
		return kmb_tables[table].nr;
	}
}

/**
 * kmb_table_get() - describe one row
 * @row: its table and index; the rest is filled in.
 *
 * Return: 0, or -EINVAL when there is no such row.
 */
int kmb_table_get(struct kmb_row *row)
{
	u32 table = row->table, index = row->index;

	if (table >= KMB_NR_TABLES || index >= kmb_table_rows(table))
		return -EINVAL;
	memset(row, 0, sizeof(*row));
	row->table = table;
	row->index = index;
	kmb_tables[table].get(row);
	return 0;
}

/* The numbers of a request, each against its range. */
static int check_ranges(struct kmb_run *run)
{
	const struct kmb_range ranges[] = {
		{ "scenario", run->scenario, 0,
		  kmb_table_rows(KMB_TABLE_SCENARIO) - 1 },
		{ "context", run->context, 0,
		  kmb_table_rows(KMB_TABLE_CONTEXT) - 1 },
		{ "gfp", run->gfp, 0, kmb_table_rows(KMB_TABLE_GFP) - 1 },
		{ "cpus", run->cpus, 0, kmb_table_rows(KMB_TABLE_CPUS) - 1 },
		{ "iterations", run->iterations, 1, KMB_MAX_ITERATIONS },
		{ "warmup", run->warmup, 0, KMB_MAX_ITERATIONS },
		{ "flags", run->flags, 0, KMB_RUN_CHECK },
		{ "size", run->size, 1, KMALLOC_MAX_SIZE },
		{ "pad", run->pad, 0, 0 },
	};

	return kmb_refuse_ranges(run->why, ranges, ARRAY_SIZE(ranges));
}

/* The rows of a request, each against each other. */
static int check_clashes(struct kmb_run *run, const struct kmb_row *rows)
{
	static const struct {
		u32 one, other;
		const char *text;
	} clashes[KMB_NR_CLASHES] = KMB_CLASHES;
	static const char * const fields[KMB_NR_CELL_TABLES] = KMB_CELL_FIELDS;
	u32 c, i, j;

	for (c = 0; c < KMB_NR_CLASHES; c++)
		for (i = 0; i < KMB_NR_CELL_TABLES; i++)
			for (j = 0; j < KMB_NR_CELL_TABLES; j++)
				if (rows[i].flags & clashes[c].one &&
				    rows[j].flags & clashes[c].other)
					return kmb_refuse(run->why, -EINVAL,
							  clashes[c].text,
							  fields[i], rows[i].name,
							  fields[j], rows[j].name);
	return 0;
}

static int check_illegal(struct kmb_run *run, const struct kmb_row *rows)
{
	u32 i;

	for (i = 0; i < KMB_NR_CELL_TABLES; i++)
		if (rows[i].flags & KMB_ROW_ILLEGAL)
			return kmb_refuse(run->why, -EOPNOTSUPP,
					  "%s is not legal on this kernel",
					  rows[i].name);
	return 0;
}

/* Some may be gone since the module was loaded. */
static int check_online(struct kmb_run *run, const struct kmb_row *rows)
{
	u64 cpus = rows[KMB_TABLE_CPUS].value;
	u32 online = num_online_cpus();

	if (cpus > online)
		return kmb_refuse(run->why, -ENODEV, "cpus %llu: %u %s online",
				  cpus, online, online == 1 ? "is" : "are");
	return 0;
}

/* What the scenario itself asks for. */
static int check_scenario(struct kmb_run *run, const struct kmb_row *rows)
{
	const struct kmb_row *scenario = &rows[KMB_TABLE_SCENARIO];
	u64 cpus = rows[KMB_TABLE_CPUS].value;

	if (run->size < scenario->min_size || run->size > scenario->max_size)
		return kmb_refuse(run->why, -EINVAL,
				  "size %llu: %llu to %llu with %s", run->size,
				  scenario->min_size, scenario->max_size,
				  scenario->name);
	if (scenario->flags & KMB_ROW_WHOLE &&
	    (run->iterations % scenario->value ||
	     run->warmup % scenario->value))
		return kmb_refuse(run->why, -EINVAL,
				  "iterations %u, warmup %u: multiples of %llu with %s",
				  run->iterations, run->warmup, scenario->value,
				  scenario->name);
	if (scenario->flags & KMB_ROW_AT_ONCE &&
	    max(run->iterations, run->warmup) > scenario->value)
		return kmb_refuse(run->why, -EINVAL,
				  "iterations %u, warmup %u: up to %llu with %s",
				  run->iterations, run->warmup, scenario->value,
				  scenario->name);
	if (cpus < scenario->min_cpus || cpus > scenario->max_cpus)
		return kmb_refuse(run->why, -EINVAL, "cpus %llu: %u to %u with %s",
				  cpus, scenario->min_cpus, scenario->max_cpus,
				  scenario->name);
	return 0;
}

/**
 * kmb_batch_limit() - how many operations a batch has, at most
 * @scenario: the scenario.
 * @size: bytes of each object.
 *
 * Return: those of the scenario, or fewer where they would hold too much.
 */
u32 kmb_batch_limit(const struct kmb_scenario *scenario, size_t size)
{
	if (scenario->flags & KMB_ROW_AT_ONCE)
		return scenario->nr;
	return clamp_t(size_t, KMB_MAX_BATCH_BYTES / size, 1, scenario->nr);
}

/* Bytes that a request holds at once, at most. */
static u64 bytes_held(const struct kmb_run *run,
		      const struct kmb_scenario *scenario, u32 cpus)
{
	u64 objects = scenario->holds;

	if (scenario->flags & KMB_ROW_LATE)
		objects = run->warmup + 2 * (u64)run->iterations;
	else if (scenario->flags & KMB_ROW_AT_ONCE)
		objects = max(run->iterations, run->warmup);
	else if (scenario->holds == scenario->nr)
		objects = kmb_batch_limit(scenario, run->size);
	return objects * kmb_object_bytes(run->size) * cpus;
}

static void get_rows(const struct kmb_run *run,
		     struct kmb_row rows[KMB_NR_CELL_TABLES])
{
	const u32 indices[KMB_NR_CELL_TABLES] = {
		[KMB_TABLE_SCENARIO] = run->scenario,
		[KMB_TABLE_CONTEXT] = run->context,
		[KMB_TABLE_GFP] = run->gfp,
		[KMB_TABLE_CPUS] = run->cpus,
	};
	u32 i;

	memset(rows, 0, KMB_NR_CELL_TABLES * sizeof(*rows));
	for (i = 0; i < KMB_NR_CELL_TABLES; i++) {
		rows[i].table = i;
		rows[i].index = indices[i];
		kmb_table_get(&rows[i]);
	}
}

static int check_rows(struct kmb_run *run, struct kmb_row *rows)
{
	int err;

	get_rows(run, rows);
	/* Any size is legal, not only those of the table. */
	memset(&rows[KMB_TABLE_SIZE], 0, sizeof(*rows));
	err = check_illegal(run, rows);
	if (!err)
		err = check_clashes(run, rows);
	if (!err)
		err = check_scenario(run, rows);
	if (!err)
		err = check_online(run, rows);
	return err;
}

/**
 * kmb_cell_from_run() - check a request before anything is touched
 * @cell: what was asked for.
 * @run: the (in) fields as they came from the tool; why: receives the reason
 *	where it is refused.
 *
 * Return: 0; or -EINVAL, -EOPNOTSUPP, -ENODEV, -ENOSPC or -ENOMEM, see struct
 * kmb_run.
 */
int kmb_cell_from_run(struct kmb_cell *cell, struct kmb_run *run)
{
	struct kmb_row *rows;
	int err;

	err = check_ranges(run);
	if (err)
		return err;
	rows = kmb_own_alloc(KMB_NR_CELL_TABLES * sizeof(*rows));
	if (!rows)
		return -ENOMEM;
	err = check_rows(run, rows);
	cell->cpus = rows[KMB_TABLE_CPUS].value;
	kmb_own_free(rows, KMB_NR_CELL_TABLES * sizeof(*rows));
	if (err)
		return err;
	cell->scenario = &kmb_scenarios[run->scenario];
	cell->context = &kmb_contexts[run->context];
	cell->gfp = kmb_gfp_at(run->gfp)->flags | cell->scenario->gfp;
	cell->size = run->size;
	cell->held = bytes_held(run, cell->scenario, cell->cpus);
	return kmb_refuse_share(run->why, run->share, cell->held);
}

/**
 * kmb_cell_samplers() - how many CPUs take samples
 * @cell: a checked cell.
 *
 * Return: all of a crowd, one of any other.
 */
u32 kmb_cell_samplers(const struct kmb_cell *cell)
{
	return cell->scenario->work == kmb_work_crowd ? cell->cpus : 1;
}
