/* SPDX-License-Identifier: GPL-2.0 */
/*
 * As much of the kernel's headers as a file of module/ needs that only computes.
 */
#ifndef KMBENCH_TESTS_KERNEL_H
#define KMBENCH_TESTS_KERNEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define ARRAY_SIZE(_array)	(sizeof(_array) / sizeof((_array)[0]))

typedef uint32_t u32;
typedef uint64_t u64;

struct rnd_state {
	u64 state;
};

static inline u64 div64_u64(u64 dividend, u64 divisor)
{
	return dividend / divisor;
}

static inline void strscpy(char *to, const char *from, size_t size)
{
	snprintf(to, size, "%s", from);
}

static inline void prandom_seed_state(struct rnd_state *random, u64 seed)
{
	random->state = seed;
}

/* splitmix64, the upper half. */
static inline u32 prandom_u32_state(struct rnd_state *random)
{
	u64 mixed = random->state += 0x9e3779b97f4a7c15;

	mixed = (mixed ^ mixed >> 30) * 0xbf58476d1ce4e5b9;
	mixed = (mixed ^ mixed >> 27) * 0x94d049bb133111eb;
	return (mixed ^ mixed >> 31) >> 32;
}

#endif /* KMBENCH_TESTS_KERNEL_H */
