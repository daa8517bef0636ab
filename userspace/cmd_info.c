// SPDX-License-Identifier: GPL-2.0
/*
 * kmbench info: what the module offers, and what this machine can count.
 *
 * For people. What a measurement depends on is in its JSON document.
 */
#include <err.h>
#include <inttypes.h>
#include <stdio.h>

#include "cmd.h"
#include "counters.h"
#include "session.h"

static error_t parse(int key, char *arg, struct argp_state *state)
{
	const char **device = state->input;

	switch (key) {
	case CMD_KEY_DEVICE:
		*device = arg;
		return 0;
	case ARGP_KEY_ARG:
		return cmd__refuse_name(state, arg);
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp_option info_options[] = {
	CMD_OPTION_DEVICE,
	{ .name = NULL },
};

static const struct argp argp = {
	.options = info_options,
	.parser = parse,
	.doc = "Tell what the module and this machine offer.",
};

static void info__put_limits(const struct device *device)
{
	const struct kmb_info *info = &device->info;

	printf("tool            %s\n", KMB_VERSION);
	printf("abi             %u\n", device->abi);
	printf("clock           %s", info->clock);
	if (info->clock_hz)
		printf(", %" PRIu64 " Hz\n", (uint64_t)info->clock_hz);
	else
		printf(", frequency not known\n");
	printf("max_size        %" PRIu64 " bytes\n", (uint64_t)info->max_size);
	printf("min_align       %" PRIu64 " bytes\n",
	       (uint64_t)info->min_align);
	printf("max_iterations  %u\n", info->max_iterations);
}

static void row__put(const struct kmb_row *row)
{
	printf("  %-24s%s%s%s%s%s\n", row->name, row->text,
	       row->flags & KMB_ROW_BY_NAME ? " [only by name]" : "",
	       row->flags & KMB_ROW_SLEEPS ? " [may sleep]" : "",
	       row->flags & KMB_ROW_ATOMIC ? " [nothing may sleep]" : "",
	       row->flags & KMB_ROW_ILLEGAL ? " [not legal here]" : "");
}

static void info__put_tables(const struct device *device)
{
	static const char * const titles[KMB_NR_TABLES] = {
		[KMB_TABLE_SCENARIO] = "scenarios",
		[KMB_TABLE_CONTEXT] = "contexts",
		[KMB_TABLE_GFP] = "flags",
		[KMB_TABLE_SIZE] = "sizes",
		[KMB_TABLE_CPUS] = "processors",
		[KMB_TABLE_KIND] = "kinds of memory",
		[KMB_TABLE_PATTERN] = "patterns of walks",
		[KMB_TABLE_SPREAD] = "spreads of broken blocks",
	};
	uint32_t table, i;

	for (table = 0; table < KMB_NR_TABLES; table++) {
		printf("%s (%u)\n", titles[table],
		       device->info.nr_rows[table]);
		for (i = 0; i < device->info.nr_rows[table]; i++)
			row__put(&device->rows[table][i]);
	}
}

/* Each counter is tried on a few instructions, as opening proves little. */
static int info__put_counters(void)
{
	struct counter_value values[COUNTERS_NR];
	struct counters *counters = counters__new();
	unsigned int i;

	if (!counters) {
		warnx("no memory for the counters");
		return EXIT_UNKNOWN;
	}
	counters__reset(counters);
	counters__enable(counters);
	counters__disable(counters);
	counters__read(counters, values);
	printf("counters (%u)\n", COUNTERS_NR);
	for (i = 0; i < COUNTERS_NR; i++)
		printf("  %-24s%s%s\n", counters__name(i), values[i].known ?
		       "available" : "unavailable: ", values[i].why);
	counters__delete(counters);
	return EXIT_GOOD;
}

int cmd__info(int argc, char **argv)
{
	const char *path = DEVICE_PATH;
	struct session session;
	int code;

	if (argp_parse(&argp, argc, argv, 0, NULL, &path))
		return EXIT_USAGE;
	code = session__open(&session, path);
	if (!code) {
		info__put_limits(&session.device);
		info__put_tables(&session.device);
		code = info__put_counters();
	}
	session__close(&session);
	return code;
}
