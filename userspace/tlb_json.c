// SPDX-License-Identifier: GPL-2.0
/*
 * What a module says that the model of a TLB counted, as JSON; null where there
 * was no model.
 */
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
