/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a TLB consists of, read from a file of JSON:
 *
 *   name      what results call it
 *   about     of which processor, and what the model leaves out of it
 *   source    the public document or page that the numbers are from
 *   verified  false, or how they were compared with a processor
 *   levels    an array of levels, the one that is asked first in front; each is an
 *             array of {"sizes": [...], "entries": N, "ways": N}, where sizes are
 *             those of the pages it can hold: "4K", "2M", "1G"
 *
 * All are required, and there are no others. Only data accesses are modelled: of
 * a level that holds instructions as well, all entries are taken to be for data.
 */
#ifndef KMBENCH_TLB_GEOMETRY_H
#define KMBENCH_TLB_GEOMETRY_H

#include <stdbool.h>

#include "module/uapi/kmbench_tlb.h"

/* No size may be held twice in a level. */
#define GEOMETRY_ARRAYS_MAX	(KMB_TLB_LEVELS_MAX * KMB_PAGE_SIZES)
#define GEOMETRY_ENTRIES_MAX	65536
#define GEOMETRY_WAYS_MAX	128

#define GEOMETRY_WHY_LEN	256

/**
 * struct tlb_geometry_array - one array of a TLB
 * @level: that it belongs to; 0 is asked first.
 * @sizes: of pages that it can hold: bits numbered by enum kmb_page_size.
 * @entries: how many, in [1, GEOMETRY_ENTRIES_MAX]; a multiple of @ways that is a
 *	power of two.
 * @ways: entries of a set, in [1, GEOMETRY_WAYS_MAX].
 */
struct tlb_geometry_array {
	unsigned int level;
	unsigned int sizes;
	unsigned int entries;
	unsigned int ways;
};

/**
 * struct tlb_geometry - all of a TLB
 * @name: not empty; ends with a NUL.
 * @levels: in [1, KMB_TLB_LEVELS_MAX].
 * @nr_arrays: in [1, GEOMETRY_ARRAYS_MAX].
 * @arrays: the arrays, in ascending order of levels.
 */
struct tlb_geometry {
	char name[KMB_TLB_NAME_LEN];
	unsigned int levels;
	unsigned int nr_arrays;
	struct tlb_geometry_array arrays[GEOMETRY_ARRAYS_MAX];
};

int geometry__read(const char *path, struct tlb_geometry *geometry, char *why);

#endif /* KMBENCH_TLB_GEOMETRY_H */
