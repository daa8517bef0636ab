/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The clock that times: the architecture's cycle counter, read in program
 * order, on x86 with a TSC and on arm64; ktime elsewhere.
 */
#ifndef _KMBENCH_CLOCK_H
#define _KMBENCH_CLOCK_H

#include <linux/types.h>

#if defined(CONFIG_X86_TSC)

#include <asm/msr.h>
#include <asm/tsc.h>

#define KMB_CLOCK_NAME	"tsc"

/**
 * kmb_clock() - read the clock, after all that comes before it in the program
 *
 * Return: ticks since an unspecified start.
 */
static __always_inline u64 kmb_clock(void)
{
	return rdtsc_ordered();
}

/**
 * kmb_clock_hz() - ticks of kmb_clock() in a second
 *
 * Return: the frequency in Hz; 0 where it is not known.
 */
static inline u64 kmb_clock_hz(void)
{
	return (u64)tsc_khz * 1000;
}

#elif defined(CONFIG_ARM64)

#include <asm/arch_timer.h>

#define KMB_CLOCK_NAME	"cntvct"

static __always_inline u64 kmb_clock(void)
{
	return __arch_counter_get_cntvct();
}

static inline u64 kmb_clock_hz(void)
{
	return arch_timer_get_cntfrq();
}

#else

#include <linux/ktime.h>
#include <linux/timekeeping.h>

#define KMB_CLOCK_NAME	"ktime"

static __always_inline u64 kmb_clock(void)
{
	return ktime_get_mono_fast_ns();
}

static inline u64 kmb_clock_hz(void)
{
	return NSEC_PER_SEC;
}

#endif

#endif /* _KMBENCH_CLOCK_H */
