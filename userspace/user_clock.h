/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The clock that times in user space, as module/clock.h does in the kernel: the
 * architecture's counter, read in program order, on x86-64 and arm64; else
 * CLOCK_MONOTONIC.
 */
#ifndef KMBENCH_USER_CLOCK_H
#define KMBENCH_USER_CLOCK_H

#include <stdint.h>
#include <time.h>

#define USER_CLOCK_NSEC		1000000000ULL

/* The shortest time, nanoseconds, by which a counter's frequency is told. */
#define USER_CLOCK_BASE		20000000ULL

/**
 * struct user_moment - a moment by two clocks
 * @ticks: of user_clock__ticks().
 * @nsec: of CLOCK_MONOTONIC.
 */
struct user_moment {
	uint64_t ticks;
	uint64_t nsec;
};

static inline uint64_t user_clock__nsec(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * USER_CLOCK_NSEC + now.tv_nsec;
}

#if defined(__x86_64__)

#define USER_CLOCK_NAME	"tsc"
/* No instruction tells it on all processors: it is measured. */
#define USER_CLOCK_HZ	0ULL

/**
 * user_clock__ticks() - read the clock, after all that comes before it in the program
 *
 * Return: ticks since an unspecified start.
 */
static inline uint64_t user_clock__ticks(void)
{
	uint32_t low, high;

	asm volatile("lfence\n\trdtsc\n\tlfence" : "=a" (low), "=d" (high) : : "memory");
	return (uint64_t)high << 32 | low;
}

#elif defined(__aarch64__)

#define USER_CLOCK_NAME	"cntvct"
#define USER_CLOCK_HZ	user_clock__frequency()

static inline uint64_t user_clock__ticks(void)
{
	uint64_t ticks;

	asm volatile("isb\n\tmrs %0, cntvct_el0\n\tisb" : "=r" (ticks) : : "memory");
	return ticks;
}

static inline uint64_t user_clock__frequency(void)
{
	uint64_t hz;

	asm volatile("mrs %0, cntfrq_el0" : "=r" (hz));
	return hz;
}

#else

#define USER_CLOCK_NAME	"monotonic"
#define USER_CLOCK_HZ	USER_CLOCK_NSEC

static inline uint64_t user_clock__ticks(void)
{
	return user_clock__nsec();
}

#endif

/**
 * user_clock__now() - read both clocks at once
 *
 * Of some tries the shortest counts: another program may come between.
 *
 * Return: what they say.
 */
static inline struct user_moment user_clock__now(void)
{
	uint64_t before, nsec, took, least = UINT64_MAX;
	struct user_moment now = { 0, 0 };
	int i;

	for (i = 0; i < 5; i++) {
		before = user_clock__ticks();
		nsec = user_clock__nsec();
		took = user_clock__ticks() - before;
		if (took >= least)
			continue;
		least = took;
		now = (struct user_moment){ before + took / 2, nsec };
	}
	return now;
}

/**
 * user_clock__hz() - ticks of user_clock__ticks() in a second
 * @begun: a moment before; where it was less than USER_CLOCK_BASE ago, waits.
 *
 * Return: what the architecture tells, or what was measured since then.
 */
static inline uint64_t user_clock__hz(const struct user_moment *begun)
{
	struct user_moment now = user_clock__now();

	if (USER_CLOCK_HZ)
		return USER_CLOCK_HZ;
	while (now.nsec - begun->nsec < USER_CLOCK_BASE)
		now = user_clock__now();
	return (double)(now.ticks - begun->ticks) * USER_CLOCK_NSEC / (now.nsec - begun->nsec);
}

#endif /* KMBENCH_USER_CLOCK_H */
