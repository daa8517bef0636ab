// SPDX-License-Identifier: GPL-2.0
/*
 * Several CPUs at once: a thread on each, one rendezvous at which everybody
 * waits for everybody, and what they do then.
 *
 * A crowd runs the same operation on the same size class on all CPUs; who is
 * done first goes on, unrecorded, until all are. In a ring one CPU allocates
 * what another one frees. A migrating task frees on one CPU what it allocated on
 * another.
 *
 * That they did so is not taken for granted: each thread notes on which CPUs it
 * allocated and freed, who had come when it began and who had gone when it was
 * done; kmb_together_check() believes no run that these contradict.
 *
 * What could fool a reader: waiting for the other side of a ring is in no
 * sample, but it is in the ring's mean-loop, which is the time that the pair
 * of CPUs needs for an object.
 */
#include <linux/atomic.h>
#include <linux/completion.h>
#include <linux/cpu.h>
#include <linux/cpumask.h>
#include <linux/kthread.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include "crew.h"
#include "measure.h"
#include "ops.h"
#include "own.h"
#include "together.h"

/**
 * struct kmb_ring - objects under way from one CPU to another
 * @slots: the objects; NULL for an allocation that failed.
 * @put: how many were put in, written by the producer.
 * @from: the CPU on which the last of them was allocated, likewise.
 * @taken: how many were taken out, written by the consumer.
 */
struct kmb_ring {
	void *slots[KMB_MAX_RING];
	u32 put ____cacheline_aligned_in_smp;
	u32 from;
	u32 taken ____cacheline_aligned_in_smp;
};

/**
 * struct kmb_crew - one series on several CPUs
 * @cell: what is measured.
 * @total: operations of each worker.
 * @mean: whether the mean-loop is to run.
 * @nr: workers.
 * @arrived: workers that have come to the rendezvous.
 * @finished: workers that have done their share.
 * @inside: workers of a crowd that are in a batch.
 * @gone: workers that have done all their work.
 * @stop: set when somebody failed, or nobody wants the result any more.
 * @done: completed once a worker.
 * @ring: between the first two workers.
 * @workers: the workers; the first NULL ends them before their time.
 */
struct kmb_crew {
	const struct kmb_cell *cell;
	u32 total;
	bool mean;
	u32 nr;
	atomic_t arrived;
	atomic_t finished;
	atomic_t inside;
	atomic_t gone;
	bool stop;
	struct completion done;
	struct kmb_ring ring;
	struct kmb_worker **workers;
};

static bool crew_has_stopped(struct kmb_crew *crew)
{
	return READ_ONCE(crew->stop);
}

/* Return: whether all have come. */
static bool crew_meet(struct kmb_crew *crew)
{
	atomic_inc(&crew->arrived);
	while (atomic_read(&crew->arrived) < crew->nr) {
		if (crew_has_stopped(crew))
			return false;
		cond_resched();
		cpu_relax();
	}
	return true;
}

static void note_alloc(struct kmb_worker *worker)
{
	__cpumask_set_cpu(raw_smp_processor_id(), &worker->allocated_on);
}

static void note_free(struct kmb_worker *worker)
{
	__cpumask_set_cpu(raw_smp_processor_id(), &worker->freed_on);
}

/* Batch after batch, while anybody wants it. */
static int work_batches(struct kmb_worker *worker, u32 total)
{
	struct kmb_crew *crew = worker->crew;
	u32 nr;
	int err;

	for (; total; total -= nr) {
		if (crew_has_stopped(crew))
			return -EINTR;
		nr = min(total, worker->batch.scenario->nr);
		err = kmb_run_batches(&worker->batch, crew->cell->context, nr);
		if (err)
			return err;
	}
	return 0;
}

/* A batch in its context, and who else is in one. */
static void crowd_loop(struct kmb_batch *batch)
{
	struct kmb_worker *worker = container_of(batch, struct kmb_worker, batch);
	struct kmb_together *together = &worker->together;
	u32 inside = atomic_inc_return(&worker->crew->inside);

	together->at_once = max(together->at_once, inside);
	note_alloc(worker);
	worker->loop(batch);
	note_free(worker);
	atomic_dec(&worker->crew->inside);
}

/* Load the others go on to feel; what it brings is forgotten. */
static int keep_company(struct kmb_worker *worker)
{
	struct kmb_crew *crew = worker->crew;
	struct kmb_batch *batch = &worker->batch;
	int err = 0;

	atomic_inc(&crew->finished);
	batch->hist = &worker->scrap;
	batch->fails = &worker->scrap;
	worker->loop = batch->scenario->loops->each;
	while (!err && !crew_has_stopped(crew) &&
	       atomic_read(&crew->finished) < crew->nr)
		err = work_batches(worker, batch->scenario->nr);
	return err;
}

