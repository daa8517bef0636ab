/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Memory to walk over, of each kind that the kernel hands out.
 */
#ifndef _KMBENCH_BUFFER_H
#define _KMBENCH_BUFFER_H

#include <linux/mm.h>
#include <linux/types.h>

struct kmb_buffer;
struct kmb_row;

/**
 * struct kmb_kind - a way to get memory
 * @name: as a user types it.
 * @shows: what it is.
 * @block: bytes of the largest block that it gives; 0: any.
 * @least: bytes of the smallest buffer of this kind; 0: a page.
 * @shuffled: it is made of blocks of @block bytes, none smaller, in random order.
 * @get: allocates a block of so many bytes; NULL: there is none.
 * @put: frees a block of so many bytes.
 */
struct kmb_kind {
	const char *name;
	const char *shows;
	size_t block;
	size_t least;
	bool shuffled;
	void *(*get)(size_t bytes);
	void (*put)(void *block, size_t bytes);
};

/**
 * struct kmb_buffer - memory of one kind
 * @kind: which.
 * @nr_pages: how many pages it has, from 1.
 * @block_pages: pages in each block; in the last one, perhaps fewer, unless the
 *	kind is shuffled.
 * @nr_blocks: how many blocks, from 1.
 * @blocks: their addresses.
 */
struct kmb_buffer {
	const struct kmb_kind *kind;
	unsigned long nr_pages;
	unsigned long block_pages;
	unsigned long nr_blocks;
	void **blocks;
};

/**
 * kmb_buffer_page() - where a page of a buffer is
 * @buffer: the buffer.
 * @i: which page, below @buffer->nr_pages.
 *
 * Return: its address, aligned to PAGE_SIZE.
 */
static inline void *kmb_buffer_page(const struct kmb_buffer *buffer, unsigned long i)
{
	return buffer->blocks[i / buffer->block_pages] +
	       (i % buffer->block_pages << PAGE_SHIFT);
}

u32 kmb_kinds(void);
void kmb_kind_row(struct kmb_row *row);
size_t kmb_kind_unit(u32 kind);
size_t kmb_kind_least(u32 kind);
int kmb_buffer_init(struct kmb_buffer *buffer, u32 kind, size_t bytes);
void kmb_buffer_free(struct kmb_buffer *buffer);

#endif /* _KMBENCH_BUFFER_H */
