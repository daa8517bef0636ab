/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Failures of this task's allocations, from fault injection. Without
 * CONFIG_FAILSLAB and CONFIG_FAIL_PAGE_ALLOC nothing fails: a case has to ask.
 */
#ifndef _KMBENCH_INJECT_H
#define _KMBENCH_INJECT_H

#include <linux/sched.h>

/* The 1st place that may fail from now on does, or the @nth; 0: none. */
static inline void kmb_inject(unsigned int nth)
{
#ifdef CONFIG_FAULT_INJECTION
	WRITE_ONCE(current->fail_nth, nth);
#endif
}

/* Return: how many places still have to be passed; 0 when it has failed. */
static inline unsigned int kmb_inject_end(void)
{
	unsigned int left = 0;

#ifdef CONFIG_FAULT_INJECTION
	left = READ_ONCE(current->fail_nth);
	WRITE_ONCE(current->fail_nth, 0);
#endif
	return left;
}

#endif /* _KMBENCH_INJECT_H */
