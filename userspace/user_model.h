/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Walks of a process under the model of a TLB, see module/uapi/kmbench_tlb.h.
 */
#ifndef KMBENCH_USER_MODEL_H
#define KMBENCH_USER_MODEL_H

#include <stdint.h>

#include "module/uapi/kmbench.h"

/**
 * struct user_modelled - what the model says of a walk
 * @model: which one; @model.answers 0: none did.
 * @counts: what it counted.
 */
struct user_modelled {
	struct kmb_model model;
	struct kmb_tlb_counts counts;
};

int user_model__walk(void **start, uint64_t loads, const char *region,
		     struct user_modelled *modelled);

#endif /* KMBENCH_USER_MODEL_H */
