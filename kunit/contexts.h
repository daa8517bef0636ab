/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The contexts of tables.h as parameters of KUnit cases. One more row there
 * is one more parameter here.
 */
#ifndef _KMBENCH_CONTEXTS_H
#define _KMBENCH_CONTEXTS_H

#include <kunit/test.h>
#include <linux/kernel.h>

#include "../module/compat.h"
#include "../module/tables.h"

/**
 * kmb_next_context() - the step of a generator, see KMB_GENERATOR()
 * @prev: the row before, NULL at the start.
 * @desc: (out) what KTAP calls the row, KUNIT_PARAM_DESC_SIZE characters.
 * @keep: whether a context is wanted, NULL for all.
 *
 * Return: the next row that is wanted, NULL at the end of the table.
 */
static inline const void *
kmb_next_context(const void *prev, char *desc,
		 bool (*keep)(const struct kmb_context *context))
{
	const struct kmb_context *row = prev;

	for (row = row ? row + 1 : kmb_contexts;
	     row < kmb_contexts + ARRAY_SIZE(kmb_contexts); row++) {
		if (keep && !keep(row))
			continue;
		snprintf(desc, KUNIT_PARAM_DESC_SIZE, "%s: %s", row->name,
			 row->shows);
		return row;
	}
	return NULL;
}

/* All rows. */
static inline KMB_GENERATOR(kmb_every_context)
{
	return kmb_next_context(prev, desc, NULL);
}

const struct kmb_context *kmb_context_of(struct kunit *test);

#endif /* _KMBENCH_CONTEXTS_H */
