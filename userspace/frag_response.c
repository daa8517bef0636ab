// SPDX-License-Identifier: GPL-2.0
/*
 * What kmalloc() does at a level of fragmentation. The ways of asking are a table;
 * each is measured for every order, one after the other: as many objects as are
 * demanded are held at once, and then all are given back.
 */
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "buddyinfo.h"
#include "frag_level.h"
#include "frag_response.h"

/* Up to this one the kernel would rather kill processes than fail GFP_KERNEL. */
#define COSTLY_ORDER	3

/* Bytes that are had in one interrupt, at most. */
#define IRQ_BYTES	(256ULL << 20)

#define NR_WAYS		8

static const struct way {
	const char *name[KMB_NR_CELL_TABLES];
} ways[NR_WAYS] = {
	{ { "demand", "task", "GFP_KERNEL" } },
	{ { "demand", "task", "GFP_KERNEL|__GFP_RETRY_MAYFAIL" } },
	{ { "demand", "task", "GFP_KERNEL|__GFP_NORETRY" } },
	{ { "demand", "task", "GFP_ATOMIC" } },
	{ { "demand", "task", "GFP_NOWAIT" } },
	{ { "demand", "hardirq", "GFP_ATOMIC" } },
	{ { "demand", "hardirq", "GFP_NOWAIT" } },
	{ { "kvdemand", "task", "GFP_KERNEL" } },
};

static const struct kmb_row *find_row(const struct device *device, int table,
				      const char *name)
{
	uint32_t i;

	for (i = 0; i < device->info.nr_rows[table]; i++)
		if (!strcmp(device->rows[table][i].name, name))
			return &device->rows[table][i];
	return NULL;
}

/* Return: 0; -EPROTO: the module has no such rows. */
static int find_rows(struct frag_response *response, const struct device *device,
		     const struct way *way)
{
	int table;

	for (table = 0; table <= KMB_TABLE_GFP; table++) {
		response->row[table] = find_row(device, table, way->name[table]);
		if (!response->row[table])
			return -EPROTO;
	}
	return 0;
}

/**
 * frag_response__objects() - how many objects to ask for
 * @demand: how much.
 * @order: of the objects.
 * @most: that can be held at once.
 *
 * Return: 1 to @most.
 */
uint32_t frag_response__objects(const struct frag_demand *demand, uint32_t order,
				uint32_t most)
{
	uint64_t objects = (demand->free * demand->per_cent / 100) >> order;

	return objects < 1 ? 1 : objects > most ? most : objects;
}

static bool would_kill(const struct frag_response *response, const struct frag_demand *demand)
{
	const char *scenario = response->row[KMB_TABLE_SCENARIO]->name;
	const char *gfp = response->row[KMB_TABLE_GFP]->name;

	return response->order >= demand->order && response->order <= COSTLY_ORDER &&
	       !strcmp(scenario, "demand") && !strcmp(gfp, "GFP_KERNEL");
}

static int run_counted(struct frag_response *response, const struct device *device,
		       uint64_t *counts, uint64_t *failures)
{
	struct kmb_run *run = &response->answer;
	struct events before, after;
	uint32_t cpu = sched_getcpu();
	int err;

	run->histogram = (uintptr_t)counts;
	run->failures = (uintptr_t)failures;
	events__read(&before, "", run->size, cpu);
	err = device__run(device, run);
	events__read(&after, "", run->size, cpu);
	run->histogram = 0;
	run->failures = 0;
	events__add_since(&response->events, &before, &after);
	return err;
}

/* Return: 0; -EBADMSG: figures that do not agree; -ENOMEM. */
static int keep(struct frag_response *response, const uint64_t *counts,
		const uint64_t *failures)
{
	const struct kmb_run *run = &response->answer;

	response->got = histogram__new(counts);
	response->failed = histogram__new(failures);
	if (!response->got || !response->failed)
		return -ENOMEM;
	if (run->op.count + run->failed.count != run->iterations ||
	    histogram__count(response->got) != run->op.count ||
	    histogram__count(response->failed) != run->failed.count)
		return -EBADMSG;
	return 0;
}

