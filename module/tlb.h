/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What walking over memory costs.
 */
#ifndef _KMBENCH_TLB_H
#define _KMBENCH_TLB_H

#include "uapi/kmbench.h"

int kmb_walk_run(struct kmb_walk *walk);

#endif /* _KMBENCH_TLB_H */
