/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Pages of user memory to walk over, one load in each.
 */
#ifndef KMBENCH_PMU_PAGES_H
#define KMBENCH_PMU_PAGES_H

#include <stddef.h>
#include <stdint.h>

#include "user_pattern.h"

/**
 * struct pmu_pages - pages of 4 KiB, or whatever the machine's smallest are
 * @start: the first one.
 * @nr: how many.
 * @size: of one, bytes.
 */
struct pmu_pages {
	char *start;
	uint32_t nr;
	size_t size;
};

int pmu_pages__new(struct pmu_pages *pages, uint32_t nr);
void pmu_pages__free(struct pmu_pages *pages);
int pmu_pages__lay(const struct pmu_pages *pages, uint32_t nr,
		   const struct user_pattern *pattern);
int pmu_pages__flush(const struct pmu_pages *pages, uint32_t nr);
void pmu_pages__touch(const struct pmu_pages *pages, uint32_t nr);
void pmu_pages__follow(const struct pmu_pages *pages, uint64_t loads);

#endif /* KMBENCH_PMU_PAGES_H */
