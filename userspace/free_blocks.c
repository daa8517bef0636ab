// SPDX-License-Identifier: GPL-2.0
/*
 * Free blocks of the page allocator by order, and how fragmented they are: the two
 * indices of mm/vmstat.c, recomputed, so that they need no debugfs.
 *
 * The unusable free space index is the part of the free memory that is in no block
 * of the order asked for or above (Gorman and Whitcroft, "Supporting superpage
 * allocation without additional hardware support", ISMM 2008). The kernel has it in
 * thousandths, rounded down; so are these millionths, so that a thousandth of them
 * is the kernel's figure. The external fragmentation index tells why a request
 * fails, for want of memory (0) or for fragmentation (1); as long as it would
 * succeed there is nothing to tell, and the index is -1.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "free_blocks.h"

/**
 * free_blocks__parse() - a row of numbers, one for each order
 * @blocks: receives them.
 * @text: the row; a '>' before a number is passed over.
 *
 * Return: 0; -EBADMSG: there are none, too many, or something else.
 */
int free_blocks__parse(struct free_blocks *blocks, const char *text)
{
	char *end;

	memset(blocks, 0, sizeof(*blocks));
	for (text += strspn(text, " >"); *text && *text != '\n';
	     text = end + strspn(end, " >")) {
		if (blocks->nr_orders == FREE_BLOCKS_ORDERS || !strchr("0123456789", *text))
			return -EBADMSG;
		errno = 0;
		blocks->nr[blocks->nr_orders++] = strtoull(text, &end, 10);
		if (errno)
			return -EBADMSG;
	}
	return blocks->nr_orders ? 0 : -EBADMSG;
}

/**
 * free_blocks__add() - take several together
 * @sum: those so far; all 0 at first.
 * @blocks: the ones to add.
 */
void free_blocks__add(struct free_blocks *sum, const struct free_blocks *blocks)
{
	uint32_t i;

	if (sum->nr_orders < blocks->nr_orders)
		sum->nr_orders = blocks->nr_orders;
	for (i = 0; i < blocks->nr_orders; i++)
		sum->nr[i] += blocks->nr[i];
}

/* Blocks of an order that are in blocks of it or above; with order 0: pages. */
static uint64_t count(const struct free_blocks *blocks, uint32_t order)
{
	uint64_t nr = 0;
	uint32_t i;

	for (i = order; i < blocks->nr_orders; i++)
		nr += blocks->nr[i] << (i - order);
	return nr;
}

/**
 * free_blocks__pages() - how much that is
 * @blocks: the blocks.
 *
 * Return: pages.
 */
uint64_t free_blocks__pages(const struct free_blocks *blocks)
{
	return count(blocks, 0);
}

/**
 * free_blocks__suitable() - how many blocks of an order could be had
 * @blocks: the blocks.
 * @order: the order.
 *
 * Return: blocks of 2^@order pages.
 */
uint64_t free_blocks__suitable(const struct free_blocks *blocks, uint32_t order)
{
	return count(blocks, order);
}

/**
 * free_blocks__unusable() - the unusable free space index, unusable_free_index()
 * @blocks: the blocks.
 * @order: the order that is asked for, below @blocks->nr_orders.
 *
 * Return: millionths; of no free memory all is unusable.
 */
uint32_t free_blocks__unusable(const struct free_blocks *blocks, uint32_t order)
{
	uint64_t pages = count(blocks, 0);

	if (!pages)
		return UNUSABLE_ONE;
	return (pages - (count(blocks, order) << order)) * UNUSABLE_ONE / pages;
}

/**
 * free_blocks__extfrag() - the external fragmentation index, __fragmentation_index()
 * @blocks: the blocks.
 * @order: the order that is asked for, below @blocks->nr_orders.
 *
 * Return: thousandths, below 0 also where memory is very short; EXTFRAG_SUCCEEDS
 * where the request would.
 */
int free_blocks__extfrag(const struct free_blocks *blocks, uint32_t order)
{
	uint64_t total = 0, requests = count(blocks, 0) * EXTFRAG_ONE >> order;
	uint32_t i;

	for (i = 0; i < blocks->nr_orders; i++)
		total += blocks->nr[i];
	if (!total)
		return 0;
	if (count(blocks, order))
		return EXTFRAG_SUCCEEDS;
	return EXTFRAG_ONE - (int)((EXTFRAG_ONE + requests) / total);
}
