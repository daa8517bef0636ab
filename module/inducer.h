/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Fragments free memory as long as it lives.
 */
#ifndef _KMBENCH_INDUCER_H
#define _KMBENCH_INDUCER_H

#include "uapi/kmbench.h"

struct kmb_inducer;

int kmb_inducer_make(struct kmb_inducer **mine, struct kmb_frag *frag);
void kmb_inducer_settle(struct kmb_inducer *inducer);
void kmb_inducer_drop(struct kmb_inducer **mine);

#endif /* _KMBENCH_INDUCER_H */
