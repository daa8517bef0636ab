// SPDX-License-Identifier: GPL-2.0
/*
 * kmbench list: the names of the cells, one a line.
 */
#include <stdbool.h>
#include <stdio.h>

#include "cmd.h"
#include "session.h"

struct list_arguments {
	const char *device;
	char **patterns;
	bool long_format;
	uint32_t max_rank;
};

static char *no_patterns[] = { NULL };

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct list_arguments *arguments = state->input;

	switch (key) {
	case 'l':
		arguments->long_format = true;
		return 0;
	case CMD_KEY_DEVICE:
		arguments->device = arg;
		return 0;
	case CMD_KEY_PROFILE:
		arguments->max_rank = cmd__profile(arg)->max_rank;
		return 0;
	case ARGP_KEY_ARGS:
		arguments->patterns = state->argv + state->next;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp_option list_options[] = {
	{ .name = "long", .key = 'l', .doc = "Tell what each cell shows" },
	CMD_OPTION_PROFILE,
	CMD_OPTION_DEVICE,
	{ .name = NULL },
};

static const struct argp argp = {
	.options = list_options,
	.parser = parse,
	.args_doc = "[NAME...]",
	.doc = "List the cells that can be measured: SCENARIO/CONTEXT/GFP/SIZE, and on several CPUs /Ncpus.\v" CMD_DOC_NAME,
};

static void list__put(const struct cell *cell, bool long_format)
{
	int table;

	fputs(cell->name, stdout);
	for (table = 0; table < KMB_NR_CELL_TABLES && long_format; table++)
		printf("%s%s", table ? "; " : "\t", cell->row[table]->text);
	putchar('\n');
}

int cmd__list(int argc, char **argv)
{
	struct list_arguments arguments = { .device = DEVICE_PATH,
					    .patterns = no_patterns,
					    .max_rank = CATALOG_ANY_RANK };
	struct session session;
	size_t i;
	int code;

	if (argp_parse(&argp, argc, argv, 0, NULL, &arguments))
		return EXIT_USAGE;
	code = session__open(&session, arguments.device);
	if (!code)
		code = session__select(&session, arguments.patterns,
				       arguments.max_rank);
	for (i = 0; !code && i < session.catalog->nr_cells; i++)
		if (session.catalog->cells[i].selected)
			list__put(&session.catalog->cells[i],
				  arguments.long_format);
	session__close(&session);
	return code;
}
