/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Memory of a process that kmbench.ko allocated.
 */
#ifndef KMBENCH_USER_LENT_H
#define KMBENCH_USER_LENT_H

#include "user_memory.h"

int user_lent__map(struct user_memory *memory, char why[USER_WHY_LEN]);

#endif /* KMBENCH_USER_LENT_H */
