/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Memory that the kernel may move, and the order to move it.
 */
#ifndef _KMBENCH_MOVABLE_H
#define _KMBENCH_MOVABLE_H

#include <linux/types.h>

struct file;
struct page;
struct zone;

/**
 * struct kmb_movable - a file in memory, every other page of which is there
 * @file: the file, NULL when there is none; it has no name.
 * @pages: how many pages it has, absent ones included.
 * @pfns: their frames, as kmb_movable_note() found them; 0 for an absent page.
 * @at_hand: what the sysctl was that says how much a CPU keeps free for itself.
 */
struct kmb_movable {
	struct file *file;
	unsigned int pages;
	unsigned long *pfns;
	char at_hand[16];
};

const char *kmb_movable_absent(void);
int kmb_movable_open(struct kmb_movable *movable, size_t bytes);
void kmb_movable_close(struct kmb_movable *movable);
int kmb_movable_fill(struct kmb_movable *movable, bool odd);
void kmb_movable_note(struct kmb_movable *movable);
unsigned int kmb_movable_moved(const struct kmb_movable *movable);
unsigned long kmb_movable_scanned(const struct kmb_movable *movable,
				  const struct zone *zone);
struct page *kmb_movable_get(const struct kmb_movable *movable, unsigned int i);

int kmb_compact(void);
int kmb_migrations(unsigned long *count);

#endif /* _KMBENCH_MOVABLE_H */
