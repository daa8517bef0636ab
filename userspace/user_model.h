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

/**
 * struct user_told - a walk that the model is told of
 * @warmup: loads before, while it does not count; its TLB is empty before them.
 * @loads: while it does.
 * @region: what it calls them outside of this machine.
 */
struct user_told {
	uint64_t warmup;
	uint64_t loads;
	const char *region;
};

int user_model__walk(void **start, const struct user_told *told,
		     struct user_modelled *modelled);

#endif /* KMBENCH_USER_MODEL_H */
