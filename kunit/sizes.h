/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The sizes of tables.h as parameters of KUnit cases. One more row there is
 * one more parameter here.
 */
#ifndef _KMBENCH_SIZES_H
#define _KMBENCH_SIZES_H

#include <kunit/test.h>
#include <linux/kernel.h>

#include "../module/compat.h"
#include "../module/tables.h"
#include "promises.h"

/**
 * kmb_next_size() - the step of a generator, see KMB_GENERATOR()
 * @prev: the row before, NULL at the start.
 * @desc: (out) what KTAP calls the row, KUNIT_PARAM_DESC_SIZE characters.
 * @keep: whether a size is wanted, NULL for all.
 *
 * Return: the next row that is wanted, NULL at the end of the table.
 */
static const void *__maybe_unused
kmb_next_size(const void *prev, char *desc, bool (*keep)(size_t bytes))
{
	const struct kmb_size *row = prev;

	for (row = row ? row + 1 : kmb_sizes;
	     row < kmb_sizes + ARRAY_SIZE(kmb_sizes); row++) {
		if (keep && !keep(row->bytes))
			continue;
		snprintf(desc, KUNIT_PARAM_DESC_SIZE, "%zu bytes: %s",
			 row->bytes, row->shows);
		return row;
	}
	return NULL;
}

/* All rows. */
static inline KMB_GENERATOR(kmb_every_size)
{
	return kmb_next_size(prev, desc, NULL);
}

static inline bool kmb_is_from_slab(size_t bytes)
{
	return bytes <= KMALLOC_MAX_CACHE_SIZE;
}

static inline bool kmb_is_from_pages(size_t bytes)
{
	return !kmb_is_from_slab(bytes);
}

/* Those that are served from slabs. */
static inline KMB_GENERATOR(kmb_every_slab_size)
{
	return kmb_next_size(prev, desc, kmb_is_from_slab);
}

/* Those that are served by the page allocator. */
static inline KMB_GENERATOR(kmb_every_large_size)
{
	return kmb_next_size(prev, desc, kmb_is_from_pages);
}

/**
 * kmb_size_of() - the size that a case is run with
 * @test: a case with a generator that calls kmb_next_size().
 *
 * Skips the case when the running kernel has no such size.
 */
static inline size_t kmb_size_of(struct kunit *test)
{
	const struct kmb_size *row = test->param_value;

	if (row->bytes > KMALLOC_MAX_SIZE)
		kmb_skip(test, "above KMALLOC_MAX_SIZE, which is %lu",
			 KMALLOC_MAX_SIZE);
	return row->bytes;
}

#endif /* _KMBENCH_SIZES_H */
