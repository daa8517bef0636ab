/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Blocks of instructions, and how often each was run.
 */
#ifndef KMBENCH_WHERE_BLOCKS_H
#define KMBENCH_WHERE_BLOCKS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

/**
 * struct block - instructions that are run one after the other
 * @address: of the first one.
 * @insns: how many there are.
 * @times: how often it was run in what is timed.
 */
struct block {
	uint64_t address;
	uint64_t insns;
	uint64_t times;
};

/**
 * struct blocks - all blocks
 * @tree: of tsearch(3).
 */
struct blocks {
	void *tree;
};

struct block *blocks__get(struct blocks *blocks, uint64_t address, uint64_t insns);
bool blocks__write(const struct blocks *blocks, FILE *file);
void blocks__free(struct blocks *blocks);

#endif /* KMBENCH_WHERE_BLOCKS_H */