/**
 * kmb_work_crowd() - the same operation on all CPUs
 * @worker: one of them.
 *
 * Return: 0, or the negative error of kmb_run_batches().
 */
int kmb_work_crowd(struct kmb_worker *worker)
{
	const struct kmb_loops *loops = worker->batch.scenario->loops;
	int err;

	worker->batch.loop = crowd_loop;
	worker->loop = worker->crew->mean ? loops->all : loops->each;
	err = work_batches(worker, worker->crew->total);
	worker->together.gone = atomic_read(&worker->crew->gone);
	return err ? err : keep_company(worker);
}

/* Return: false when there is nothing to wait for any more. */
static bool ring_wait(struct kmb_crew *crew, u32 *counter, u32 unwanted)
{
	/* Pairs with the release by the other side, after it used the slot. */
	while (smp_load_acquire(counter) == unwanted) {
		if (crew_has_stopped(crew))
			return false;
		cond_resched();
		cpu_relax();
	}
	return true;
}

/* Allocates for the other CPU, as far ahead as the ring is deep. */
static int ring_produce(struct kmb_worker *worker, bool sampled)
{
	struct kmb_batch *batch = &worker->batch;
	struct kmb_ring *ring = &worker->crew->ring;
	u32 i, depth = batch->scenario->nr;
	u64 start, end;
	void *obj;

	for (i = 0; i < worker->crew->total; i++) {
		if (!ring_wait(worker->crew, &ring->taken, i - depth))
			return -EINTR;
		start = kmb_clock();
		obj = kmalloc(batch->size, batch->gfp);
		end = kmb_clock();
		batch->allocs++;
		note_alloc(worker);
		WRITE_ONCE(ring->from, raw_smp_processor_id());
		ring->slots[i % KMB_MAX_RING] = obj;
		/* Pairs with ring_wait() of the consumer. */
		smp_store_release(&ring->put, i + 1);
		if (sampled)
			kmb_sample(batch, obj, end - start);
	}
	return 0;
}

/* Frees what the other CPU allocated. */
static int ring_consume(struct kmb_worker *worker, bool sampled)
{
	struct kmb_batch *batch = &worker->batch;
	struct kmb_ring *ring = &worker->crew->ring;
	u64 start, end;
	bool got;
	void *obj;
	u32 i;

	for (i = 0; i < worker->crew->total; i++) {
		if (!ring_wait(worker->crew, &ring->put, i))
			return -EINTR;
		obj = ring->slots[i % KMB_MAX_RING];
		got = obj;
		start = kmb_clock();
		kfree(obj);
		end = kmb_clock();
		batch->frees++;
		note_free(worker);
		worker->together.freed_elsewhere +=
			READ_ONCE(ring->from) != raw_smp_processor_id();
		/* Pairs with ring_wait() of the producer. */
		smp_store_release(&ring->taken, i + 1);
		if (sampled)
			kmb_sample(batch, got, end - start);
	}
	return 0;
}

/* Both sides; the one that is asked about samples, or is timed as a whole. */
static int ring_work(struct kmb_worker *worker, u32 asked)
{
	struct kmb_crew *crew = worker->crew;
	bool mine = worker->nr == asked;
	u64 start = kmb_clock();
	int err;

	err = worker->nr ? ring_consume(worker, mine && !crew->mean) :
			   ring_produce(worker, mine && !crew->mean);
	if (!err && mine && crew->mean)
		kmb_mean_add(&worker->mean, crew->total, kmb_clock() - start);
	return err;
}

/**
 * kmb_work_ring_alloc() - allocate here, free there; what allocating costs
 * @worker: the producer (0) or the consumer (1).
 *
 * Return: 0, or -EINTR when it was stopped.
 */
int kmb_work_ring_alloc(struct kmb_worker *worker)
{
	return ring_work(worker, 0);
}

/**
 * kmb_work_ring_free() - allocate here, free there; what freeing costs
 * @worker: the producer (0) or the consumer (1).
 *
 * Return: 0, or -EINTR when it was stopped.
 */
int kmb_work_ring_free(struct kmb_worker *worker)
{
	return ring_work(worker, 1);
}

