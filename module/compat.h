/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Every difference between Linux 6.1 and 7.3 that one source has to bridge.
 * No other file of kmbench asks for a kernel version.
 */
#ifndef _KMBENCH_COMPAT_H
#define _KMBENCH_COMPAT_H

#include <linux/hrtimer.h>
#include <linux/version.h>

/* hrtimer_setup_on_stack() came with 6.13, hrtimer_init() went with 6.15. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 13, 0)
#define kmb_hrtimer_setup_on_stack hrtimer_setup_on_stack
#else
static inline void
kmb_hrtimer_setup_on_stack(struct hrtimer *timer,
			   enum hrtimer_restart (*function)(struct hrtimer *),
			   clockid_t clock_id, enum hrtimer_mode mode)
{
	hrtimer_init_on_stack(timer, clock_id, mode);
	timer->function = function;
}
#endif

/* Sizes that are no power of two are promised an alignment since 6.12. */
#define KMB_ALIGNS_TO_DIVISOR \
	(LINUX_VERSION_CODE >= KERNEL_VERSION(6, 12, 0))

/* What can be no object is its own kmalloc_size_roundup() since 6.12. */
#define KMB_ROUNDUP_KEEPS_HUGE \
	(LINUX_VERSION_CODE >= KERNEL_VERSION(6, 12, 0))

/*
 * KUnit's generators of parameters got the test as their first argument, and
 * the first parameter the index 1, together with KUNIT_CASE_PARAM_WITH_INIT.
 * For files that include <kunit/test.h> before this one.
 */
#ifdef KUNIT_CASE_PARAM
#ifdef KUNIT_CASE_PARAM_WITH_INIT
#define KMB_GENERATOR(_name) \
	const void *_name(struct kunit *test, const void *prev, char *desc)
#define KMB_FIRST_PARAM 1
#else
#define KMB_GENERATOR(_name) const void *_name(const void *prev, char *desc)
#define KMB_FIRST_PARAM 0
#endif
#endif

#endif /* _KMBENCH_COMPAT_H */
