// SPDX-License-Identifier: GPL-2.0
/*
 * kmbench run: measure cells and write what was measured.
 *
 * In this order, so that nothing is measured in vain: parse, open the device,
 * select, pin to a CPU, begin the file, measure, write. Signals that ask to
 * stop wait for the end of a cell, so that no ioctl is cut in two.
 */
#include <err.h>
#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cmd.h"
#include "json_out.h"
#include "session.h"
#include "signals.h"
#include "system.h"
#include "text_out.h"

#define RUN_REPETITIONS_MAX	1000
/* Per cent of the available memory; the module's own limits are far below. */
#define RUN_SHARE	10
#define RUN_SHARE_MAX	90

enum run_key {
	RUN_KEY_JSON = CMD_KEYS,
	RUN_KEY_ITERATIONS,
	RUN_KEY_REPETITIONS,
	RUN_KEY_WARMUP,
	RUN_KEY_CPU,
	RUN_KEY_SHARE,
	RUN_KEY_PROGRESS,
};

struct run_arguments {
	const char *device;
	const char *json;
	char **patterns;
	int cpu;
	bool progress;
	bool remaining;
	const struct profile *profile;
	struct measurement_options options;
};

static char *no_patterns[] = { NULL };

/* Of --progress[=WHAT]. */
static bool run__tells_time(const char *what)
{
	if (what && strcmp(what, "cells"))
		errx(EXIT_USAGE, "--progress=%s: must be 'cells', or --progress alone",
		     what);
	return !what;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct run_arguments *arguments = state->input;
	struct measurement_options *options = &arguments->options;

	switch (key) {
	case CMD_KEY_DEVICE:
		arguments->device = arg;
		break;
	case RUN_KEY_JSON:
		arguments->json = arg;
		break;
	case RUN_KEY_PROGRESS:
		arguments->progress = true;
		arguments->remaining = run__tells_time(arg);
		break;
	case RUN_KEY_CPU:
		arguments->cpu = cmd__number("--cpu", arg, 0, CPU_SETSIZE - 1);
		break;
	case RUN_KEY_ITERATIONS:
		options->iterations = cmd__number("--iterations", arg, 1,
						  UINT32_MAX - 1);
		break;
	case RUN_KEY_WARMUP:
		options->warmup = cmd__number("--warmup", arg, 0,
					      UINT32_MAX - 1);
		break;
	case RUN_KEY_REPETITIONS:
		options->repetitions = cmd__number("--repetitions", arg, 1,
						   RUN_REPETITIONS_MAX);
		break;
	case RUN_KEY_SHARE:
		options->share = cmd__number("--share", arg, 1, RUN_SHARE_MAX);
		break;
	case CMD_KEY_PROFILE:
		arguments->profile = cmd__profile(arg);
		break;
	case ARGP_KEY_ARGS:
		arguments->patterns = state->argv + state->next;
		break;
	default:
		return ARGP_ERR_UNKNOWN;
	}
	return 0;
}

static const struct argp_option run_options[] = {
	{ .name = "json", .key = RUN_KEY_JSON, .arg = "FILE",
	  .doc = "Write the measurement there, instead of a table to stdout" },
	{ .name = "iterations", .key = RUN_KEY_ITERATIONS, .arg = "N",
	  .doc = "Samples in a repetition, instead of the profile's; fewer of large objects" },
	{ .name = "repetitions", .key = RUN_KEY_REPETITIONS, .arg = "N",
	  .doc = "How often each cell is measured, instead of the profile's" },
	{ .name = "warmup", .key = RUN_KEY_WARMUP, .arg = "N",
	  .doc = "Operations before a repetition, instead of the profile's; fewer of large objects" },
	{ .name = "cpu", .key = RUN_KEY_CPU, .arg = "N",
	  .doc = "Measure on that CPU (the last that is allowed)" },
	{ .name = "progress", .key = RUN_KEY_PROGRESS, .arg = "cells",
	  .flags = OPTION_ARG_OPTIONAL,
	  .doc = "Tell of progress on stderr, also where that is no terminal; with =cells not how long it will take" },
	{ .name = "share", .key = RUN_KEY_SHARE, .arg = "N",
	  .doc = "Per cent of the available memory that may be held at once (10)" },
	CMD_OPTION_PROFILE,
	CMD_OPTION_DEVICE,
	{ .name = NULL },
};

