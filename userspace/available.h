/* SPDX-License-Identifier: GPL-2.0 */
/*
 * How much memory a process may take without harm.
 */
#ifndef KMBENCH_AVAILABLE_H
#define KMBENCH_AVAILABLE_H

#include <stdint.h>

/* Per cent of the available memory that a walk may have. */
#define AVAILABLE_SHARE	50

uint64_t available__limit(void);

#endif /* KMBENCH_AVAILABLE_H */
