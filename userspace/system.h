/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The machine and the kernel that a measurement is of.
 */
#ifndef KMBENCH_SYSTEM_H
#define KMBENCH_SYSTEM_H

#include <jansson.h>

json_t *system__describe(const char *root);

#endif /* KMBENCH_SYSTEM_H */
