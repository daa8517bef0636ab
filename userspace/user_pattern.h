/* SPDX-License-Identifier: GPL-2.0 */
/*
 * In which order the lines of a walk are taken: each load's value is the address
 * of the next.
 */
#ifndef KMBENCH_USER_PATTERN_H
#define KMBENCH_USER_PATTERN_H

#include <stdint.h>

/**
 * struct user_pattern - the order in which lines are taken
 * @name: of the pattern.
 * @shows: what it is, a line.
 * @order: fills in what follows each of @nr lines.
 */
struct user_pattern {
	const char *name;
	const char *shows;
	void (*order)(uint32_t *next, uint32_t nr);
};

/* Where line @i of some memory is. */
typedef void **user_line(const void *memory, uint32_t i);

/* The last one has no name. */
extern const struct user_pattern user_patterns[];

int user_pattern__lay(const struct user_pattern *pattern, uint32_t nr,
		      user_line *line, const void *memory);

#endif /* KMBENCH_USER_PATTERN_H */
