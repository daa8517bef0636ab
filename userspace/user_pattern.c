// SPDX-License-Identifier: GPL-2.0
/*
 * The patterns of walks in user space, the same as module/walk.c has in the kernel.
 */
#include <errno.h>
#include <stdlib.h>

#include "user_pattern.h"

static void order_lines(uint32_t *next, uint32_t nr)
{
	uint32_t i;

	for (i = 0; i < nr; i++)
		next[i] = i + 1 < nr ? i + 1 : 0;
}

/* Sattolo's shuffle: of all permutations one that is a single cycle. */
static void order_cycle(uint32_t *next, uint32_t nr)
{
	unsigned short random[3] = { 0x4b, 0x6d, 0x62 };
	uint32_t i, j, other;

	for (i = 0; i < nr; i++)
		next[i] = i;
	for (i = nr - 1; i > 0; i--) {
		j = nrand48(random) % i;
		other = next[i];
		next[i] = next[j];
		next[j] = other;
	}
}

const struct user_pattern user_patterns[] = {
	{ .name = "stride", .shows = "a line of each page, page by page",
	  .order = order_lines },
	{ .name = "chase", .shows = "a line of each page, in one random cycle over all",
	  .order = order_cycle },
	{ .name = NULL },
};

/**
 * user_pattern__lay() - write a walk's addresses into memory
 * @pattern: the order, the same each time.
 * @nr: how many lines; from 1. Line 0 is where the walk begins.
 * @line: tells where a line is.
 * @memory: given to @line.
 *
 * Return: 0, or -ENOMEM.
 */
int user_pattern__lay(const struct user_pattern *pattern, uint32_t nr,
		      user_line *line, const void *memory)
{
	uint32_t *next = calloc(nr, sizeof(*next));
	uint32_t i;

	if (!next)
		return -ENOMEM;
	pattern->order(next, nr);
	for (i = 0; i < nr; i++)
		*line(memory, i) = line(memory, next[i]);
	free(next);
	return 0;
}
