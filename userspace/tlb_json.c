// SPDX-License-Identifier: GPL-2.0
/*
 * What a walk in the kernel missed, by the model of a TLB and by the PMU, as JSON.
 */
#include "json_out.h"
#include "tlb/counts_json.h"
#include "tlb_json.h"

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
	return counts_json__all(model->geometry, model->levels, counts);
}

/**
 * tlb_json__mapped() - how memory is mapped
 * @mapped: by a walk of the page tables.
 *
 * Return: an object, the caller's.
 */
json_t *tlb_json__mapped(const struct kmb_mapped *mapped)
{
	return json_pack("{s:o, s:I}", "pages", counts_json__by_page_size(mapped->pages),
			 "runs", (json_int_t)mapped->runs);
}

static json_t *direct_map(const struct direct_map *map)
{
	return map->known ? counts_json__by_page_size(map->bytes) : json_null();
}

/**
 * tlb_json__direct_map() - the kernel's map of all memory about a walk
 * @before: what it was before the walk's memory was allocated.
 * @after: what it was after that was freed.
 *
 * Return: an object, the caller's.
 */
json_t *tlb_json__direct_map(const struct direct_map *before, const struct direct_map *after)
{
	return json_pack("{s:o, s:o, s:o}", "before", direct_map(before),
			 "after", direct_map(after), "splits", after->counts_splits ?
			 json_integer(after->splits - before->splits) : json_null());
}

static json_t *state_json(const struct tlb_events *events, unsigned int state)
{
	return json_pack("{s:I, s:o, s:o}", "loads", (json_int_t)events->loads[state],
			 "inside", json_out__counters(events->inside[state], KMB_EVENTS),
			 "outside", json_out__counters(events->outside[state], KMB_EVENTS));
}

/**
 * tlb_json__events() - what the PMU counted
 * @events: of tlb_events__count().
 *
 * Return: an object, the caller's.
 */
json_t *tlb_json__events(const struct tlb_events *events)
{
	json_t *all = json_object();
	unsigned int state;

	if (events->why[0]) {
		json_object_set_new(all, "unavailable", json_string(events->why));
		return all;
	}
	for (state = 0; state < TLB_EVENTS_STATES; state++)
		json_object_set_new(all, tlb_events__state(state), state_json(events, state));
	return all;
}
