// SPDX-License-Identifier: GPL-2.0
/*
 * /proc/buddyinfo: the free blocks of each zone.
 *
 * The free pages that each CPU keeps for itself are in no zone's lists, and not here.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "buddyinfo.h"

static int zone__parse(struct zone *zone, const char *line)
{
	int length = 0;

	if (sscanf(line, "Node %d, zone %15s%n", &zone->node, zone->name, &length) < 2)
		return -EBADMSG;
	return free_blocks__parse(&zone->free, line + length);
}

static int buddyinfo__add(struct buddyinfo *info, const char *line)
{
	struct zone *zones = reallocarray(info->zones, info->nr + 1, sizeof(*zones));

	if (!zones)
		return -ENOMEM;
	info->zones = zones;
	memset(&zones[info->nr], 0, sizeof(*zones));
	return zone__parse(&zones[info->nr++], line);
}

/**
 * buddyinfo__read() - read it
 * @info: to be filled; needs buddyinfo__free() also where this fails.
 * @root: is put before /proc; empty, but for a test.
 *
 * Return: 0; -EBADMSG: it has no zone, or a line that is none; -ENOMEM; or the
 * negative error of open(2).
 */
int buddyinfo__read(struct buddyinfo *info, const char *root)
{
	char path[PATH_MAX], *line = NULL;
	size_t size = 0;
	int err = 0;
	FILE *file;

	memset(info, 0, sizeof(*info));
	snprintf(path, sizeof(path), "%s/proc/buddyinfo", root);
	file = fopen(path, "re");
	if (!file)
		return -errno;
	while (!err && getline(&line, &size, file) > 0)
		err = buddyinfo__add(info, line);
	free(line);
	fclose(file);
	return err || info->nr ? err : -EBADMSG;
}

/**
 * zone__is_kernels() - whether GFP_KERNEL may be served from a zone
 * @zone: the zone.
 *
 * Return: false for what only user memory may have, or a device has.
 */
bool zone__is_kernels(const struct zone *zone)
{
	static const char * const others[] = { "HighMem", "Movable", "Device", NULL };
	int i;

	for (i = 0; others[i]; i++)
		if (!strcmp(zone->name, others[i]))
			return false;
	return true;
}

/**
 * buddyinfo__of_kernel() - what is free for the kernel, in all zones together
 * @info: the zones.
 *
 * Return: the blocks, as struct kmb_level counts them.
 */
struct free_blocks buddyinfo__of_kernel(const struct buddyinfo *info)
{
	struct free_blocks sum = { .nr_orders = 0 };
	size_t i;

	for (i = 0; i < info->nr; i++)
		if (zone__is_kernels(&info->zones[i]))
			free_blocks__add(&sum, &info->zones[i].free);
	return sum;
}

/**
 * buddyinfo__free() - forget it
 * @info: was given to buddyinfo__read(), with or without success.
 */
void buddyinfo__free(struct buddyinfo *info)
{
	free(info->zones);
}
