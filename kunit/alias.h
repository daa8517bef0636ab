/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A second mapping of the frames of an object, the proof of where it is.
 */
#ifndef _KMBENCH_ALIAS_H
#define _KMBENCH_ALIAS_H

#include <linux/types.h>

struct kunit;
struct page;

/**
 * struct kmb_alias - a second mapping of the frames from an object's first on
 * @object: the object, of any kind.
 * @bytes: its size.
 * @seed: differs between two rounds of writing.
 * @pages: how many pages the object touches.
 * @frames: as many frames.
 * @map: where they are mapped again.
 */
struct kmb_alias {
	void *object;
	size_t bytes;
	u64 seed;
	unsigned int pages;
	struct page **frames;
	void *map;
};

void kmb_alias_need(struct kunit *test);
int kmb_alias_map(struct kmb_alias *alias, void *object, size_t bytes,
		  bool swapped);
void kmb_alias_unmap(struct kmb_alias *alias);
int kmb_alias_compare(struct kmb_alias *alias);
void kmb_alias_erase(const struct kmb_alias *alias, u8 byte);
int kmb_find_break(void *object, size_t bytes, bool swapped);

#endif /* _KMBENCH_ALIAS_H */
