/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Fragments free memory without the module, by memory of this process.
 */
#ifndef KMBENCH_USER_INDUCER_H
#define KMBENCH_USER_INDUCER_H

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
 * struct user_inducer - what is held
 * @start: the memory, of which most pages are given back.
 * @nr_pages: pages that there is room for.
 * @touched: how many of these were taken at once.
 * @nr: how many are held.
 * @kept: these.
 */
struct user_inducer {
	char *start;
	size_t nr_pages;
	size_t touched;
	size_t nr;
	struct held_page *kept;
};

int user_inducer__reach(struct user_inducer *inducer, struct kmb_frag *frag,
			uint32_t per_cent);
int user_inducer__moved(const struct user_inducer *inducer, uint64_t *moved);
void user_inducer__undo(struct user_inducer *inducer);

#endif /* KMBENCH_USER_INDUCER_H */
