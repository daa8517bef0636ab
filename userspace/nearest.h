/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The few names that are nearest to one that does not exist.
 */
#ifndef KMBENCH_NEAREST_H
#define KMBENCH_NEAREST_H

#include <stddef.h>

#define NEAREST_MAX	3
#define NEAREST_LEN	160

/**
 * struct nearest_name - a name that was perhaps meant
 * @distance: edits between it and what was typed.
 * @text: as it is to be typed.
 */
struct nearest_name {
	unsigned int distance;
	char text[NEAREST_LEN];
};

/**
 * struct nearest - the nearest names so far, nearest first
 * @nr: how many, 0 to NEAREST_MAX.
 * @names: the names.
 */
struct nearest {
	unsigned int nr;
	struct nearest_name names[NEAREST_MAX];
};

unsigned int nearest__distance(const char *pattern, const char *name,
			       size_t *length);
void nearest__try_name(struct nearest *nearest, const char *pattern,
		       const char *name);
void nearest__try_word(struct nearest *nearest, const char *pattern,
		       const char *word);
void nearest__format(const struct nearest *nearest, char *text, size_t size);

#endif /* KMBENCH_NEAREST_H */