static const struct argp argp = {
	.options = run_options,
	.parser = parse,
	.args_doc = "[NAME...]",
	.doc = "Measure cells, those of the profile by default.\v" CMD_DOC_NAME,
};

/* What the user left open is the profile's; -1 cannot be asked for. */
static void run__apply_profile(struct run_arguments *arguments)
{
	const struct profile *profile = arguments->profile;
	struct measurement_options *options = &arguments->options;

	if (!profile)
		profile = profile__find(NULL);
	if (options->iterations == UINT32_MAX)
		options->iterations = profile->iterations;
	if (options->warmup == UINT32_MAX)
		options->warmup = profile->warmup;
	if (!options->repetitions)
		options->repetitions = profile->repetitions;
	options->budget = profile->budget;
}

/* Names alone mean all that they mean. */
static uint32_t run__max_rank(const struct run_arguments *arguments)
{
	if (arguments->profile)
		return arguments->profile->max_rank;
	return arguments->patterns[0] ? CATALOG_ANY_RANK :
					profile__find(NULL)->max_rank;
}

static int run__check_limits(const struct run_arguments *arguments,
			     const struct kmb_info *info)
{
	const struct measurement_options *options = &arguments->options;
	uint32_t max = info->max_iterations;

	if (options->iterations > max)
		warnx("--iterations %u: must be a number from 1 to %u",
		      options->iterations, max);
	else if (options->warmup > max)
		warnx("--warmup %u: must be a number from 0 to %u",
		      options->warmup, max);
	else
		return EXIT_GOOD;
	return EXIT_USAGE;
}

/* The last CPU that is allowed: the first gets most of the interrupts. */
static int cpu__last_allowed(const cpu_set_t *allowed)
{
	int cpu;

	for (cpu = CPU_SETSIZE - 1; cpu > 0; cpu--)
		if (CPU_ISSET(cpu, allowed))
			break;
	return cpu;
}

static int run__pin(struct run_arguments *arguments)
{
	int cpu = arguments->cpu;
	cpu_set_t set;

	if (sched_getaffinity(0, sizeof(set), &set)) {
		warn("sched_getaffinity");
		return EXIT_UNKNOWN;
	}
	if (cpu < 0)
		cpu = cpu__last_allowed(&set);
	if (!CPU_ISSET(cpu, &set)) {
		warnx("--cpu %d: not a CPU that this process may use; up to %d",
		      cpu, cpu__last_allowed(&set));
		return EXIT_USAGE;
	}
	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	if (sched_setaffinity(0, sizeof(set), &set)) {
		warn("cannot pin to CPU %d", cpu);
		return EXIT_UNKNOWN;
	}
	arguments->options.cpu = cpu;
	return EXIT_GOOD;
}

/**
 * struct progress - how far a run is
 * @shown: whether anybody looks.
 * @remaining: whether to say how long it will take: not where time is that of
 *	a virtual machine.
 * @total: cells to measure.
 * @step: twentieths that have been told of.
 * @began: CLOCK_MONOTONIC at the first cell.
 */
struct progress {
	bool shown;
	bool remaining;
	size_t total;
	size_t step;
	time_t began;
};

static time_t seconds_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec;
}

static void progress__tell(struct progress *progress, size_t done,
			   const char *cell)
{
	time_t took = seconds_now() - progress->began;
	char remaining[64] = "";

	if (progress->remaining && done)
		snprintf(remaining, sizeof(remaining), ", about %ld s to go",
			 (long)(took * (progress->total - done) / done));
	warnx("cell %zu of %zu (%zu %%)%s, now %s", done + 1, progress->total,
	      done * 100 / progress->total, remaining, cell);
}

