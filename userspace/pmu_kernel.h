/* SPDX-License-Identifier: GPL-2.0 */
#ifndef KMBENCH_PMU_KERNEL_H
#define KMBENCH_PMU_KERNEL_H

#include <stdint.h>
#include <stdio.h>

int pmu_kernel__run(FILE *out, const char *path, uint32_t pages, uint32_t passes);

#endif /* KMBENCH_PMU_KERNEL_H */
