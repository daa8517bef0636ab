// SPDX-License-Identifier: GPL-2.0
/*
 * Free memory at a level of fragmentation, by migrate type: /proc/pagetypeinfo, of all
 * zones together that GFP_KERNEL is served from.
 */
#include <string.h>

#include "frag_types.h"

/* A new one where there is none so far; NULL: too many. */
static struct frag_type *find(struct frag_types *types, const char *name)
{
	uint32_t i;

	for (i = 0; i < types->nr; i++)
		if (!strcmp(types->types[i].name, name))
			return &types->types[i];
	if (types->nr == PAGETYPES)
		return NULL;
	strcpy(types->types[i].name, name);
	types->nr++;
	return &types->types[i];
}

static void add(struct frag_types *types, const struct pagetype *row, uint32_t order)
{
	struct frag_type *type = find(types, row->type);

	if (!type)
		return;
	type->pages += free_blocks__pages(&row->free);
	type->suitable += free_blocks__suitable(&row->free, order);
	type->is_capped |= row->is_capped;
	type->pageblocks += row->pageblocks;
}

static bool is_kernels(const struct pagetype *row)
{
	struct zone zone = { .node = row->node };

	strcpy(zone.name, row->zone);
	return zone__is_kernels(&zone);
}

/**
 * frag_types__read() - see what there is of each now
 * @types: to be filled.
 * @root: a directory to be put before /proc; "" for this machine.
 * @order: of the blocks that are asked about.
 */
void frag_types__read(struct frag_types *types, const char *root, uint32_t order)
{
	struct pagetypeinfo info = { .nr = 0 };
	size_t i;

	*types = (struct frag_types){ .nr = 0 };
	types->err = pagetypeinfo__read(&info, root);
	for (i = 0; i < info.nr && !types->err; i++)
		if (is_kernels(&info.types[i]))
			add(types, &info.types[i], order);
	pagetypeinfo__free(&info);
}

static json_t *type_json(const struct frag_type *type)
{
	return json_pack("{s:s, s:I, s:I, s:b, s:I}", "type", type->name,
			 "free", (json_int_t)type->pages,
			 "suitable", (json_int_t)type->suitable, "capped", type->is_capped,
			 "pageblocks", (json_int_t)type->pageblocks);
}

/**
 * frag_types__json() - the same as JSON
 * @types: of frag_types__read(), or all zero.
 *
 * Return: an array, the caller's, empty where nothing is known; NULL: no memory.
 */
json_t *frag_types__json(const struct frag_types *types)
{
	json_t *all = json_array();
	uint32_t i;

	for (i = 0; i < types->nr; i++)
		json_array_append_new(all, type_json(&types->types[i]));
	return all;
}
