/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Regions of interest: what is counted between two markers, by name.
 */
#ifndef KMBENCH_TLB_REGIONS_H
#define KMBENCH_TLB_REGIONS_H

#include <stdbool.h>
#include <stdio.h>

#include "module/uapi/kmbench_tlb.h"

/* Regions that may have begun and not ended. */
#define REGIONS_MAX	16

/**
 * struct region - a region that has begun
 * @begun: it has; else the rest says nothing.
 * @name: what its mailbox calls it.
 * @counts: what had been counted before.
 */
struct region {
	bool begun;
	char name[KMB_TLB_REGION_LEN];
	struct kmb_tlb_counts counts;
};

/**
 * struct regions - those of a processor
 * @all: in no order. All zero: none has begun.
 */
struct regions {
	struct region all[REGIONS_MAX];
};

bool regions__begin(struct regions *regions, const char *name,
		    const struct kmb_tlb_counts *now);
bool regions__end(struct regions *regions, const char *name,
		  const struct kmb_tlb_counts *now, struct kmb_tlb_counts *counts);
void regions__forget(struct regions *regions);
bool region__write(FILE *file, const char *name, const char *geometry, unsigned int levels,
		   const struct kmb_tlb_counts *counts);

#endif /* KMBENCH_TLB_REGIONS_H */
