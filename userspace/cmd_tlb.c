// SPDX-License-Identifier: GPL-2.0
/*
 * kmbench tlb: walk over memory of each kind, and count TLB misses.
 */
#include <err.h>
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "chase.h"
#include "cmd.h"
#include "json_out.h"
#include "session.h"
#include "signals.h"
#include "tlb_touches.h"
#include "tlb_walks.h"

#define TLB_KEY_KIND	(CMD_KEYS + 0)
#define TLB_KEY_PATTERN	(CMD_KEYS + 1)
#define TLB_KEY_MIN	(CMD_KEYS + 2)
#define TLB_KEY_MAX	(CMD_KEYS + 3)
#define TLB_KEY_PASSES	(CMD_KEYS + 4)
#define TLB_KEY_WARMUP	(CMD_KEYS + 5)
#define TLB_KEY_SHARE	(CMD_KEYS + 6)
#define TLB_KEY_JSON	(CMD_KEYS + 7)
#define TLB_KEY_PROGRESS (CMD_KEYS + 8)

struct tlb_arguments {
	const char *device;
	const char *json;
	uint32_t min_kib;
	uint32_t max_kib;
	struct tlb_walks_options options;
};

/* Options that are a number: their range, and where it goes. */
static const struct {
	int key;
	const char *name;
	uint32_t min, max;
	size_t offset;
} numbers[] = {
	{ TLB_KEY_MIN, "--min", 4, 1 << 20, offsetof(struct tlb_arguments, min_kib) },
	{ TLB_KEY_MAX, "--max", 4, 1 << 20, offsetof(struct tlb_arguments, max_kib) },
	{ TLB_KEY_PASSES, "--passes", 1, 1 << 20,
	  offsetof(struct tlb_arguments, options.passes) },
	{ TLB_KEY_WARMUP, "--warmup", 0, 1 << 20,
	  offsetof(struct tlb_arguments, options.warmup) },
	{ TLB_KEY_SHARE, "--share", 1, 90, offsetof(struct tlb_arguments, options.share) },
	{ 0, NULL, 0, 0, 0 },
};

static error_t parse_number(int key, const char *arg, struct tlb_arguments *arguments)
{
	uint32_t *value;
	int i;

	for (i = 0; numbers[i].name; i++) {
		if (numbers[i].key != key)
			continue;
		value = (uint32_t *)((char *)arguments + numbers[i].offset);
		*value = cmd__number(numbers[i].name, arg, numbers[i].min, numbers[i].max);
		return 0;
	}
	return ARGP_ERR_UNKNOWN;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct tlb_arguments *arguments = state->input;

	switch (key) {
	case CMD_KEY_DEVICE:
		arguments->device = arg;
		return 0;
	case TLB_KEY_JSON:
		arguments->json = arg;
		return 0;
	case TLB_KEY_KIND:
		arguments->options.kind = arg;
		return 0;
	case TLB_KEY_PATTERN:
		arguments->options.pattern = arg;
		return 0;
	case TLB_KEY_PROGRESS:
		arguments->options.next = cmd__tell_walk;
		return 0;
	case ARGP_KEY_ARG:
		return cmd__refuse_name(state, arg);
	default:
		return parse_number(key, arg, arguments);
	}
}

static const struct argp_option tlb_options[] = {
	{ .name = "kind", .key = TLB_KEY_KIND, .arg = "GLOB",
	  .doc = "Kinds of memory (default: all; `kmbench info' and `kmbench chase --help' name them)" },
	{ .name = "pattern", .key = TLB_KEY_PATTERN, .arg = "GLOB",
	  .doc = "Orders in which pages are taken (default: all)" },
	{ .name = "min", .key = TLB_KEY_MIN, .arg = "KIB",
	  .doc = "Smallest footprint (default: 64); doubled up to the largest" },
	{ .name = "max", .key = TLB_KEY_MAX, .arg = "KIB",
	  .doc = "No larger footprint (default: 32768)" },
	{ .name = "passes", .key = TLB_KEY_PASSES, .arg = "N",
	  .doc = "Measured passes over all pages (default: 8)" },
	{ .name = "warmup", .key = TLB_KEY_WARMUP, .arg = "N",
	  .doc = "Passes before them (default: 0)" },
	{ .name = "share", .key = TLB_KEY_SHARE, .arg = "PERCENT",
	  .doc = "Hold at most so much of the available memory (default: 50)" },
	{ .name = "json", .key = TLB_KEY_JSON, .arg = "FILE",
	  .doc = "Write all that was counted to FILE, instead of a table" },
	{ .name = "progress", .key = TLB_KEY_PROGRESS,
	  .doc = "Tell of progress on stderr, also where that is no terminal" },
	CMD_OPTION_DEVICE,
	{ .name = NULL },
};

