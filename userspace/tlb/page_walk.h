/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Looking an address up in the page tables of a guest.
 */
#ifndef KMBENCH_TLB_PAGE_WALK_H
#define KMBENCH_TLB_PAGE_WALK_H

#include "guest_memory.h"
#include "translation.h"

bool page_walk__x86_64(const struct guest_memory *memory, uint64_t root, unsigned int levels,
		       uint64_t address, struct tlb_translation *found);

#endif /* KMBENCH_TLB_PAGE_WALK_H */
