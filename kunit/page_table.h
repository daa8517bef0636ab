/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The frame behind a kernel address, as the page tables have it.
 */
#ifndef _KMBENCH_PAGE_TABLE_H
#define _KMBENCH_PAGE_TABLE_H

#include <linux/types.h>

/**
 * struct kmb_mapping - what page tables say of an address
 * @pfn: the frame of the page that it is in.
 * @bytes: how much the entry maps: a page, or a large page.
 */
struct kmb_mapping {
	unsigned long pfn;
	unsigned long bytes;
};

const char *kmb_page_tables_absent(void);
bool kmb_pfn_of(const void *address, struct kmb_mapping *mapping);
int kmb_walk_to_break(const void *object, unsigned int pages, unsigned long pfn,
		      unsigned long *sizes);

#endif /* _KMBENCH_PAGE_TABLE_H */
