// SPDX-License-Identifier: GPL-2.0
/*
 * Time that passes while others work.
 *
 * nanosleep(2) would let the CPU halt, and QEMU's virtual clock is not exact then: its main
 * loop may see that the CPU has halted before it has its last instructions, and sets the
 * clock that far too late. On a busy host it did in 2 of 9 runs of 50 s of sleep.
 */
#include <sched.h>
#include <time.h>

#include "rest.h"

/* Between two looks at the clock; an emulator takes no time for a nop. */
#define NAPS	64
#define NAP	".rept 400\n\tnop\n\t.endr"

static uint64_t now_ns(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec * 1000000000ULL + time.tv_nsec;
}

/**
 * rest__ns() - let time pass, and go last
 * @ns: nanoseconds, at least; more where others have work.
 */
void rest__ns(uint64_t ns)
{
	struct sched_param before, none = { .sched_priority = 0 };
	const uint64_t until = now_ns() + ns;
	const int policy = sched_getscheduler(0);
	unsigned int i;

	sched_getparam(0, &before);
	sched_setscheduler(0, SCHED_IDLE, &none);
	while (now_ns() < until)
		for (i = 0; i < NAPS; i++)
			__asm__ volatile(NAP);
	sched_setscheduler(0, policy, &before);
}
