/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Measuring on several CPUs at once: a thread each, and a place to meet.
 */
#ifndef _KMBENCH_CREW_H
#define _KMBENCH_CREW_H

#include <linux/cpumask.h>
#include <linux/types.h>

#include "batch.h"
#include "scenario.h"

struct kmb_crew;

/**
 * struct kmb_worker - one of the threads
 * @crew: to which it belongs.
 * @task: itself, NULL before it was made.
 * @nr: which one, from 0 on.
 * @cpu: where it runs.
 * @err: 0, or the negative error that ended its work.
 * @batch: what its loops work on.
 * @hist: its samples.
 * @fails: those that got nothing.
 * @mean: its mean-loop.
 * @scrap: samples that do not count, taken to keep the others company.
 * @loop: of a crowd, the loop that batch.loop goes through.
 * @allocated_on: the CPUs on which it allocated.
 * @freed_on: the CPUs on which it freed.
 * @together: what it saw of the others.
 */
struct kmb_worker {
	struct kmb_crew *crew;
	struct task_struct *task;
	u32 nr;
	u32 cpu;
	int err;
	struct kmb_batch batch;
	struct kmb_histogram hist;
	struct kmb_histogram fails;
	struct kmb_stats mean;
	struct kmb_histogram scrap;
	void (*loop)(struct kmb_batch *batch);
	struct cpumask allocated_on;
	struct cpumask freed_on;
	struct kmb_together together;
};

int kmb_work_crowd(struct kmb_worker *worker);
int kmb_work_ring_alloc(struct kmb_worker *worker);
int kmb_work_ring_free(struct kmb_worker *worker);
int kmb_work_migrate(struct kmb_worker *worker);

int kmb_crew_run(const struct kmb_cell *cell, u32 total, bool mean,
		 struct kmb_batch *sum);

#endif /* _KMBENCH_CREW_H */
