/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Fragments free memory without the module, by memory of this process.
 */
#ifndef KMBENCH_USER_INDUCER_H
#define KMBENCH_USER_INDUCER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "module/uapi/kmbench.h"

/**
 * struct held_page - a page that was taken
 * @frame: where it lies.
 * @number: in the memory.
 */
struct held_page {
	uint64_t frame;
	uint32_t number;
};

/**
 * struct user_part - what of a level is a process's to break
 * @per_cent: of the blocks that the index takes.
 * @page_cache: by pages of the page cache (shmem) instead of anonymous ones.
 */
struct user_part {
	uint32_t per_cent;
	bool page_cache;
};

/**
 * struct user_inducer - what is held
 * @give_back: how a page is given back: an advice of madvise(2).
 * @start: the memory, of which most pages are given back.
 * @nr_pages: pages that there is room for.
 * @touched: how many of these were taken at once.
 * @nr: how many are held.
 * @kept: these.
 */
struct user_inducer {
	int give_back;
	char *start;
	size_t nr_pages;
	size_t touched;
	size_t nr;
	struct held_page *kept;
};

int user_inducer__reach(struct user_inducer *inducer, struct kmb_frag *frag,
			const struct user_part *part);
int user_inducer__moved(const struct user_inducer *inducer, uint64_t *moved);
void user_inducer__undo(struct user_inducer *inducer);

#endif /* KMBENCH_USER_INDUCER_H */