static const struct argp argp = {
	.options = tlb_options,
	.parser = parse,
	.doc = "Walk over memory of each kind, of the kernel and of this process, a line of each page, and count TLB misses.",
};

static void put_text(const struct tlb_walk *walk)
{
	const struct kmb_walk *answer = &walk->answer;
	const struct kmb_tlb_counts *counts = &answer->counts;

	printf("%-14s %-7s %8llu", walk->kind->name, walk->pattern->name,
	       answer->bytes / 1024);
	if (walk->err)
		printf(" unavailable: %s\n",
		       answer->why[0] ? answer->why : strerror(-walk->err));
	else if (!answer->model.answers)
		printf(" %9llu loads, %.1f ticks each; no model of a TLB\n",
		       answer->loads, (double)answer->ticks / answer->loads);
	else
		printf(" %9llu %9llu %9llu %9llu %9llu\n", counts->loads,
		       counts->misses[0], counts->walks[KMB_PAGE_4K],
		       counts->walks[KMB_PAGE_2M], counts->walks[KMB_PAGE_1G]);
}

/* Of a process: what one pass missed that came after another. */
static void put_user_text(const struct chase_walk *walk)
{
	const struct kmb_tlb_counts *counts = &walk->modelled.counts;

	printf("%-14s %-7s %8zu", walk->kind->name, walk->pattern->name,
	       walk->lines * user_page_bytes() / 1024);
	if (walk->why[0])
		printf(" unavailable: %s\n", walk->why);
	else if (!walk->modelled.model.answers)
		printf(" %9" PRIu64 " loads; no model of a TLB\n", walk->loads);
	else
		printf(" %9llu %9llu %9llu %9llu %9llu\n", counts->loads,
		       counts->misses[0], counts->walks[KMB_PAGE_4K],
		       counts->walks[KMB_PAGE_2M], counts->walks[KMB_PAGE_1G]);
}

static int write_text(const struct tlb_walks *walks, const struct chase *user)
{
	size_t i;

	printf("%-14s %-7s %8s %9s %9s %9s %9s %9s\n", "kind", "pattern", "KiB", "loads",
	       "L1 misses", "4K walks", "2M walks", "1G walks");
	for (i = 0; i < walks->nr; i++)
		put_text(&walks->walks[i]);
	for (i = 0; i < user->nr; i++)
		put_user_text(&user->walks[i]);
	if (!fflush(stdout) && !ferror(stdout))
		return EXIT_GOOD;
	warn("stdout");
	return EXIT_UNKNOWN;
}

static json_t *document(const struct tlb_walks *walks, const struct chase *user,
			const struct device *device)
{
	json_t *all = json_array(), *users = json_array();
	size_t i;

	/* One that could not be made is missing afterwards. */
	for (i = 0; i < walks->nr; i++)
		json_array_append_new(all, tlb_walk__json(&walks->walks[i]));
	for (i = 0; i < user->nr; i++)
		json_array_append_new(users, chase_walk__json(user, &user->walks[i]));
	if (json_array_size(all) != walks->nr || json_array_size(users) != user->nr) {
		json_decref(all);
		json_decref(users);
		return NULL;
	}
	return json_pack("{s:s, s:i, s:o, s:o, s:o, s:o}", "format", "kmbench-walks",
			 "format_version", 1, "clock", json_out__clock(&device->info),
			 "walks", all, "user_walks", users,
			 "allocator", tlb_touches__json(device));
}

static int write_json(const struct tlb_walks *walks, const struct chase *user,
		      const struct device *device, struct json_out *out)
{
	return cmd__write_json(out, document(walks, user, device), JSON_COMPACT);
}

/* The same kinds and footprints, as far as a process has them. */
static int select_in_process(const struct tlb_arguments *arguments, struct chase *user)
{
	const struct tlb_walks_options *of = &arguments->options;
	const struct chase_options options = {
		.kind = of->kind, .pattern = of->pattern,
		.min_bytes = of->min_bytes, .max_bytes = of->max_bytes,
		.laps = 1, .doubled = true, .paged = true,
		.passes = of->passes, .warmup = of->warmup, .stopped = of->stopped,
		.next = of->next,
	};

	return chase__select(user, &options);
}