static bool progress__stopped(void *arg)
{
	(void)arg;
	return signals__arrived();
}

static void progress__next(void *arg, const struct measurement *measurement)
{
	struct progress *progress = arg;
	size_t done = measurement->nr_cells;

	if (!progress->began)
		progress->began = seconds_now();
	if (!progress->shown || done * 20 < progress->step * progress->total)
		return;
	progress->step = done * 20 / progress->total + 1;
	progress__tell(progress, done, measurement->current->name);
}

/* One line for the error of a cell, and the exit code that it means. */
static int run__explain(const struct measurement *measurement, int err)
{
	return cmd__explain(measurement->current ? measurement->current->name :
						   "measurement",
			    measurement->why, err);
}

static int run__measure(const struct run_arguments *arguments,
			const struct session *session,
			struct measurement *measurement)
{
	struct progress progress = {
		.shown = arguments->progress || isatty(STDERR_FILENO),
		.remaining = arguments->remaining,
		.total = session->catalog->nr_selected,
	};
	struct measurement_hooks hooks = { .next = progress__next,
					   .stopped = progress__stopped,
					   .arg = &progress };
	struct counters *counters = counters__new();
	int err = counters ? 0 : -ENOMEM;

	if (!err)
		err = measurement__check(measurement, session->catalog,
					 &session->device);
	if (!err)
		err = measurement__run(measurement, session->catalog,
				       &session->device, counters, &hooks);
	counters__delete(counters);
	if (!err && signals__arrived())
		err = -ECANCELED;
	return err ? run__explain(measurement, err) : EXIT_GOOD;
}

static int run__write_json(struct json_out *out, const struct kmb_info *info,
			   const struct measurement *measurement)
{
	json_t *system = system__describe("");
	int err;

	err = json_out__write(out->file, system, info, measurement);
	json_decref(system);
	return cmd__commit_json(out, err);
}

static int run__write_text(const struct kmb_info *info,
			   const struct measurement *measurement)
{
	int err = text_out__write(stdout, info, measurement);

	if (!err)
		return EXIT_GOOD;
	warnx("stdout: %s", strerror(-err));
	return EXIT_UNKNOWN;
}

static int run__measure_and_write(const struct run_arguments *arguments,
				  const struct session *session,
				  struct json_out *out)
{
	struct measurement *measurement;
	int code;

	measurement = measurement__new(&arguments->options, session->catalog);
	if (!measurement) {
		warnx("no memory for a measurement");
		return EXIT_UNKNOWN;
	}
	code = run__measure(arguments, session, measurement);
	if (!code && arguments->json)
		code = run__write_json(out, &session->device.info, measurement);
	else if (!code)
		code = run__write_text(&session->device.info, measurement);
	measurement__delete(measurement);
	return code;
}

static int run__with_file(const struct run_arguments *arguments,
			  const struct session *session)
{
	struct json_out out = { .path = NULL };
	int code = cmd__open_json(&out, arguments->json);

	if (!code)
		code = run__measure_and_write(arguments, session, &out);
	json_out__close(&out);
	return code;
}

int cmd__run(int argc, char **argv)
{
	struct run_arguments arguments = {
		.device = DEVICE_PATH,
		.patterns = no_patterns,
		.cpu = -1,
		.remaining = true,
		.options = { .iterations = UINT32_MAX, .warmup = UINT32_MAX,
			     .share = RUN_SHARE },
	};
	struct session session;
	int code;

	if (argp_parse(&argp, argc, argv, 0, NULL, &arguments))
		return EXIT_USAGE;
	run__apply_profile(&arguments);
	code = session__open(&session, arguments.device);
	if (!code)
		code = run__check_limits(&arguments, &session.device.info);
	if (!code)
		code = session__select(&session, arguments.patterns,
				       run__max_rank(&arguments));
	if (!code)
		code = run__pin(&arguments);
	if (!code) {
		signals__block();
		code = run__with_file(&arguments, &session);
	}
	session__close(&session);
	return code;
}
