// SPDX-License-Identifier: GPL-2.0
/*
 * Whether several CPUs did what the scenario is, by what their threads saw: that
 * they were on different CPUs, waited for each other, and stayed to the end. No
 * run is believed that this contradicts.
 */
#include <linux/errno.h>
#include <linux/minmax.h>

#include "measure.h"
#include "refuse.h"
#include "together.h"

/**
 * kmb_together_add() - keep the least good of all series
 * @sum: of those so far; all 0 before the first.
 * @one: of one more.
 */
void kmb_together_add(struct kmb_together *sum, const struct kmb_together *one)
{
	if (!sum->series++) {
		*sum = *one;
		sum->series = 1;
		return;
	}
	sum->alloc_cpus = min(sum->alloc_cpus, one->alloc_cpus);
	sum->free_cpus = min(sum->free_cpus, one->free_cpus);
	sum->met = min(sum->met, one->met);
	sum->gone = max(sum->gone, one->gone);
	sum->at_once = max(sum->at_once, one->at_once);
	sum->freed_elsewhere += one->freed_elsewhere;
}

static int check_crowd(const struct kmb_cell *cell,
		       const struct kmb_together *together, char *why)
{
	u32 cpus = min(together->alloc_cpus, together->free_cpus);

	if (cpus < cell->cpus)
		return kmb_refuse(why, -EIO, "cpus %u: only %u took part",
				  cell->cpus, cpus);
	if (together->gone)
		return kmb_refuse(why, -EIO,
				  "cpus %u: %u had gone when another was done",
				  cell->cpus, together->gone);
	return 0;
}

/**
 * kmb_together_check() - whether several CPUs did what the scenario is
 * @cell: what was measured.
 * @result: what came out.
 * @why: receives the reason, if they did not.
 *
 * Return: 0, also of a scenario for one CPU; or -EIO.
 */
int kmb_together_check(const struct kmb_cell *cell,
		       const struct kmb_result *result, char why[KMB_TEXT_LEN])
{
	const struct kmb_together *together = &result->together;

	if (!cell->scenario->work)
		return 0;
	if (together->met != kmb_cell_threads(cell))
		return kmb_refuse(why, -EIO,
				  "cpus %u: one began when %u of %u threads had come",
				  cell->cpus, together->met, kmb_cell_threads(cell));
	if (!cell->scenario->hands_over)
		return check_crowd(cell, together, why);
	if (together->freed_elsewhere != result->frees)
		return kmb_refuse(why, -EIO,
				  "cpus %u: only %llu of %llu objects were freed on another",
				  cell->cpus, together->freed_elsewhere,
				  result->frees);
	return 0;
}
