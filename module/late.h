/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Memory that kfree_rcu() has not given back yet.
 */
#ifndef _KMBENCH_LATE_H
#define _KMBENCH_LATE_H

#include <linux/types.h>

void kmb_late_add(u64 bytes);
int kmb_late_make_room(u64 bytes, u32 share, bool late);

#endif /* _KMBENCH_LATE_H */
