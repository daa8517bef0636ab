// SPDX-License-Identifier: GPL-2.0
/*
 * kmbench frag: fragment free memory to levels, one after the other; verify each by
 * /proc/buddyinfo, and undo it.
 */
#include <err.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cmd.h"
#include "frag_level.h"
#include "session.h"
#include "signals.h"

#define FRAG_KEY_ORDER		(CMD_KEYS + 0)
#define FRAG_KEY_LEVELS		(CMD_KEYS + 1)
#define FRAG_KEY_SPREAD		(CMD_KEYS + 2)
#define FRAG_KEY_SEED		(CMD_KEYS + 3)
#define FRAG_KEY_SHARE		(CMD_KEYS + 4)
#define FRAG_KEY_RESERVE	(CMD_KEYS + 5)
#define FRAG_KEY_HOLD		(CMD_KEYS + 6)

#define FRAG_LEVELS_MAX		32
#define FRAG_LEVELS		"0,0.25,0.5,0.75,0.9,0.99"

struct frag_arguments {
	const char *spread;
	const char *levels;
	uint32_t hold;
	uint32_t nr_levels;
	uint32_t indices[FRAG_LEVELS_MAX];
	struct frag_options options;
};

static void parse_levels(struct frag_arguments *arguments)
{
	char *all = strdup(arguments->levels), *rest = all, *text;

	while ((text = strsep(&rest, ","))) {
		if (arguments->nr_levels == FRAG_LEVELS_MAX)
			errx(EXIT_USAGE, "--levels '%s': at most %d", arguments->levels,
			     FRAG_LEVELS_MAX);
		if (frag_level__parse(text, &arguments->indices[arguments->nr_levels++]))
			errx(EXIT_USAGE, "--levels '%s': must be numbers from 0 to 1, as %s",
			     arguments->levels, FRAG_LEVELS);
	}
	free(all);
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct frag_arguments *arguments = state->input;
	struct frag_options *options = &arguments->options;

	switch (key) {
	case CMD_KEY_DEVICE:
		options->device = arg;
		return 0;
	case FRAG_KEY_ORDER:
		options->order = cmd__number("--order", arg, 1, FREE_BLOCKS_ORDERS - 1);
		return 0;
	case FRAG_KEY_LEVELS:
		arguments->levels = arg;
		return 0;
	case FRAG_KEY_SPREAD:
		arguments->spread = arg;
		return 0;
	case FRAG_KEY_SEED:
		options->seed = cmd__number("--seed", arg, 0, UINT32_MAX);
		return 0;
	case FRAG_KEY_SHARE:
		options->share = cmd__number("--share", arg, 1, 90);
		return 0;
	case FRAG_KEY_RESERVE:
		options->reserve = (uint64_t)cmd__number("--reserve", arg, 0, UINT32_MAX) << 20;
		return 0;
	case FRAG_KEY_HOLD:
		arguments->hold = cmd__number("--hold", arg, 0, 1 << 20);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp_option frag_options[] = {
	{ .name = "order", .key = FRAG_KEY_ORDER, .arg = "ORDER",
	  .doc = "Of the blocks that are to be scarce (default: 4)" },
	{ .name = "levels", .key = FRAG_KEY_LEVELS, .arg = "LIST",
	  .doc = "Unusable free space indices to reach (default: " FRAG_LEVELS ")" },
	{ .name = "spread", .key = FRAG_KEY_SPREAD, .arg = "NAME",
	  .doc = "Where broken blocks are (default: random; `kmbench info' names them)" },
	{ .name = "seed", .key = FRAG_KEY_SEED, .arg = "N",
	  .doc = "Of what is random (default: 1)" },
	{ .name = "share", .key = FRAG_KEY_SHARE, .arg = "PERCENT",
	  .doc = "Hold at most so much of the free memory (default: 90)" },
	{ .name = "reserve", .key = FRAG_KEY_RESERVE, .arg = "MIB",
	  .doc = "Leave at least so much free (default: the zones' high watermarks)" },
	{ .name = "hold", .key = FRAG_KEY_HOLD, .arg = "SECONDS",
	  .doc = "Hold each level for so long, and verify it again (default: 0)" },
	CMD_OPTION_DEVICE,
	{ .name = NULL },
};

static const struct argp argp = {
	.options = frag_options,
	.parser = parse,
	.doc = "Fragment free memory to levels, verify each by /proc/buddyinfo, and undo it.",
};

/* The module's words for what is wrong, or the system's. */
static int explain(const struct frag_level *level, int err)
{
	const char *why = level->answer.why;

	if (err == -EINTR)
		warnx("interrupted; everything was given back");
	else if (why[0])
		warnx("frag: refused by the module: %s", why);
	else
		warnx("frag: %s", strerror(-err));
	return why[0] && err != -EINTR ? EXIT_USAGE : EXIT_UNKNOWN;
}

static void put_level(const struct frag_level *level)
{
	const struct kmb_frag *answer = &level->answer;

	printf("%7.4f %7.4f %7.4f %7.3f %8.3f %9llu %9llu %9llu %9llu\n",
	       (double)answer->index / KMB_FRAG_ONE,
	       (double)answer->before.index / KMB_FRAG_ONE,
	       (double)level->reached / UNUSABLE_ONE, (double)level->extfrag / EXTFRAG_ONE,
	       level->seconds, answer->broken, answer->added, answer->mended, answer->held);
	fflush(stdout);
}

static void hold(uint32_t seconds)
{
	struct timespec tenth = { .tv_nsec = 100000000 };
	uint64_t tenths;

	for (tenths = seconds * 10ULL; tenths && !signals__arrived(); tenths--)
		nanosleep(&tenth, NULL);
}

static int verify(const struct frag_level *level)
{
	if (frag_level__holds(level))
		return EXIT_GOOD;
	warnx("frag: %.4f was reached and is now %.4f: something else takes and gives memory",
	      (double)level->answer.after.index / KMB_FRAG_ONE,
	      (double)level->reached / UNUSABLE_ONE);
	return EXIT_UNKNOWN;
}

static int run_level(uint32_t index, const struct frag_arguments *arguments)
{
	struct frag_level level;
	int code, err = frag_level__reach(&level, index, &arguments->options);

	if (!err) {
		put_level(&level);
		hold(arguments->hold);
		err = frag_level__read(&level);
	}
	code = err ? explain(&level, err) : verify(&level);
	frag_level__undo(&level);
	return code;
}

static int run_levels(const struct frag_arguments *arguments)
{
	uint32_t i;
	int err, code = EXIT_GOOD;

	printf("%7s %7s %7s %7s %8s %9s %9s %9s %9s\n", "asked", "before", "reached",
	       "extfrag", "seconds", "broken", "added", "mended", "held");
	for (i = 0; i < arguments->nr_levels && (!code || code == EXIT_USAGE); i++) {
		if (signals__arrived()) {
			warnx("interrupted; everything was given back");
			return EXIT_UNKNOWN;
		}
		err = run_level(arguments->indices[i], arguments);
		code = err ? err : code;
	}
	if (!fflush(stdout) && !ferror(stdout))
		return code;
	warn("stdout");
	return EXIT_UNKNOWN;
}

static int find_spread(const struct device *device, struct frag_arguments *arguments)
{
	const struct kmb_row *rows = device->rows[KMB_TABLE_SPREAD];
	uint32_t i;

	for (i = 0; i < device->info.nr_rows[KMB_TABLE_SPREAD]; i++) {
		if (strcmp(rows[i].name, arguments->spread))
			continue;
		arguments->options.spread = i;
		return EXIT_GOOD;
	}
	warnx("no spread '%s'; `kmbench info' names them", arguments->spread);
	return EXIT_USAGE;
}

int cmd__frag(int argc, char **argv)
{
	struct frag_arguments arguments = {
		.spread = "random", .levels = FRAG_LEVELS,
		.options = { .device = DEVICE_PATH, .order = 4, .share = 90,
			     .seed = 1 },
	};
	struct session session;
	int code;

	if (argp_parse(&argp, argc, argv, 0, NULL, &arguments))
		return EXIT_USAGE;
	parse_levels(&arguments);
	code = session__open(&session, arguments.options.device);
	if (!code)
		code = find_spread(&session.device, &arguments);
	if (!code) {
		signals__block();
		code = run_levels(&arguments);
	}
	session__close(&session);
	return code;
}
