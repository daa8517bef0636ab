/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Have kmemleak look for leaks now, and read what it found.
 */
#ifndef _KMBENCH_KMEMLEAK_H
#define _KMBENCH_KMEMLEAK_H

#include <linux/errno.h>
#include <linux/types.h>

/* An object is not reported before it is so old, in seconds. */
#define KMB_KMEMLEAK_AGE 5

const char *kmb_kmemleak_absent(void);

#if defined(CONFIG_DEBUG_KMEMLEAK) && !defined(MODULE)
int kmb_kmemleak_scan(void);
ssize_t kmb_kmemleak_read(char *report, size_t size);
#else
static inline int kmb_kmemleak_scan(void)
{
	return -EOPNOTSUPP;
}

static inline ssize_t kmb_kmemleak_read(char *report, size_t size)
{
	return -EOPNOTSUPP;
}
#endif

#endif /* _KMBENCH_KMEMLEAK_H */
