/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Profiles: how much of everything is measured.
 */
#ifndef KMBENCH_PROFILE_H
#define KMBENCH_PROFILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * struct profile - how much to measure
 * @name: as a user types it.
 * @max_rank: cells further from the most common use are left out.
 * @iterations: samples in a repetition, at most.
 * @warmup: operations before them, at most.
 * @repetitions: how often each cell is measured.
 * @budget: bytes of objects that a repetition may go through before it is cut
 *	short.
 * @hidden: for scripts; users are not told of it.
 */
struct profile {
	const char *name;
	uint32_t max_rank;
	uint32_t iterations;
	uint32_t warmup;
	uint32_t repetitions;
	uint64_t budget;
	bool hidden;
};

const struct profile *profile__find(const char *name);
void profile__names(char *text, size_t size);

#endif /* KMBENCH_PROFILE_H */
