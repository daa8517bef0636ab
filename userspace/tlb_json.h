/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a walk in the kernel missed, as JSON.
 */
#ifndef KMBENCH_TLB_JSON_H
#define KMBENCH_TLB_JSON_H

#include <jansson.h>

#include "module/uapi/kmbench.h"
#include "system.h"
#include "tlb_events.h"

json_t *tlb_json__counts(const struct kmb_model *model,
			 const struct kmb_tlb_counts *counts);
json_t *tlb_json__mapped(const struct kmb_mapped *mapped);
json_t *tlb_json__direct_map(const struct direct_map *before, const struct direct_map *after);
json_t *tlb_json__events(const struct tlb_events *events);

#endif /* KMBENCH_TLB_JSON_H */
