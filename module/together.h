/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What several CPUs did together: gathered by crew.c, checked here.
 */
#ifndef _KMBENCH_TOGETHER_H
#define _KMBENCH_TOGETHER_H

#include "scenario.h"
#include "uapi/kmbench.h"

struct kmb_result;

void kmb_together_add(struct kmb_together *sum, const struct kmb_together *one);
int kmb_together_check(const struct kmb_cell *cell,
		       const struct kmb_result *result, char why[KMB_TEXT_LEN]);

#endif /* _KMBENCH_TOGETHER_H */
