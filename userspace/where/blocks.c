// SPDX-License-Identifier: GPL-2.0
/*
 * Blocks of instructions, and how often each was run. What QEMU translates anew at
 * the same address, and as long, is the same block.
 */
#include <inttypes.h>
#include <search.h>
#include <stdlib.h>

#include "blocks.h"

static int compare(const void *a, const void *b)
{
	const struct block *one = a, *other = b;

	if (one->address != other->address)
		return one->address < other->address ? -1 : 1;
	if (one->insns != other->insns)
		return one->insns < other->insns ? -1 : 1;
	return 0;
}

/**
 * blocks__get() - find a block, or make it
 * @blocks: all blocks.
 * @address: of its first instruction.
 * @insns: how many it has.
 *
 * Return: the block, which stays where it is; NULL: no memory.
 */
struct block *blocks__get(struct blocks *blocks, uint64_t address, uint64_t insns)
{
	struct block *block = calloc(1, sizeof(*block)), **found;

	if (!block)
		return NULL;
	block->address = address;
	block->insns = insns;
	found = tsearch(block, &blocks->tree, compare);
	if (!found || *found != block)
		free(block);
	return found ? *found : NULL;
}

static FILE *out;

static void write_one(const void *node, VISIT visit, int level)
{
	const struct block *block = *(struct block *const *)node;

	(void)level;
	if ((visit == postorder || visit == leaf) && block->times)
		fprintf(out, "%" PRIx64 " %" PRIu64 "\n", block->address,
			block->insns * block->times);
}

/**
 * blocks__write() - write what was run
 * @blocks: all blocks.
 * @file: where to; a line for each block that was run, sorted: its address in hex,
 *	and instructions.
 *
 * Return: whether all of it was written.
 */
bool blocks__write(const struct blocks *blocks, FILE *file)
{
	out = file;
	twalk(blocks->tree, write_one);
	return !fflush(file) && !ferror(file);
}

/**
 * blocks__free() - free all blocks
 * @blocks: empty afterwards.
 */
void blocks__free(struct blocks *blocks)
{
	tdestroy(blocks->tree, free);
	blocks->tree = NULL;
}
