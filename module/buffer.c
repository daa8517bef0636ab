// SPDX-License-Identifier: GPL-2.0
/*
 * Memory of each kind, to see what its mapping costs.
 *
 * More than one block can hold is made of several. How the memory is mapped is
 * the kernel's choice, and looked up afterwards, see mapping.c.
 */
#include <linux/errno.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/prandom.h>
#include <linux/sched/signal.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/vmalloc.h>

#include "buffer.h"
#include "own.h"
#include "uapi/kmbench.h"

/* Of a shortage the caller tells. vmalloc() knows no more flags than these. */
#define BUFFER_GFP	(GFP_KERNEL | __GFP_NOWARN)

static void *get_kmalloc(size_t bytes)
{
	return kmalloc(bytes, BUFFER_GFP | __GFP_NORETRY);
}

static void put_kmalloc(void *block, size_t bytes)
{
	kfree(block);
}

static void *get_vmalloc(size_t bytes)
{
	return __vmalloc(bytes, BUFFER_GFP);
}

static void *get_vmalloc_huge(size_t bytes)
{
	return vmalloc_huge(bytes, BUFFER_GFP);
}

static void put_vmalloc(void *block, size_t bytes)
{
	vfree(block);
}

static void *get_kvmalloc(size_t bytes)
{
	return kvmalloc(bytes, BUFFER_GFP);
}

static void put_kvmalloc(void *block, size_t bytes)
{
	kvfree(block);
}

static void *get_pages(size_t bytes)
{
	return (void *)__get_free_pages(BUFFER_GFP | __GFP_NORETRY, get_order(bytes));
}

static void put_pages(void *block, size_t bytes)
{
	free_pages((unsigned long)block, get_order(bytes));
}

static const struct kmb_kind kinds[] = {
	{ .name = "kmalloc", .shows = "kmalloc(), in blocks as large as it gives",
	  .block = KMALLOC_MAX_SIZE, .get = get_kmalloc, .put = put_kmalloc },
	{ .name = "kmalloc-pages", .shows = "kmalloc() of each page, in random order",
	  .block = PAGE_SIZE, .shuffled = true, .get = get_kmalloc, .put = put_kmalloc },
	{ .name = "vmalloc", .shows = "vmalloc(), in one block",
	  .get = get_vmalloc, .put = put_vmalloc },
	{ .name = "vmalloc-huge", .shows = "vmalloc_huge(), in one block",
	  .least = PMD_SIZE, .get = get_vmalloc_huge, .put = put_vmalloc },
	{ .name = "kvmalloc", .shows = "kvmalloc(), in one block",
	  .get = get_kvmalloc, .put = put_kvmalloc },
	{ .name = "kvmalloc-2m", .shows = "kvmalloc(), in blocks of 2 MiB",
	  .block = SZ_2M, .get = get_kvmalloc, .put = put_kvmalloc },
	{ .name = "alloc_pages-0", .shows = "alloc_pages() of order 0, in random order",
	  .block = PAGE_SIZE, .shuffled = true, .get = get_pages, .put = put_pages },
	{ .name = "alloc_pages-3", .shows = "alloc_pages() of order 3, in random order",
	  .block = PAGE_SIZE << 3, .shuffled = true, .get = get_pages, .put = put_pages },
};

/**
 * kmb_kinds() - how many kinds there are
 *
 * Return: the rows of KMB_TABLE_KIND.
 */
u32 kmb_kinds(void)
{
	return ARRAY_SIZE(kinds);
}

/**
 * kmb_kind_row() - describe a kind
 * @row: of KMB_TABLE_KIND; its (out) fields are filled in.
 */
void kmb_kind_row(struct kmb_row *row)
{
	const struct kmb_kind *kind = &kinds[row->index];

	row->min_size = kmb_kind_least(row->index);
	strscpy(row->name, kind->name, sizeof(row->name));
	strscpy(row->text, kind->shows, sizeof(row->text));
}

/**
 * kmb_kind_unit() - what a buffer of a kind is a multiple of
 * @kind: below kmb_kinds().
 *
 * Return: bytes, a multiple of PAGE_SIZE.
 */
size_t kmb_kind_unit(u32 kind)
{
	return kinds[kind].shuffled ? kinds[kind].block : PAGE_SIZE;
}

/**
 * kmb_kind_least() - how much there must be of a kind
 * @kind: below kmb_kinds().
 *
 * Return: bytes, a multiple of kmb_kind_unit().
 */
size_t kmb_kind_least(u32 kind)
{
	return max(kinds[kind].least, kmb_kind_unit(kind));
}

static size_t block_bytes(const struct kmb_buffer *buffer, unsigned long i)
{
	unsigned long before = i * buffer->block_pages;

	return min(buffer->block_pages, buffer->nr_pages - before) << PAGE_SHIFT;
}

static int take_blocks(struct kmb_buffer *buffer)
{
	unsigned long i;

	for (i = 0; i < buffer->nr_blocks; i++) {
		if (signal_pending(current))
			return -EINTR;
		buffer->blocks[i] = buffer->kind->get(block_bytes(buffer, i));
		if (!buffer->blocks[i])
			return -ENOMEM;
		cond_resched();
	}
	return 0;
}

/*
 * Blocks come one beside the other from an allocator that is fresh. All of these
 * are of one size, so that any may be anywhere.
 */
static void shuffle_blocks(struct kmb_buffer *buffer)
{
	struct rnd_state random;
	unsigned long i, j;

	prandom_seed_state(&random, buffer->nr_blocks);
	for (i = buffer->nr_blocks - 1; i > 0; i--) {
		j = prandom_u32_state(&random) % (i + 1);
		swap(buffer->blocks[i], buffer->blocks[j]);
	}
}

/**
 * kmb_buffer_init() - allocate memory of a kind
 * @buffer: receives it.
 * @kind: below kmb_kinds().
 * @bytes: how much: a multiple of kmb_kind_unit(), at least kmb_kind_least().
 *
 * Return: 0; -ENOMEM; -EINTR: a signal came. Where it is not 0 nothing is held.
 */
int kmb_buffer_init(struct kmb_buffer *buffer, u32 kind, size_t bytes)
{
	size_t block = kinds[kind].block ?: bytes;
	int err;

	buffer->kind = &kinds[kind];
	buffer->nr_pages = bytes >> PAGE_SHIFT;
	buffer->block_pages = min(block, bytes) >> PAGE_SHIFT;
	buffer->nr_blocks = DIV_ROUND_UP(buffer->nr_pages, buffer->block_pages);
	buffer->blocks = kmb_own_alloc(buffer->nr_blocks * sizeof(void *));
	if (!buffer->blocks)
		return -ENOMEM;
	err = take_blocks(buffer);
	if (err)
		kmb_buffer_free(buffer);
	else if (buffer->kind->shuffled)
		shuffle_blocks(buffer);
	return err;
}

/**
 * kmb_buffer_free() - give it back
 * @buffer: of kmb_buffer_init(), which succeeded.
 */
void kmb_buffer_free(struct kmb_buffer *buffer)
{
	unsigned long i;

	for (i = 0; i < buffer->nr_blocks; i++) {
		if (buffer->blocks[i])
			buffer->kind->put(buffer->blocks[i], block_bytes(buffer, i));
		cond_resched();
	}
	kmb_own_free(buffer->blocks, buffer->nr_blocks * sizeof(void *));
}
