/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Which PMU the CPU has.
 */
#ifndef KMBENCH_PMU_ID_H
#define KMBENCH_PMU_ID_H

#include <stdint.h>

#define PMU_ID_LEN	128

/**
 * struct pmu_id - a PMU, and the CPU that it is in
 * @device: its name in /sys/bus/event_source/devices; "" where there is none.
 * @type: the kernel's number for its own events; 0 where there is none.
 * @cpuid: the CPU as tools/perf/pmu-events spells it in its mapfile.csv; "" where
 *	/proc/cpuinfo does not tell.
 */
struct pmu_id {
	char device[PMU_ID_LEN];
	uint32_t type;
	char cpuid[PMU_ID_LEN];
};

void pmu_id__cpuid(const char *cpuinfo, char cpuid[PMU_ID_LEN]);
void pmu_id__read(struct pmu_id *id, const char *root);

#endif /* KMBENCH_PMU_ID_H */
