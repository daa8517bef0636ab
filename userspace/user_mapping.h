/* SPDX-License-Identifier: GPL-2.0 */
/*
 * How memory of a process is mapped, as the kernel tells.
 */
#ifndef KMBENCH_USER_MAPPING_H
#define KMBENCH_USER_MAPPING_H

#include <jansson.h>
#include <stdint.h>
#include <stdio.h>

#include "user_memory.h"

/**
 * struct user_mapping - what is known of it
 * @anon_huge_bytes: AnonHugePages of smaps.
 * @kernel_page_bytes: KernelPageSize of smaps.
 * @mmu_page_bytes: MMUPageSize of smaps.
 * @runs: of contiguous frames in the order of the addresses; 0: see @why_no_runs.
 * @why_no_runs: why they are not known, a line; empty where they are.
 * @mapped: as the page tables of the process have it.
 * @why_no_mapped: why that is not known, a line; empty where it is.
 * @is_lent: whether it is memory of kmbench.ko's, and @kernel known.
 * @kernel: how the kernel has mapped that in its own place.
 */
struct user_mapping {
	uint64_t anon_huge_bytes;
	uint64_t kernel_page_bytes;
	uint64_t mmu_page_bytes;
	uint64_t runs;
	char why_no_runs[USER_WHY_LEN];
	struct kmb_mapped mapped;
	char why_no_mapped[USER_WHY_LEN];
	bool is_lent;
	struct kmb_mapped kernel;
};

int user_mapping__read_smaps(struct user_mapping *mapping, FILE *smaps,
			     uintptr_t start, size_t bytes);
int user_mapping__runs(const uint64_t *entries, size_t nr, uint64_t *runs);
int user_mapping__look(struct user_mapping *mapping, const struct user_memory *memory);
json_t *user_mapping__json(const struct user_mapping *mapping);

#endif /* KMBENCH_USER_MAPPING_H */
