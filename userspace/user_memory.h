/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Memory of each kind that a process can have, to see what its mapping costs.
 */
#ifndef KMBENCH_USER_MEMORY_H
#define KMBENCH_USER_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "module/uapi/kmbench.h"

#define USER_LINE_BYTES	64
#define USER_HUGE_BYTES	(2UL << 20)
#define USER_WHY_LEN	200

/**
 * struct user_kind - a kind of memory
 * @name: of the kind.
 * @shows: what it is, a line.
 * @map_flags: of mmap(2), besides those of all kinds.
 * @advice: of madvise(2).
 * @lent: the kind of memory of kmbench.ko that it is; NULL: it is the process's own.
 * @huge: of pages of USER_HUGE_BYTES.
 * @dense: the control: lines stand side by side, not one in each page.
 */
struct user_kind {
	const char *name;
	const char *shows;
	int map_flags;
	int advice;
	const char *lent;
	bool huge;
	bool dense;
};

/**
 * struct user_memory - some of it
 * @kind: which.
 * @stride: pages from one line to the next, unless it is dense; 1, where nobody
 *	changes it. Whoever does has asked for room for as many times the lines.
 * @start: its first byte.
 * @bytes: how much, a multiple of the size of its pages.
 * @is_mapped: whether @mapped is known: of memory that was lent alone.
 * @mapped: how the kernel has mapped that in its own place.
 * @reserved: the addresses that it and a hole on either side lie in, so that no
 *	neighbour is taken for a part of it.
 * @reserved_bytes: how many.
 */
struct user_memory {
	const struct user_kind *kind;
	size_t stride;
	char *start;
	size_t bytes;
	bool is_mapped;
	struct kmb_mapped mapped;
	void *reserved;
	size_t reserved_bytes;
};

extern const struct user_kind user_kinds[];

size_t user_page_bytes(void);
size_t user_memory__room(const struct user_kind *kind, size_t lines);
int user_memory__map(struct user_memory *memory, const struct user_kind *kind,
		     size_t lines, char why[USER_WHY_LEN]);
void user_memory__unmap(struct user_memory *memory);
void **user_memory__line(const struct user_memory *memory, size_t i);
void user_memory__why_not_huge(uint64_t huge, uint64_t bytes, char why[USER_WHY_LEN]);

#endif /* KMBENCH_USER_MEMORY_H */
