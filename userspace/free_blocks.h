/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Free blocks of the page allocator by order, and how fragmented they are.
 */
#ifndef KMBENCH_FREE_BLOCKS_H
#define KMBENCH_FREE_BLOCKS_H

#include <stdint.h>

/* More than there are in any kernel. */
#define FREE_BLOCKS_ORDERS	24

/* An index of 1: in millionths, and in the kernel's own thousandths. */
#define UNUSABLE_ONE		1000000
#define EXTFRAG_ONE		1000
/* What extfrag is where a request would still succeed. */
#define EXTFRAG_SUCCEEDS	(-1000)

/**
 * struct free_blocks - free blocks of a zone, of a migrate type, or of several
 * @nr_orders: how many orders this kernel has.
 * @nr: blocks by order, of 2^order pages each.
 */
struct free_blocks {
	uint32_t nr_orders;
	uint64_t nr[FREE_BLOCKS_ORDERS];
};

int free_blocks__parse(struct free_blocks *blocks, const char *text);
void free_blocks__add(struct free_blocks *sum, const struct free_blocks *blocks);
uint64_t free_blocks__pages(const struct free_blocks *blocks);
uint64_t free_blocks__suitable(const struct free_blocks *blocks, uint32_t order);
uint32_t free_blocks__unusable(const struct free_blocks *blocks, uint32_t order);
int free_blocks__extfrag(const struct free_blocks *blocks, uint32_t order);

#endif /* KMBENCH_FREE_BLOCKS_H */
