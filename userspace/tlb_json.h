/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a module says that the model of a TLB counted, as JSON.
 */
#ifndef KMBENCH_TLB_JSON_H
#define KMBENCH_TLB_JSON_H

#include <jansson.h>

#include "module/uapi/kmbench.h"

json_t *tlb_json__counts(const struct kmb_model *model,
			 const struct kmb_tlb_counts *counts);

#endif /* KMBENCH_TLB_JSON_H */
