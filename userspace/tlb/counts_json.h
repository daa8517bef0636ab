/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the model of a TLB counted, as JSON: the same from the tool in the guest,
 * and from the model outside.
 */
#ifndef KMBENCH_TLB_COUNTS_JSON_H
#define KMBENCH_TLB_COUNTS_JSON_H

#include <jansson.h>

#include "module/uapi/kmbench_tlb.h"

json_t *counts_json__by_page_size(const __u64 *values);
json_t *counts_json__all(const char *geometry, unsigned int levels,
			 const struct kmb_tlb_counts *counts);

#endif /* KMBENCH_TLB_COUNTS_JSON_H */
