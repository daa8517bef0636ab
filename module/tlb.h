/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What walking over memory costs.
 */
#ifndef _KMBENCH_TLB_H
#define _KMBENCH_TLB_H

#include <linux/types.h>

#include "uapi/kmbench.h"

int kmb_refuse_bytes(char why[KMB_TEXT_LEN], u32 kind, u64 bytes);
int kmb_walk_run(struct kmb_walk *walk);

#endif /* _KMBENCH_TLB_H */
