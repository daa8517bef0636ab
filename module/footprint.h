/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What objects of one kind occupy.
 */
#ifndef _KMBENCH_FOOTPRINT_H
#define _KMBENCH_FOOTPRINT_H

#include "partials.h"
#include "uapi/kmbench.h"

int kmb_footprint(struct kmb_footprint *footprint, struct kmb_partials *partials);

#endif /* _KMBENCH_FOOTPRINT_H */
