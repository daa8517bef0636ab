/* SPDX-License-Identifier: GPL-2.0 */
/*
 * /proc/buddyinfo: the free blocks of each zone.
 */
#ifndef KMBENCH_BUDDYINFO_H
#define KMBENCH_BUDDYINFO_H

#include <stdbool.h>
#include <stddef.h>

#include "free_blocks.h"

#define ZONE_NAME_LEN	16

/**
 * struct zone - one zone
 * @node: its node.
 * @name: its name.
 * @free: what is free in it.
 */
struct zone {
	int node;
	char name[ZONE_NAME_LEN];
	struct free_blocks free;
};

/**
 * struct buddyinfo - all zones
 * @nr: how many.
 * @zones: these, in the kernel's order.
 */
struct buddyinfo {
	size_t nr;
	struct zone *zones;
};

int buddyinfo__read(struct buddyinfo *info, const char *root);
bool zone__is_kernels(const struct zone *zone);
struct free_blocks buddyinfo__of_kernel(const struct buddyinfo *info);
void buddyinfo__free(struct buddyinfo *info);

#endif /* KMBENCH_BUDDYINFO_H */
