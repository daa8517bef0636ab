/* SPDX-License-Identifier: GPL-2.0 */
/*
 * How fragmented free memory is.
 */
#ifndef _KMBENCH_LEVEL_H
#define _KMBENCH_LEVEL_H

#include "uapi/kmbench.h"

void kmb_level_read(struct kmb_level *level, u32 order);
u64 kmb_level_reserve(void);
u32 kmb_level_with(const struct kmb_level *level, u32 order, s64 blocks);
s64 kmb_level_missing(const struct kmb_level *level, u32 order, u32 index);

#endif /* _KMBENCH_LEVEL_H */
