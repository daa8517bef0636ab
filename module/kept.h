/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Free pages that a CPU keeps for itself.
 */
#ifndef _KMBENCH_KEPT_H
#define _KMBENCH_KEPT_H

#include <linux/gfp.h>

struct page *kmb_kept_take(u32 zone, u32 order);
u32 kmb_kept_zones(void);
void kmb_kept_flush(void);

#endif /* _KMBENCH_KEPT_H */
