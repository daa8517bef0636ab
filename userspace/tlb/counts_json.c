// SPDX-License-Identifier: GPL-2.0
/*
 * What the model of a TLB counted, as JSON.
 */
#include "counts_json.h"

/**
 * counts_json__by_page_size() - numbers by the size of a page
 * @values: KMB_PAGE_SIZES of them.
 *
 * Return: an object, the caller's.
 */
json_t *counts_json__by_page_size(const __u64 *values)
{
	static const char * const names[KMB_PAGE_SIZES] = { "4K", "2M", "1G" };
	json_t *all = json_object();
	int i;

	for (i = 0; i < KMB_PAGE_SIZES; i++)
		json_object_set_new(all, names[i], json_integer(values[i]));
	return all;
}

static json_t *misses(unsigned int levels, const struct kmb_tlb_counts *counts)
{
	json_t *all = json_array();
	unsigned int i;

	for (i = 0; i < levels && i < KMB_TLB_LEVELS_MAX; i++)
		json_array_append_new(all, json_integer(counts->misses[i]));
	return all;
}

/**
 * counts_json__all() - what was counted in a region
 * @geometry: the name of the TLB's.
 * @levels: of the TLB.
 * @counts: what.
 *
 * Return: an object, the caller's.
 */
json_t *counts_json__all(const char *geometry, unsigned int levels,
			 const struct kmb_tlb_counts *counts)
{
	return json_pack("{s:s, s:I, s:I, s:o, s:o, s:I, s:I, s:I, s:I, s:I}",
			 "geometry", geometry,
			 "loads", (json_int_t)counts->loads,
			 "stores", (json_int_t)counts->stores,
			 "misses", misses(levels, counts),
			 "page_walks", counts_json__by_page_size(counts->walks),
			 "walk_reads", (json_int_t)counts->walk_reads,
			 "unmapped", (json_int_t)counts->unmapped,
			 "flushes", (json_int_t)counts->flushes,
			 "flushes_all", (json_int_t)counts->flushes_all,
			 "flushes_page", (json_int_t)counts->flushes_page);
}
