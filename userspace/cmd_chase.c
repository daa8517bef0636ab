// SPDX-License-Identifier: GPL-2.0
/*
 * kmbench chase: walk over memory of a process of each kind, and time it.
 */
#include <err.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "chase.h"
#include "cmd.h"
#include "json_out.h"
#include "session.h"
#include "signals.h"
#include "stride_probe.h"
#include "system.h"

#define CHASE_KEY_KIND		(CMD_KEYS + 0)
#define CHASE_KEY_PATTERN	(CMD_KEYS + 1)
#define CHASE_KEY_MIN		(CMD_KEYS + 2)
#define CHASE_KEY_MAX		(CMD_KEYS + 3)
#define CHASE_KEY_REPETITIONS	(CMD_KEYS + 4)
#define CHASE_KEY_JSON		(CMD_KEYS + 5)
#define CHASE_KEY_PROGRESS	(CMD_KEYS + 6)

#define MAX_KIB		(1U << 30)

struct chase_arguments {
	const char *json;
	uint32_t min_kib;
	uint32_t max_kib;
	struct chase_options options;
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct chase_arguments *arguments = state->input;

	switch (key) {
	case CHASE_KEY_KIND:
		arguments->options.kind = arg;
		return 0;
	case CHASE_KEY_PATTERN:
		arguments->options.pattern = arg;
		return 0;
	case CHASE_KEY_MIN:
		arguments->min_kib = cmd__number("--min", arg, user_page_bytes() / 1024, MAX_KIB);
		return 0;
	case CHASE_KEY_MAX:
		arguments->max_kib = cmd__number("--max", arg, user_page_bytes() / 1024, MAX_KIB);
		return 0;
	case CHASE_KEY_REPETITIONS:
		arguments->options.laps = cmd__number("--repetitions", arg, 1, 1000);
		return 0;
	case CHASE_KEY_JSON:
		arguments->json = arg;
		return 0;
	case CHASE_KEY_PROGRESS:
		arguments->options.next = cmd__tell_walk;
		return 0;
	case ARGP_KEY_ARG:
		return cmd__refuse_name(state, arg);
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp_option chase_options[] = {
	{ .name = "kind", .key = CHASE_KEY_KIND, .arg = "GLOB",
	  .doc = "Kinds of memory: anon-4k, anon-thp, hugetlb, kmalloc-mapped, dense (default: all)" },
	{ .name = "pattern", .key = CHASE_KEY_PATTERN, .arg = "GLOB",
	  .doc = "Orders in which lines are taken: stride, chase (default: all)" },
	{ .name = "min", .key = CHASE_KEY_MIN, .arg = "KIB",
	  .doc = "Smallest footprint (default: 64); four up to its double, and so on" },
	{ .name = "max", .key = CHASE_KEY_MAX, .arg = "KIB",
	  .doc = "No larger footprint (default: 65536)" },
	{ .name = "repetitions", .key = CHASE_KEY_REPETITIONS, .arg = "N",
	  .doc = "How often each walk is timed; the table has the fastest (default: 15)" },
	{ .name = "json", .key = CHASE_KEY_JSON, .arg = "FILE",
	  .doc = "Write all that was measured to FILE, instead of a table" },
	{ .name = "progress", .key = CHASE_KEY_PROGRESS,
	  .doc = "Tell of progress on stderr, also where that is no terminal" },
	{ .name = NULL },
};

static const struct argp argp = {
	.options = chase_options,
	.parser = parse,
	.doc = "Walk over memory of this process, a line of each page, and time it, on the last CPU that taskset(1) leaves. Needs neither the module nor root, but for kmalloc-mapped, which is memory of the module's.\vAll kinds but dense have a line in each page. dense has as many lines, side by side: what the others take longer is what the TLB costs.",
};

static double nsec_each(const struct chase *chase, const struct chase_walk *walk)
{
	double ticks = chase_walk__fastest(walk->laps, chase->options.laps);

	return ticks / walk->loads * USER_CLOCK_NSEC / chase->clock_hz;
}

static void put_walk(const struct chase *chase, const struct chase_walk *walk)
{
	const struct counter_value *misses =
		user_counts__find(&walk->counts, &chase->events, EVENT_MODE_USER,
				  "dTLB-load-misses");

	printf("%-14s %-7s %8zu", walk->kind->name, walk->pattern->name,
	       walk->lines * user_page_bytes() / 1024);
	if (walk->why[0]) {
		printf(" unavailable: %s\n", walk->why);
		return;
	}
	printf(" %9" PRIu64 " %8.2f", walk->loads, nsec_each(chase, walk));
	if (misses && misses->known)
		printf(" %11.4f\n", (double)misses->value / walk->loads);
	else
		printf(" %11s\n", "-");
}

static int write_text(const struct chase *chase)
{
	size_t i;

	printf("%-14s %-7s %8s %9s %8s %11s\n", "kind", "pattern", "KiB", "loads", "ns each",
	       "dTLB misses");
	for (i = 0; i < chase->nr; i++)
		put_walk(chase, &chase->walks[i]);
	if (!fflush(stdout) && !ferror(stdout))
		return EXIT_GOOD;
	warn("stdout");
	return EXIT_UNKNOWN;
}

static json_t *document(const struct chase *chase)
{
	json_t *all = json_array();
	size_t i;

	for (i = 0; i < chase->nr; i++) {
		if (!json_array_append_new(all, chase_walk__json(chase, &chase->walks[i])))
			continue;
		json_decref(all);
		return NULL;
	}
	return json_pack("{s:s, s:i, s:o, s:{s:s, s:I}, s:i, s:o, s:o, s:o, s:o}",
			 "format", "kmbench-user-walks", "format_version", 1,
			 "system", system__describe(""),
			 "clock", "name", USER_CLOCK_NAME, "hz", (json_int_t)chase->clock_hz,
			 "cpu", chase->cpu, "pmu", user_counts__pmu_json(&chase->events),
			 "events", user_counts__events_json(&chase->events), "walks", all,
			 "strides", stride_probe__json(&chase->options));
}

static int write_json(const struct chase *chase, struct json_out *out)
{
	return cmd__write_json(out, document(chase), JSON_COMPACT);
}

static int run(const struct chase_arguments *arguments, struct chase *chase,
	       struct json_out *out)
{
	int err = chase__select(chase, &arguments->options);

	if (err == -ENOENT) {
		warnx("no kind '%s' with pattern '%s' of %u to %u KiB; see `kmbench chase --help'",
		      arguments->options.kind, arguments->options.pattern,
		      arguments->min_kib, arguments->max_kib);
		return EXIT_USAGE;
	}
	if (!err)
		err = chase__run(chase);
	if (err)
		return cmd__explain("chase", "", err);
	return arguments->json ? write_json(chase, out) : write_text(chase);
}

static int run_with_file(const struct chase_arguments *arguments)
{
	struct json_out out = { .path = NULL };
	struct chase chase = { .nr = 0 };
	int code = cmd__open_json(&out, arguments->json);

	if (!code)
		code = run(arguments, &chase, &out);
	chase__free(&chase);
	json_out__close(&out);
	return code;
}

int cmd__chase(int argc, char **argv)
{
	struct chase_arguments arguments = {
		.min_kib = 64, .max_kib = 64 << 10,
		.options = { .kind = "*", .pattern = "*", .laps = 15, .passes = 1, .warmup = 1,
			     .stopped = signals__arrived,
			     .next = isatty(STDERR_FILENO) ? cmd__tell_walk : NULL },
	};

	if (argp_parse(&argp, argc, argv, 0, NULL, &arguments))
		return EXIT_USAGE;
	arguments.options.min_bytes = arguments.min_kib * 1024ULL;
	arguments.options.max_bytes = arguments.max_kib * 1024ULL;
	signals__block();
	return run_with_file(&arguments);
}
