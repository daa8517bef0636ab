/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What memory the allocator itself touches, for each size of the module's table.
 */
#ifndef KMBENCH_TLB_TOUCHES_H
#define KMBENCH_TLB_TOUCHES_H

#include <jansson.h>

#include "device.h"

json_t *tlb_touches__json(const struct device *device);

#endif /* KMBENCH_TLB_TOUCHES_H */
