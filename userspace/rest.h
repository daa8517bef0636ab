/* SPDX-License-Identifier: GPL-2.0 */
#ifndef KMBENCH_REST_H
#define KMBENCH_REST_H

#include <stdint.h>

void rest__ns(uint64_t ns);

#endif /* KMBENCH_REST_H */