/* The n-th CPU that is online, counted from one that is, and around. */
static u32 cpu_from(u32 first, u32 n)
{
	u32 cpu = first;

	while (n--) {
		cpu = cpumask_next(cpu, cpu_online_mask);
		if (cpu >= nr_cpu_ids)
			cpu = cpumask_first(cpu_online_mask);
	}
	return cpu;
}

static int move_to(u32 cpu)
{
	return set_cpus_allowed_ptr(current, cpumask_of(cpu));
}

/* Allocates a batch on this CPU and frees it on another one. */
static int migrate_batch(struct kmb_worker *worker, u32 to)
{
	u32 from = raw_smp_processor_id();
	int err;

	note_alloc(worker);
	kmb_batch_fill(&worker->batch);
	err = move_to(to);
	worker->batch.loop(&worker->batch);
	note_free(worker);
	if (from != raw_smp_processor_id())
		worker->together.freed_elsewhere += worker->batch.nr;
	return err;
}

/**
 * kmb_work_migrate() - allocate, move to another CPU, free there
 * @worker: the only one.
 *
 * Return: 0; -EINTR when it was stopped; -EINVAL when it cannot move.
 */
int kmb_work_migrate(struct kmb_worker *worker)
{
	struct kmb_crew *crew = worker->crew;
	struct kmb_batch *batch = &worker->batch;
	u32 limit = kmb_batch_limit(batch->scenario, batch->size);
	u32 left, here = worker->cpu;
	int err = 0;

	batch->loop = crew->mean ? kmb_loops_free_held.all :
				   kmb_loops_free_held.each;
	for (left = crew->total; left && !err; left -= batch->nr) {
		if (crew_has_stopped(crew))
			return -EINTR;
		batch->nr = min(left, limit);
		here = here == worker->cpu ? cpu_from(here, 1) : worker->cpu;
		err = migrate_batch(worker, here);
	}
	return err;
}

static void worker_wait_for_stop(void)
{
	set_current_state(TASK_INTERRUPTIBLE);
	while (!kthread_should_stop()) {
		schedule();
		set_current_state(TASK_INTERRUPTIBLE);
	}
	__set_current_state(TASK_RUNNING);
}

static int worker_main(void *arg)
{
	struct kmb_worker *worker = arg;
	struct kmb_crew *crew = worker->crew;

	if (crew_meet(crew)) {
		worker->together.met = atomic_read(&crew->arrived);
		worker->err = crew->cell->scenario->work(worker);
		atomic_inc(&crew->gone);
	} else {
		worker->err = -EINTR;
	}
	if (worker->err)
		WRITE_ONCE(crew->stop, true);
	complete(&crew->done);
	worker_wait_for_stop();
	return 0;
}

static int worker_make(struct kmb_worker *worker)
{
	struct kmb_batch *batch = &worker->batch;

	batch->scenario = worker->crew->cell->scenario;
	batch->gfp = worker->crew->cell->gfp | __GFP_NOWARN;
	batch->size = worker->crew->cell->size;
	batch->hist = &worker->hist;
	batch->fails = &worker->fails;
	batch->mean = &worker->mean;
	kmb_stats_reset(&worker->hist.stats);
	kmb_stats_reset(&worker->fails.stats);
	kmb_stats_reset(&worker->mean);
	worker->task = kthread_create_on_node(worker_main, worker,
					      cpu_to_node(worker->cpu),
					      "kmbench/%u", worker->cpu);
	if (IS_ERR(worker->task)) {
		int err = PTR_ERR(worker->task);

		worker->task = NULL;
		return err;
	}
	kthread_bind(worker->task, worker->cpu);
	return 0;
}

/* Threads that were not started yet end here without a run. */
static void crew_dismiss(struct kmb_crew *crew)
{
	void *left;
	u32 i;

	for (i = 0; i < crew->nr && crew->workers[i]; i++)
		if (crew->workers[i]->task)
			kthread_stop(crew->workers[i]->task);
	/* What a ring that was stopped had under way. */
	for (i = crew->ring.taken; i != crew->ring.put; i++) {
		left = crew->ring.slots[i % KMB_MAX_RING];
		kfree(left);
	}
}

static int crew_make(struct kmb_crew *crew)
{
	u32 i, first = raw_smp_processor_id();
	int err = 0;

	for (i = 0; i < crew->nr && !err; i++) {
		struct kmb_worker *worker = kmb_own_alloc(sizeof(*worker));

		if (!worker)
			return -ENOMEM;
		crew->workers[i] = worker;
		worker->crew = crew;
		worker->nr = i;
		worker->cpu = cpu_from(first, i);
		err = worker_make(worker);
	}
	return err;
}

