// SPDX-License-Identifier: GPL-2.0
/*
 * Walks over memory of a process, as module/walk.c has them in the kernel.
 *
 * Nothing but loads that depend on each other is timed, and two readings of the
 * clock. What disturbed them is told, not taken away.
 */
#include <sys/resource.h>

#include "user_clock.h"
#include "user_marker.h"
#include "user_walk.h"

/* Loads between two looks at how many are left. */
#define UNROLLED	8

static void **line(const void *memory, uint32_t i)
{
	return user_memory__line(memory, i);
}

/**
 * user_walk__lay() - write a walk's addresses into memory
 * @memory: of user_memory__map(); line 0 is where the walk begins.
 * @lines: how many; there is room for them.
 * @pattern: the order, the same each time.
 *
 * Return: 0, or -ENOMEM.
 */
int user_walk__lay(const struct user_memory *memory, uint32_t lines,
		   const struct user_pattern *pattern)
{
	return user_pattern__lay(pattern, lines, line, memory);
}

static inline void **load(void **at)
{
	at = *at;
	/* The compiler shall take no two for one. */
	asm volatile("" : "+r" (at));
	return at;
}

static inline void **follow(void **at, uint64_t loads)
{
	uint64_t i;

	for (i = 0; i < loads / UNROLLED; i++) {
		at = load(at);
		at = load(at);
		at = load(at);
		at = load(at);
		at = load(at);
		at = load(at);
		at = load(at);
		at = load(at);
	}
	for (i = 0; i < loads % UNROLLED; i++)
		at = load(at);
	return at;
}

/**
 * user_walk__tell() - walk while a model of a TLB counts, which begins with an empty one
 * @start: the first line.
 * @warmup: loads before, which are not counted.
 * @loads: that are.
 * @mailbox: to talk to it.
 *
 * Between the markers there is no access but the walk's, and an interrupt's.
 *
 * Return: where the next load would go.
 */
void **user_walk__tell(void **start, uint64_t warmup, uint64_t loads,
		       struct kmb_tlb_mailbox *mailbox)
{
	user_marker__say(KMB_TLB_ARM, mailbox);
	start = follow(start, warmup);
	user_marker__say(KMB_TLB_BEGIN, mailbox);
	start = follow(start, loads);
	/* The last load is done before the region ends. */
	asm volatile("" : "+r" (start) : : "memory");
	user_marker__say(KMB_TLB_END, mailbox);
	user_marker__say(KMB_TLB_DISARM, mailbox);
	return start;
}

static uint64_t switches(void)
{
	struct rusage usage;

	return getrusage(RUSAGE_THREAD, &usage) ? 0 : usage.ru_nivcsw;
}

/**
 * user_walk__go() - walk
 * @start: the first line.
 * @warmup: loads before.
 * @loads: loads that are timed.
 * @lap: receives what came of it.
 *
 * Return: where the next load would go.
 */
void **user_walk__go(void **start, uint64_t warmup, uint64_t loads, struct user_lap *lap)
{
	uint64_t before = switches(), began;
	void **at = follow(start, warmup);

	began = user_clock__ticks();
	at = follow(at, loads);
	/* The clock waits for the last load. */
	asm volatile("" : "+r" (at) : : "memory");
	lap->ticks = user_clock__ticks() - began;
	lap->switches = switches() - before;
	return at;
}
