/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Content that is recognized: each byte depends on its place and on a seed, so
 * that a byte that was lost, moved or taken from another object is seen.
 */
#ifndef _KMBENCH_PATTERN_H
#define _KMBENCH_PATTERN_H

#include <linux/types.h>

void kmb_pattern_write(void *object, size_t from, size_t to, u64 seed);
const u8 *kmb_pattern_find_wrong(const void *object, size_t from, size_t to,
				 u64 seed);

#endif /* _KMBENCH_PATTERN_H */
