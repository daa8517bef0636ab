/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What page tables say of an address, and what a TLB keeps of it.
 */
#ifndef KMBENCH_TLB_TRANSLATION_H
#define KMBENCH_TLB_TRANSLATION_H

#include <stdbool.h>
#include <stdint.h>

#include "module/uapi/kmbench_tlb.h"

/**
 * struct tlb_translation - the page that a walk found
 * @size: of the page.
 * @global: it outlives a change of the page tables' root.
 * @frame: physical address of the page's first byte.
 * @reads: entries of page tables that the walk read, in [2, 5].
 */
struct tlb_translation {
	enum kmb_page_size size;
	bool global;
	uint64_t frame;
	unsigned int reads;
};

/**
 * page_size__shift() - the width of the offset in a page
 * @size: of the page.
 *
 * Return: bits: 12, 21 or 30.
 */
static inline unsigned int page_size__shift(enum kmb_page_size size)
{
	return 12 + 9 * (unsigned int)size;
}

#endif /* KMBENCH_TLB_TRANSLATION_H */
