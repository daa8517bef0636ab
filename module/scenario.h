/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Scenarios: what is timed, and how much of everything it needs. Rows of
 * scenario.c; the operations are in ops.c, several CPUs in crew.c.
 */
#ifndef _KMBENCH_SCENARIO_H
#define _KMBENCH_SCENARIO_H

#include <linux/types.h>

#include "tables.h"
#include "uapi/kmbench.h"

struct kmb_loops;
struct kmb_worker;

/**
 * struct kmb_scenario - something that is timed
 * @name: as a user types it.
 * @shows: what is between the two readings of the clock.
 * @loops: the operation's.
 * @work: what each of several CPUs does, see crew.h; NULL for one CPU.
 * @nr: operations in a batch.
 * @holds: objects that are held at once, at most, on each CPU.
 * @rank: as in struct kmb_size.
 * @flags: KMB_ROW_*.
 * @gfp: flags of each allocation, besides those that are asked for.
 * @min_size: bytes of the smallest object; 0: 1.
 * @max_size: bytes of the largest; 0: KMALLOC_MAX_SIZE.
 * @min_cpus: CPUs that it needs; 0: 1.
 * @max_cpus: CPUs that it can use; 0: 1; U32_MAX: all.
 * @threads: that do the work; 0: one on each CPU.
 * @hands_over: each object is freed on another CPU than the one that allocated.
 */
struct kmb_scenario {
	const char *name;
	const char *shows;
	const struct kmb_loops *loops;
	int (*work)(struct kmb_worker *worker);
	u32 nr;
	u32 holds;
	u32 rank;
	u32 flags;
	gfp_t gfp;
	size_t min_size;
	size_t max_size;
	u32 min_cpus;
	u32 max_cpus;
	u32 threads;
	bool hands_over;
};

/**
 * struct kmb_cell - a checked request: one scenario, in one context, with one
 * set of flags, of one size
 * @scenario: the scenario.
 * @context: where it runs.
 * @gfp: its flags, and those of the scenario.
 * @size: bytes of each object.
 * @cpus: CPUs that take part.
 * @held: bytes that are held at once, at most.
 */
struct kmb_cell {
	const struct kmb_scenario *scenario;
	const struct kmb_context *context;
	gfp_t gfp;
	size_t size;
	u32 cpus;
	u64 held;
};

void kmb_tables_init(void);
u32 kmb_table_rows(u32 table);
int kmb_table_get(struct kmb_row *row);
const struct kmb_gfp *kmb_gfp_at(u32 index);
int kmb_cell_from_run(struct kmb_cell *cell, struct kmb_run *run);
u32 kmb_batch_limit(const struct kmb_scenario *scenario, size_t size);
u32 kmb_cell_samplers(const struct kmb_cell *cell);

/**
 * kmb_cell_threads() - how many threads do the work
 * @cell: of a scenario that has ->work().
 *
 * Return: the number.
 */
static inline u32 kmb_cell_threads(const struct kmb_cell *cell)
{
	return cell->scenario->threads ? cell->scenario->threads : cell->cpus;
}

#endif /* _KMBENCH_SCENARIO_H */