/* A signal stops all, but they are waited for in any case. */
static int crew_wait(struct kmb_crew *crew)
{
	int err = 0;
	u32 i;

	for (i = 0; i < crew->nr; i++)
		wake_up_process(crew->workers[i]->task);
	for (i = 0; i < crew->nr; i++) {
		if (err || !wait_for_completion_interruptible(&crew->done))
			continue;
		err = -EINTR;
		WRITE_ONCE(crew->stop, true);
		i--;
	}
	return err;
}

static void histogram_merge(struct kmb_histogram *sum,
			    const struct kmb_histogram *hist)
{
	u32 i;

	kmb_stats_merge(&sum->stats, &hist->stats);
	for (i = 0; i < KMB_HIST_BUCKETS; i++)
		sum->buckets[i] += hist->buckets[i];
}

/* Return: the first error that was not just the end of the others. */
static int crew_merge(struct kmb_crew *crew, struct kmb_batch *sum)
{
	int err = 0;
	u32 i;

	for (i = 0; i < crew->nr; i++) {
		struct kmb_worker *worker = crew->workers[i];

		if (worker->err && (!err || err == -EINTR))
			err = worker->err;
		sum->failed += worker->batch.failed;
		sum->allocs += worker->batch.allocs;
		sum->frees += worker->batch.frees;
		histogram_merge(sum->hist, &worker->hist);
		histogram_merge(sum->fails, &worker->fails);
		kmb_stats_merge(sum->mean, &worker->mean);
	}
	return err;
}

/* What all of them saw in this series. */
static struct kmb_together crew_look(struct kmb_crew *crew)
{
	struct kmb_worker *first = crew->workers[0];
	struct kmb_together all = first->together;
	u32 i;

	for (i = 1; i < crew->nr; i++) {
		const struct kmb_worker *worker = crew->workers[i];
		const struct kmb_together *one = &worker->together;

		cpumask_or(&first->allocated_on, &first->allocated_on,
			   &worker->allocated_on);
		cpumask_or(&first->freed_on, &first->freed_on,
			   &worker->freed_on);
		all.met = min(all.met, one->met);
		all.gone = max(all.gone, one->gone);
		all.at_once = max(all.at_once, one->at_once);
		all.freed_elsewhere += one->freed_elsewhere;
	}
	all.alloc_cpus = cpumask_weight(&first->allocated_on);
	all.free_cpus = cpumask_weight(&first->freed_on);
	return all;
}

/* With no CPU coming or going meanwhile. */
static int crew_run(struct kmb_crew *crew, struct kmb_batch *sum)
{
	struct kmb_together seen;
	int err;

	if (num_online_cpus() < crew->cell->cpus)
		return -ENODEV;
	err = crew_make(crew);
	if (!err)
		err = crew_wait(crew);
	crew_dismiss(crew);
	if (!err)
		err = crew_merge(crew, sum);
	if (err)
		return err;
	seen = crew_look(crew);
	kmb_together_add(sum->together, &seen);
	return 0;
}

static void crew_free(struct kmb_crew *crew)
{
	u32 i;

	for (i = 0; crew->workers && i < crew->nr; i++)
		kmb_own_free(crew->workers[i], sizeof(*crew->workers[i]));
	kmb_own_free(crew->workers, crew->nr * sizeof(*crew->workers));
	kmb_own_free(crew, sizeof(*crew));
}

/**
 * kmb_crew_run() - one series on the CPUs of a cell, this one first
 * @cell: of a scenario that has ->work().
 * @total: operations of each worker; of 0 nothing is done.
 * @mean: whether the mean-loop is to run.
 * @sum: whose histogram, mean, counts and @together grow by those of all
 *	workers.
 *
 * Return: 0; -ENOMEM; -ENODEV: not so many CPUs are online; -EINTR after a
 * signal; or the first error of a worker. All threads are gone.
 */
int kmb_crew_run(const struct kmb_cell *cell, u32 total, bool mean,
		 struct kmb_batch *sum)
{
	struct kmb_crew *crew;
	int err = -ENOMEM;

	if (!total)
		return 0;
	crew = kmb_own_alloc(sizeof(*crew));
	if (!crew)
		return err;
	crew->cell = cell;
	crew->total = total;
	crew->mean = mean;
	crew->nr = kmb_cell_threads(cell);
	init_completion(&crew->done);
	crew->workers = kmb_own_alloc(crew->nr * sizeof(*crew->workers));
	if (crew->workers) {
		cpus_read_lock();
		err = crew_run(crew, sum);
		cpus_read_unlock();
	}
	crew_free(crew);
	return err;
}
