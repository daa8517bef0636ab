/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Walks over memory of a process: each load's value is the address of the next.
 */
#ifndef KMBENCH_USER_WALK_H
#define KMBENCH_USER_WALK_H

#include <stdint.h>

#include "module/uapi/kmbench_tlb.h"
#include "user_memory.h"
#include "user_pattern.h"

/**
 * struct user_lap - loads that were timed together
 * @ticks: of user_clock__ticks().
 * @switches: how often the thread lost its CPU meanwhile, unasked.
 */
struct user_lap {
	uint64_t ticks;
	uint64_t switches;
};

int user_walk__lay(const struct user_memory *memory, uint32_t lines,
		   const struct user_pattern *pattern);
void **user_walk__tell(void **start, uint64_t warmup, uint64_t loads,
		       struct kmb_tlb_mailbox *mailbox);
void **user_walk__go(void **start, uint64_t warmup, uint64_t loads, struct user_lap *lap);

#endif /* KMBENCH_USER_WALK_H */