static int run(struct frag_response *response, const struct device *device)
{
	uint64_t *counts = calloc(2 * KMB_HIST_BUCKETS, sizeof(*counts));
	int err;

	if (!counts)
		return -ENOMEM;
	err = run_counted(response, device, counts, counts + KMB_HIST_BUCKETS);
	if (!err)
		err = keep(response, counts, counts + KMB_HIST_BUCKETS);
	free(counts);
	return err;
}

/* At once: in an interrupt, no more than is zeroed in a moment, or the CPU is gone for seconds. */
static uint32_t most_objects(const struct frag_response *response)
{
	uint64_t size = (uint64_t)sysconf(_SC_PAGESIZE) << response->order;
	uint64_t most = response->row[KMB_TABLE_SCENARIO]->value;

	if (!strcmp(response->row[KMB_TABLE_CONTEXT]->name, "task") || most * size <= IRQ_BYTES)
		return most;
	return size < IRQ_BYTES ? IRQ_BYTES / size : 1;
}

static void ask(struct frag_response *response, const struct device *device,
		const struct frag_demand *demand)
{
	const struct kmb_row *const *row = response->row;

	response->answer = (struct kmb_run){
		.scenario = row[KMB_TABLE_SCENARIO]->index,
		.context = row[KMB_TABLE_CONTEXT]->index,
		.gfp = row[KMB_TABLE_GFP]->index,
		.size = (uint64_t)sysconf(_SC_PAGESIZE) << response->order,
		.iterations = frag_response__objects(demand, response->order,
						     most_objects(response)),
		.share = 90,
	};
	response->err = frag_level__now(demand->order, &response->reached);
	if (!response->err)
		response->err = run(response, device);
	memcpy(response->why, response->answer.why, sizeof(response->why));
}

/* Return: 0, also where one cannot be had; or an error that ends all. */
static int measure(struct frag_response *response, const struct device *device,
		   const struct frag_demand *demand)
{
	if (would_kill(response, demand)) {
		response->err = -EOPNOTSUPP;
		snprintf(response->why, sizeof(response->why),
			 "the kernel kills processes before it fails GFP_KERNEL of order %d",
			 response->order);
		return 0;
	}
	ask(response, device, demand);
	switch (-response->err) {
	case EINVAL:
	case EOPNOTSUPP:
	case ENOSPC:
		return 0;
	default:
		return response->err;
	}
}

static uint32_t nr_orders(const struct device *device)
{
	uint64_t page = sysconf(_SC_PAGESIZE);
	uint32_t nr = 0;

	while (page << nr <= device->info.max_size)
		nr++;
	return nr;
}

static int measure_way(struct frag_responses *responses, const struct device *device,
		       const struct frag_demand *demand, const struct way *way)
{
	uint32_t order, nr = nr_orders(device);
	int err = 0;

	for (order = 0; order < nr && !err; order++) {
		struct frag_response *response = &responses->all[responses->nr];

		response->order = order;
		err = find_rows(response, device, way);
		responses->nr += !err;
		if (!err)
			err = measure(response, device, demand);
	}
	return err;
}

/**
 * frag_responses__measure() - ask in each way, for each order
 * @responses: to be filled; needs frag_responses__free() also where this fails.
 * @device: open, greeted and loaded.
 * @demand: how much.
 * @stopped: asked between two ways; true ends the measurement.
 *
 * Return: 0; -EINTR: it was stopped; -EPROTO, -EBADMSG, -ENOMEM, or the negative
 * error of the last response. One that the module refuses has its own @err.
 */
int frag_responses__measure(struct frag_responses *responses, const struct device *device,
			    const struct frag_demand *demand, bool (*stopped)(void))
{
	size_t i;
	int err = 0;

	responses->nr = 0;
	responses->all = calloc(NR_WAYS * nr_orders(device), sizeof(*responses->all));
	if (!responses->all)
		return -ENOMEM;
	for (i = 0; i < NR_WAYS && !err; i++)
		err = stopped() ? -EINTR : measure_way(responses, device, demand, &ways[i]);
	return err;
}

/**
 * frag_responses__free() - free them
 * @responses: of frag_responses__measure(), or all zero.
 */
void frag_responses__free(struct frag_responses *responses)
{
	size_t i;

	for (i = 0; i < responses->nr; i++) {
		histogram__delete(responses->all[i].got);
		histogram__delete(responses->all[i].failed);
	}
	free(responses->all);
	*responses = (struct frag_responses){ .nr = 0 };
}
