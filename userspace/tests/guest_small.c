// SPDX-License-Identifier: GPL-2.0
/*
 * Small objects where memory is fragmented: many of them are held at once, in each way
 * of asking that may not wait; and how large the slabs are that they lie in.
 */
#include <stdio.h>
#include <string.h>

#include "guest.h"

#define OBJECTS	1024
/* A slab of more than a page has several of these. */
#define IN_SLABS	1024

static const struct way {
	const char *name[KMB_TABLE_GFP + 1];
} ways[] = {
	{ { "alloc", "task", "GFP_KERNEL" } },
	{ { "demand", "task", "GFP_ATOMIC" } },
	{ { "demand", "task", "GFP_NOWAIT" } },
	{ { "demand", "hardirq", "GFP_ATOMIC" } },
	{ { NULL } },
};

/* Return: the row; -1: there is none of that name. */
static int find_row(const struct device *device, int table, const char *name)
{
	uint32_t i;

	for (i = 0; i < device->info.nr_rows[table]; i++)
		if (!strcmp(device->rows[table][i].name, name))
			return i;
	return -1;
}

static bool succeeds(const struct device *device, const struct device *known,
		     const struct way *way, uint64_t size, char *why)
{
	struct kmb_run run = {
		.scenario = find_row(known, KMB_TABLE_SCENARIO, way->name[KMB_TABLE_SCENARIO]),
		.context = find_row(known, KMB_TABLE_CONTEXT, way->name[KMB_TABLE_CONTEXT]),
		.gfp = find_row(known, KMB_TABLE_GFP, way->name[KMB_TABLE_GFP]),
		.iterations = OBJECTS, .size = size, .share = 90,
	};
	int err = device__run(device, &run);

	snprintf(why, WHY_LEN, "%s/%s/%s/%llu: %s, %s, %llu of %llu failed",
		 way->name[KMB_TABLE_SCENARIO], way->name[KMB_TABLE_CONTEXT],
		 way->name[KMB_TABLE_GFP], (unsigned long long)size, strerror(-err), run.why,
		 (unsigned long long)run.failed.count, (unsigned long long)run.iterations);
	return !err && !run.failed.count && run.op.count == run.iterations;
}

/* Slabs that are kept for the next objects would be taken for what the level left. */
static void give_slabs_back(void)
{
	static const char *const names[] = { "8", "64", "512", "1k", "2k", "4k", NULL };
	char path[64];
	int i;

	for (i = 0; names[i]; i++) {
		snprintf(path, sizeof(path), "/sys/kernel/slab/kmalloc-%s/shrink", names[i]);
		file__write(path, "1");
	}
}

static bool all_succeed(const struct device *device, const struct device *known, char *why)
{
	static const uint64_t sizes[] = { 8, 64, 512, 1024, 2048, 4096, 0 };
	const struct way *way;
	int i;

	for (way = ways; way->name[0]; way++)
		for (i = 0; sizes[i]; i++)
			if (!succeeds(device, known, way, sizes[i], why))
				return false;
	return true;
}

/**
 * small__succeed() - whether no request for up to a page fails
 * @device: that asks, which may hold a level.
 * @why: receives which one failed, WHY_LEN bytes.
 *
 * Return: whether all of them are had.
 */
bool small__succeed(const struct device *device, char *why)
{
	struct device known;
	int err = device__open(&known, DEVICE_PATH);
	bool good;

	if (!err)
		err = device__hello(&known);
	if (!err)
		err = device__load(&known);
	snprintf(why, WHY_LEN, "the module's tables: %s", strerror(-err));
	good = !err && all_succeed(device, &known, why);
	give_slabs_back();
	device__close(&known);
	return good;
}

/**
 * small__slab_bytes() - how large slabs of small objects are
 * @device: that asks.
 *
 * Return: bytes of a slab, the mean of those that many objects of 1 KiB lie in; 0: that
 * cannot be seen.
 */
uint64_t small__slab_bytes(const struct device *device)
{
	struct kmb_footprint footprint = { .objects = IN_SLABS, .size = 1024, .share = 90 };

	if (device__footprint(device, &footprint) || !footprint.blocks)
		return 0;
	return footprint.bytes / footprint.blocks;
}