/* Where nothing of the kernel's is asked for: a walk that nobody hears of. */
static int walk_for_the_model(const struct device *device)
{
	static const struct tlb_walks_options options = {
		.kind = "kmalloc", .pattern = "stride", .min_bytes = 64 << 10,
		.max_bytes = 64 << 10, .passes = 1, .share = 50, .stopped = signals__arrived,
	};
	const struct tlb_walk *failed = NULL;
	struct tlb_walks walks;
	int err = tlb_walks__select(&walks, device, &options);

	if (!err)
		err = tlb_walks__run(&walks, device, &options, &failed);
	tlb_walks__free(&walks);
	return err;
}

/* Where there is no memory for any of the kernel's walks. What is asked for may still be wrong. */
static bool each_says_why(const struct tlb_walks *walks, int err)
{
	return (err == -ENOMEM || err == -ENOSPC) && walks->nr && walks->walks[walks->nr - 1].err == err;
}

/* err: of the kernel's walks, which stays where none of these can be done, either. */
static int run_in_process(struct chase *user, int user_err, int err)
{
	size_t i;

	if (!user_err)
		user_err = chase__run(user);
	for (i = 0; i < user->nr && !user_err; i++)
		if (!user->walks[i].why[0])
			return 0;
	return user_err ? user_err : err;
}

/* Those of the kernel, then those of the process, as the model knows its page tables by then. */
static int run_both(const struct tlb_arguments *arguments, const struct device *device,
		    struct tlb_walks *walks, struct chase *user)
{
	const struct tlb_walk *failed = NULL;
	int err = tlb_walks__select(walks, device, &arguments->options);
	int user_err = select_in_process(arguments, user);

	if (err == -ENOENT && user_err == -ENOENT) {
		warnx("no kind '%s' with pattern '%s' of %u to %u KiB; `kmbench info' and `kmbench chase --help' name them",
		      arguments->options.kind, arguments->options.pattern,
		      arguments->min_kib, arguments->max_kib);
		return EXIT_USAGE;
	}
	if (err == -ENOENT)
		err = walk_for_the_model(device);
	else if (!err)
		err = tlb_walks__run(walks, device, &arguments->options, &failed);
	/* The model may have heard of no page table yet, where each says why. */
	if (!err ||
	    (each_says_why(walks, err) && !user_err && !walk_for_the_model(device)))
		err = run_in_process(user, user_err, err);
	if (!err || err == -ENOENT)
		return 0;
	return cmd__explain(failed ? failed->kind->name : "tlb",
			    failed ? failed->answer.why : "", err);
}

static int select_and_run(const struct tlb_arguments *arguments,
			  const struct device *device, struct tlb_walks *walks,
			  struct json_out *out)
{
	struct chase user = { .nr = 0 };
	int code = run_both(arguments, device, walks, &user);

	if (!code)
		code = arguments->json ? write_json(walks, &user, device, out) :
					 write_text(walks, &user);
	chase__free(&user);
	return code;
}

static int walk_with_file(const struct tlb_arguments *arguments, const struct device *device)
{
	struct tlb_walks walks = { .nr = 0 };
	struct json_out out = { .path = NULL };
	int code = cmd__open_json(&out, arguments->json);

	if (!code)
		code = select_and_run(arguments, device, &walks, &out);
	tlb_walks__free(&walks);
	json_out__close(&out);
	return code;
}

int cmd__tlb(int argc, char **argv)
{
	struct tlb_arguments arguments = {
		.device = DEVICE_PATH,
		.min_kib = 64, .max_kib = 32 << 10,
		.options = { .kind = "*", .pattern = "*", .passes = 8, .share = 50,
			     .stopped = signals__arrived,
			     .next = isatty(STDERR_FILENO) ? cmd__tell_walk : NULL },
	};
	struct session session;
	int code;

	if (argp_parse(&argp, argc, argv, 0, NULL, &arguments))
		return EXIT_USAGE;
	arguments.options.min_bytes = arguments.min_kib * 1024ULL;
	arguments.options.max_bytes = arguments.max_kib * 1024ULL;
	code = session__open(&session, arguments.device);
	if (!code) {
		signals__block();
		code = walk_with_file(&arguments, &session.device);
	}
	session__close(&session);
	return code;
}
