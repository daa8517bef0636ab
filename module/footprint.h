/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What objects of one kind occupy.
 */
#ifndef _KMBENCH_FOOTPRINT_H
#define _KMBENCH_FOOTPRINT_H

#include "uapi/kmbench.h"

int kmb_footprint(struct kmb_footprint *footprint);

#endif /* _KMBENCH_FOOTPRINT_H */
