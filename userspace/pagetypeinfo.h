/* SPDX-License-Identifier: GPL-2.0 */
/*
 * /proc/pagetypeinfo: free blocks and pageblocks by migrate type.
 */
#ifndef KMBENCH_PAGETYPEINFO_H
#define KMBENCH_PAGETYPEINFO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buddyinfo.h"

#define PAGETYPE_NAME_LEN	16
/* More than there are in any kernel. */
#define PAGETYPES		12

/**
 * struct pagetype - what a zone has of one migrate type
 * @node: of the zone.
 * @zone: its name.
 * @type: the migrate type.
 * @free: blocks on its free lists.
 * @is_capped: the kernel stopped counting some of them: there are more.
 * @pageblocks: pageblocks of the zone that are of that type.
 */
struct pagetype {
	int node;
	char zone[ZONE_NAME_LEN];
	char type[PAGETYPE_NAME_LEN];
	struct free_blocks free;
	bool is_capped;
	uint64_t pageblocks;
};

/**
 * struct pagetypeinfo - of all zones
 * @pageblock_pages: pages in a pageblock.
 * @nr: how many rows, one for each zone and type.
 * @types: these, in the kernel's order.
 */
struct pagetypeinfo {
	uint64_t pageblock_pages;
	size_t nr;
	struct pagetype *types;
};

int pagetypeinfo__read(struct pagetypeinfo *info, const char *root);
void pagetypeinfo__free(struct pagetypeinfo *info);

#endif /* KMBENCH_PAGETYPEINFO_H */
