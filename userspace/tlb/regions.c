// SPDX-License-Identifier: GPL-2.0
/*
 * Regions of interest. They may lie within each other or overlap: each remembers
 * what had been counted when it began, and nothing is ever set back.
 */
#include <stdlib.h>
#include <string.h>

#include "counts_json.h"
#include "regions.h"

/* Counts are numbers of one type, and nothing else. */
#define NR_COUNTS	(sizeof(struct kmb_tlb_counts) / sizeof(__u64))

static struct region *regions__find(struct regions *regions, const char *name)
{
	unsigned int i;

	for (i = 0; i < REGIONS_MAX; i++)
		if (regions->all[i].begun && !strcmp(regions->all[i].name, name))
			return &regions->all[i];
	return NULL;
}

static struct region *regions__unused(struct regions *regions)
{
	unsigned int i;

	for (i = 0; i < REGIONS_MAX; i++)
		if (!regions->all[i].begun)
			return &regions->all[i];
	return NULL;
}

/* Of printable ASCII, whatever the guest wrote there. */
static void name__copy(char *copy, const char *name)
{
	unsigned int i;

	for (i = 0; i < KMB_TLB_REGION_LEN - 1 && name[i]; i++)
		copy[i] = name[i] >= ' ' && name[i] <= '~' ? name[i] : '?';
	copy[i] = '\0';
}

/**
 * regions__begin() - a region begins; once more, if it had not ended
 * @regions: those of the processor.
 * @name: KMB_TLB_REGION_LEN bytes of the guest's, with a NUL or not.
 * @now: what has been counted so far.
 *
 * Return: false: too many have begun; this one did not.
 */
bool regions__begin(struct regions *regions, const char *name,
		    const struct kmb_tlb_counts *now)
{
	char copy[KMB_TLB_REGION_LEN];
	struct region *region;

	name__copy(copy, name);
	region = regions__find(regions, copy);
	if (!region)
		region = regions__unused(regions);
	if (!region)
		return false;
	region->begun = true;
	strcpy(region->name, copy);
	region->counts = *now;
	return true;
}

/**
 * regions__end() - a region ends
 * @regions: those of the processor.
 * @name: as for regions__begin().
 * @now: what has been counted so far.
 * @counts: receives what was counted since it began.
 *
 * Return: false: none of that name has begun; @counts is untouched.
 */
bool regions__end(struct regions *regions, const char *name,
		  const struct kmb_tlb_counts *now, struct kmb_tlb_counts *counts)
{
	__u64 before[NR_COUNTS], after[NR_COUNTS];
	char copy[KMB_TLB_REGION_LEN];
	struct region *region;
	unsigned int i;

	name__copy(copy, name);
	region = regions__find(regions, copy);
	if (!region)
		return false;
	memcpy(before, &region->counts, sizeof(before));
	memcpy(after, now, sizeof(after));
	for (i = 0; i < NR_COUNTS; i++)
		after[i] -= before[i];
	memcpy(counts, after, sizeof(after));
	region->begun = false;
	return true;
}

/**
 * regions__forget() - no region has begun
 * @regions: those of the processor.
 */
void regions__forget(struct regions *regions)
{
	memset(regions, 0, sizeof(*regions));
}

/**
 * region__write() - write what was counted in a region, as a line of JSON
 * @file: where to; the line is written at once and whole, whoever else writes, and
 *	whenever QEMU is killed.
 * @name: as for regions__begin().
 * @geometry: of the modelled TLB.
 * @levels: of that.
 * @counts: of regions__end().
 *
 * Return: false: there was no memory, or the file takes no more.
 */
bool region__write(FILE *file, const char *name, const char *geometry, unsigned int levels,
		   const struct kmb_tlb_counts *counts)
{
	char copy[KMB_TLB_REGION_LEN], *text;
	json_t *line;
	bool written;

	name__copy(copy, name);
	line = json_pack("{s:s, s:o}", "region", copy, "model",
			 counts_json__all(geometry, levels, counts));
	text = json_dumps(line, JSON_COMPACT);
	written = text && fprintf(file, "%s\n", text) > 0 && !fflush(file);
	free(text);
	json_decref(line);
	return written;
}
