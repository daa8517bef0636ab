// SPDX-License-Identifier: GPL-2.0
/*
 * What the model of a TLB counted, as JSON; null where there was no model.
 */
#include <stdint.h>

#include "tlb_json.h"

/**
 * tlb_json__by_page_size() - numbers by the size of a page
 * @values: KMB_PAGE_SIZES of them.
 *
 * Return: an object, the caller's.
 */
json_t *tlb_json__by_page_size(const __u64 *values)
{
	static const char * const names[KMB_PAGE_SIZES] = { "4K", "2M", "1G" };
	json_t *all = json_object();
	int i;

	for (i = 0; i < KMB_PAGE_SIZES; i++)
		json_object_set_new(all, names[i], json_integer(values[i]));
	return all;
}

static json_t *misses(const struct kmb_model *model, const struct kmb_tlb_counts *counts)
{
	json_t *all = json_array();
	uint32_t i;

	for (i = 0; i < model->levels && i < KMB_TLB_LEVELS_MAX; i++)
		json_array_append_new(all, json_integer(counts->misses[i]));
	return all;
}

/**
 * tlb_json__counts() - what a model counted in a region
 * @model: who.
 * @counts: what.
 *
 * Return: an object, the caller's; null: there was no model.
 */
json_t *tlb_json__counts(const struct kmb_model *model,
			 const struct kmb_tlb_counts *counts)
{
	if (!model->answers)
		return json_null();
	return json_pack("{s:s, s:I, s:I, s:o, s:o, s:I, s:I, s:I, s:I, s:I}",
			 "geometry", model->geometry,
			 "loads", (json_int_t)counts->loads,
			 "stores", (json_int_t)counts->stores,
			 "misses", misses(model, counts),
			 "page_walks", tlb_json__by_page_size(counts->walks),
			 "walk_reads", (json_int_t)counts->walk_reads,
			 "unmapped", (json_int_t)counts->unmapped,
			 "flushes", (json_int_t)counts->flushes,
			 "flushes_all", (json_int_t)counts->flushes_all,
			 "flushes_page", (json_int_t)counts->flushes_page);
}
