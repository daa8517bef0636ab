// SPDX-License-Identifier: GPL-2.0
/*
 * /proc/pagetypeinfo: free blocks and pageblocks by migrate type. Only root may read
 * it. "Number of mixed blocks", which kernels with page_owner have, is passed over.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pagetypeinfo.h"

#define FREE_HEAD	"Free pages count per migrate type at order"
#define BLOCKS_HEAD	"Number of blocks type"
#define MIXED_HEAD	"Number of mixed blocks"
#define PAGES_HEAD	"Pages per block:"

/**
 * struct table - the part of the file that is being read
 * @in_blocks: it is that of pageblocks.
 * @nr: columns of it.
 * @types: what they are of.
 */
struct table {
	bool in_blocks;
	int nr;
	char types[PAGETYPES][PAGETYPE_NAME_LEN];
};

static int parse_free(struct pagetypeinfo *info, const char *line)
{
	struct pagetype *types = reallocarray(info->types, info->nr + 1, sizeof(*types));
	struct pagetype *type;
	int length = 0;

	if (!types)
		return -ENOMEM;
	info->types = types;
	type = &types[info->nr++];
	memset(type, 0, sizeof(*type));
	if (sscanf(line, "Node %d, zone %15[^,], type %15s%n", &type->node, type->zone,
		   type->type, &length) < 3)
		return -EBADMSG;
	type->is_capped = strchr(line, '>');
	return free_blocks__parse(&type->free, line + length);
}

static int parse_blocks_head(struct table *table, const char *names)
{
	int length;

	table->in_blocks = true;
	for (table->nr = 0; sscanf(names, "%15s%n", table->types[table->nr], &length) == 1;
	     names += length)
		if (++table->nr == PAGETYPES)
			return -EBADMSG;
	return table->nr ? 0 : -EBADMSG;
}

static struct pagetype *find(struct pagetypeinfo *info, int node, const char *zone,
			     const char *type)
{
	size_t i;

	for (i = 0; i < info->nr; i++)
		if (info->types[i].node == node && !strcmp(info->types[i].zone, zone) &&
		    !strcmp(info->types[i].type, type))
			return &info->types[i];
	return NULL;
}

static int parse_blocks(struct pagetypeinfo *info, const struct table *table,
			const char *line)
{
	char zone[ZONE_NAME_LEN];
	struct pagetype *type;
	int i, node, length;

	if (sscanf(line, "Node %d, zone %15s%n", &node, zone, &length) < 2)
		return -EBADMSG;
	for (i = 0; i < table->nr; i++) {
		line += length;
		type = find(info, node, zone, table->types[i]);
		if (!type || sscanf(line, "%lu%n", &type->pageblocks, &length) != 1)
			return -EBADMSG;
	}
	return 0;
}

static int parse_line(struct pagetypeinfo *info, struct table *table, const char *line)
{
	if (!strncmp(line, PAGES_HEAD, strlen(PAGES_HEAD)))
		info->pageblock_pages = strtoull(line + strlen(PAGES_HEAD), NULL, 10);
	else if (!strncmp(line, FREE_HEAD, strlen(FREE_HEAD)))
		*table = (struct table){ .in_blocks = false };
	else if (!strncmp(line, BLOCKS_HEAD, strlen(BLOCKS_HEAD)))
		return parse_blocks_head(table, line + strlen(BLOCKS_HEAD));
	else if (!strncmp(line, MIXED_HEAD, strlen(MIXED_HEAD)))
		*table = (struct table){ .in_blocks = true };
	else if (!strncmp(line, "Node ", 5))
		return table->in_blocks ? parse_blocks(info, table, line) :
					  parse_free(info, line);
	return 0;
}

/**
 * pagetypeinfo__read() - read it
 * @info: to be filled; needs pagetypeinfo__free() also where this fails.
 * @root: is put before /proc; empty, but for a test.
 *
 * Return: 0; -EBADMSG: it has no row, or a line that cannot be understood; -ENOMEM;
 * or the negative error of open(2).
 */
int pagetypeinfo__read(struct pagetypeinfo *info, const char *root)
{
	struct table table = { .in_blocks = false };
	char path[PATH_MAX], *line = NULL;
	size_t size = 0;
	int err = 0;
	FILE *file;

	memset(info, 0, sizeof(*info));
	snprintf(path, sizeof(path), "%s/proc/pagetypeinfo", root);
	file = fopen(path, "re");
	if (!file)
		return -errno;
	while (!err && getline(&line, &size, file) > 0)
		err = parse_line(info, &table, line);
	free(line);
	fclose(file);
	return err || info->nr ? err : -EBADMSG;
}

/**
 * pagetypeinfo__free() - forget it
 * @info: was given to pagetypeinfo__read(), with or without success.
 */
void pagetypeinfo__free(struct pagetypeinfo *info)
{
	free(info->types);
}
