// SPDX-License-Identifier: GPL-2.0
/*
 * kmbench frag: fragment free memory to levels, one after the other; verify each by
 * /proc/buddyinfo, see what kmalloc() does there, and undo it.
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#include "cmd.h"
#include "events.h"
#include "frag_json.h"
#include "frag_level.h"
#include "frag_recovery.h"
#include "frag_response.h"
#include "frag_types.h"
#include "frag_walks.h"
#include "own_process.h"
#include "session.h"
#include "signals.h"

#define FRAG_KEY_ORDER		(CMD_KEYS + 0)
#define FRAG_KEY_LEVELS		(CMD_KEYS + 1)
#define FRAG_KEY_SPREAD		(CMD_KEYS + 2)
#define FRAG_KEY_SEED		(CMD_KEYS + 3)
#define FRAG_KEY_SHARE		(CMD_KEYS + 4)
#define FRAG_KEY_RESERVE	(CMD_KEYS + 5)
#define FRAG_KEY_HOLD		(CMD_KEYS + 6)
#define FRAG_KEY_DEMAND		(CMD_KEYS + 7)
#define FRAG_KEY_JSON		(CMD_KEYS + 8)
#define FRAG_KEY_COMPACT	(CMD_KEYS + 9)
#define FRAG_KEY_USER		(CMD_KEYS + 10)
#define FRAG_KEY_MOVABLE	(CMD_KEYS + 11)
#define FRAG_KEY_WALK		(CMD_KEYS + 12)
#define FRAG_KEY_PAGE_CACHE	(CMD_KEYS + 13)
#define FRAG_KEY_ROUNDS		(CMD_KEYS + 14)

#define FRAG_LEVELS_MAX		32
#define FRAG_LEVELS		"0,0.25,0.5,0.75,0.9,0.99"

/**
 * struct frag_arguments - what is asked for
 * @spread: its name.
 * @levels: as the user typed them.
 * @json: the file to write; NULL: text.
 * @hold: seconds to hold each level.
 * @demand: per cent of the free memory to ask for; 0: nothing.
 * @walk: per cent of the free memory to walk over; 0: nothing.
 * @compact: whether to have the kernel compact memory after each level.
 * @rounds: how often to reach all levels.
 * @nr_levels: of @indices.
 * @indices: to reach, millionths.
 * @options: how.
 */
struct frag_arguments {
	const char *spread;
	const char *levels;
	const char *json;
	uint32_t hold;
	uint32_t demand;
	uint32_t walk;
	bool compact;
	uint32_t rounds;
	uint32_t nr_levels;
	uint32_t indices[FRAG_LEVELS_MAX];
	struct frag_options options;
};

/**
 * struct frag_work - what the levels have in common
 * @arguments: what is asked for.
 * @device: to ask.
 * @levels: receives the levels as JSON; NULL: text is wanted.
 * @nr: of the one at hand, in all rounds.
 * @missed: how many were not reached.
 * @events: what the kernel did in all of them.
 */
struct frag_work {
	const struct frag_arguments *arguments;
	const struct device *device;
	json_t *levels;
	uint64_t nr;
	uint64_t missed;
	struct events events;
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
		options->seed = cmd__number("--seed", arg, 1, UINT32_MAX);
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
	case FRAG_KEY_DEMAND:
		arguments->demand = cmd__number("--demand", arg, 0, 80);
		return 0;
	case FRAG_KEY_ROUNDS:
		arguments->rounds = cmd__number("--rounds", arg, 1, 1 << 20);
		return 0;
	case FRAG_KEY_COMPACT:
		arguments->compact = true;
		return 0;
	case FRAG_KEY_USER:
		options->device = NULL;
		return 0;
	case FRAG_KEY_MOVABLE:
		options->movable.per_cent = cmd__number("--movable", arg, 0, 100);
		return 0;
	case FRAG_KEY_PAGE_CACHE:
		options->movable.page_cache = true;
		return 0;
	case FRAG_KEY_WALK:
		arguments->walk = cmd__number("--walk", arg, 0, 80);
		return 0;
	case FRAG_KEY_JSON:
		arguments->json = arg;
		return 0;
	case ARGP_KEY_ARG:
		return cmd__refuse_name(state, arg);
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp_option frag_options[] = {
	{ .name = "order", .key = FRAG_KEY_ORDER, .arg = "ORDER",
	  .doc = "Of the blocks that are to be scarce (default: 4)" },
	{ .name = "levels", .key = FRAG_KEY_LEVELS, .arg = "LIST",
	  .doc = "Unusable free space indices to reach (default: " FRAG_LEVELS ")" },
	{ .name = "rounds", .key = FRAG_KEY_ROUNDS, .arg = "N",
	  .doc = "Reach all of them so often (default: 1); FILE has the first and the last round" },
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
	{ .name = "demand", .key = FRAG_KEY_DEMAND, .arg = "PERCENT",
	  .doc = "At each level ask for so much of the free memory, in blocks of each order, with several flags and contexts (default: 0)" },
	{ .name = "walk", .key = FRAG_KEY_WALK, .arg = "PERCENT",
	  .doc = "At each level walk over so much of the free memory, of each kind: what contiguity is left, and what it is worth (default: 0)" },
	{ .name = "movable", .key = FRAG_KEY_MOVABLE, .arg = "PERCENT",
	  .doc = "Break so many of the blocks by memory of this process, which compaction can move (default: 0)" },
	{ .name = "page-cache", .key = FRAG_KEY_PAGE_CACHE,
	  .doc = "By pages of the page cache (shmem) there, instead of anonymous ones" },
	{ .name = "compact", .key = FRAG_KEY_COMPACT,
	  .doc = "After each level have the kernel compact all memory" },
	{ .name = "user", .key = FRAG_KEY_USER,
	  .doc = "By memory of this process, without the module: compaction can undo it; no --demand, --walk, --json, --seed, --spread, --movable" },
	{ .name = "json", .key = FRAG_KEY_JSON, .arg = "FILE",
	  .doc = "Write all that was measured to FILE" },
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

	if (err == -EINTR || err == -ECANCELED)
		warnx("interrupted; everything was given back");
	else if (why[0])
		warnx("frag: refused: %s%s", why,
		      strncmp(why, "index ", 6) ? "" : " (1000000 is an index of 1)");
	else
		warnx("frag: %s", strerror(-err));
	return why[0] && err != -EINTR && err != -ECANCELED ? EXIT_USAGE : EXIT_UNKNOWN;
}

static void put_level(const struct frag_level *level)
{
	const struct kmb_frag *answer = &level->answer;

	printf("%7.4f %7.4f %7.4f %7.3f %8.3f %9llu %9llu %9llu %9llu\n",
	       (double)answer->index / KMB_FRAG_ONE,
	       (double)frag_level__before(level)->index / KMB_FRAG_ONE,
	       (double)level->reached / UNUSABLE_ONE, (double)level->extfrag / EXTFRAG_ONE,
	       level->seconds, answer->broken, answer->added, answer->mended, answer->held);
	fflush(stdout);
}

/* For whoever waits for the file. */
static void put_progress(const struct frag_level *level, const struct frag_work *work)
{
	const struct frag_arguments *arguments = work->arguments;

	if (work->levels && arguments->rounds == 1)
		fprintf(stderr, "kmbench: level %" PRIu64 " of %" PRIu32 ": asked %.4f, reached %.4f\n",
			work->nr + 1, arguments->nr_levels,
			(double)level->answer.index / KMB_FRAG_ONE,
			(double)level->reached / UNUSABLE_ONE);
}

static void hold(uint32_t seconds)
{
	struct timespec tenth = { .tv_nsec = 100000000 };
	uint64_t tenths;

	for (tenths = seconds * 10ULL; tenths && !signals__arrived(); tenths--)
		nanosleep(&tenth, NULL);
}

static int verify_reached(const struct frag_level *level)
{
	if (frag_level__is_reached(level))
		return EXIT_GOOD;
	warnx("frag: %.4f was to be reached; /proc/buddyinfo says %.4f, the module %.4f",
	      (double)level->answer.index / KMB_FRAG_ONE,
	      (double)level->reached / UNUSABLE_ONE,
	      (double)level->answer.after.index / KMB_FRAG_ONE);
	return EXIT_UNKNOWN;
}

static int verify_held(const struct frag_level *level)
{
	if (frag_level__holds(level))
		return EXIT_GOOD;
	warnx("frag: %.4f was reached and is now %.4f: something else takes and gives memory",
	      (double)level->reached / UNUSABLE_ONE, (double)level->now / UNUSABLE_ONE);
	return EXIT_UNKNOWN;
}

static void put_response(const struct frag_response *response)
{
	const struct kmb_run *run = &response->answer;

	printf("  %-8s order %2u %-33s %-8s", response->row[KMB_TABLE_SCENARIO]->name,
	       response->order, response->row[KMB_TABLE_GFP]->name,
	       response->row[KMB_TABLE_CONTEXT]->name);
	if (response->err)
		printf("unavailable: %s\n", response->why);
	else
		printf("%5llu of %4u, %llu by vmalloc, at %.4f\n", run->op.count,
		       run->iterations, run->vmalloced, (double)response->reached / UNUSABLE_ONE);
}

/* The file that holds the level has it settle after each run. */
static struct device holder_of(const struct frag_level *level, const struct frag_work *work)
{
	struct device device = *work->device;

	device.fd = level->holder.fd;
	return device;
}

static int respond(struct frag_record *record, const struct frag_work *work)
{
	struct frag_responses *responses = &record->responses;
	const struct frag_level *level = &record->level;
	const struct device device = holder_of(level, work);
	const struct frag_demand demand = {
		.order = level->answer.order,
		.per_cent = work->arguments->demand, .free = level->answer.after.free,
	};
	size_t i;
	int err;

	if (!demand.per_cent)
		return 0;
	err = frag_responses__measure(responses, &device, &demand, signals__arrived);
	for (i = 0; i < responses->nr && !work->levels; i++)
		put_response(&responses->all[i]);
	return err;
}

static void put_walk(const struct tlb_walk *walk)
{
	const struct kmb_mapped *mapped = &walk->answer.mapped;

	if (walk->err)
		printf("  %-16s unavailable: %s\n", walk->kind->name,
		       walk->answer.why[0] ? walk->answer.why : strerror(-walk->err));
	else
		printf("  %-16s %8llu KiB, %llu of %llu pages by 2 MiB, %.1f ticks a load\n",
		       walk->kind->name, walk->answer.bytes / 1024, mapped->pages[KMB_PAGE_2M],
		       walk->answer.loads, (double)walk->answer.ticks / walk->answer.loads);
}

static int walk(struct frag_record *record, const struct frag_work *work)
{
	const struct device device = holder_of(&record->level, work);
	const struct kmb_frag *answer = &record->level.answer;
	const struct frag_walks_options options = {
		.device = &device, .order = answer->order, .stopped = signals__arrived,
		.bytes = answer->after.free * sysconf(_SC_PAGESIZE) / 100 * work->arguments->walk,
	};
	uint32_t i;
	int err;

	if (!options.bytes)
		return 0;
	err = frag_walks__run(&record->walks, &options);
	for (i = 0; i < record->walks.nr_kernel && !work->levels; i++)
		if (record->walks.kernel[i].nr)
			put_walk(record->walks.kernel[i].walks);
	return err;
}

/*
 * A level that the user did not name may be out of reach, if that is known beforehand, and
 * others are not.
 */
static bool is_forgiven(const struct frag_level *level, const struct frag_work *work)
{
	return level->err == -ERANGE && !level->answer.taken &&
	       !strcmp(work->arguments->levels, FRAG_LEVELS);
}

static int judge(const struct frag_level *level, int err, const struct frag_work *work)
{
	int code;

	if (err) {
		code = explain(level, err);
		return is_forgiven(level, work) ? EXIT_GOOD : code;
	}
	code = verify_reached(level);
	/* One that drifted since is marked by what the file says of it. */
	return code || work->levels ? code : verify_held(level);
}

/* What comes after a level, and all of it into the file. Return: 0, or a negative error. */
static int finish(struct frag_record *record, const struct frag_work *work)
{
	const struct frag_level *level = &record->level;
	int err;

	record->recovery = (struct frag_recovery){
		.order = level->answer.order, .goal = frag_level__before(level)->index,
		.compact = work->arguments->compact,
	};
	err = level->err ? 0 : frag_recovery__watch(&record->recovery);
	if (err)
		warnx("frag: after the level was undone: %s", strerror(-err));
	if (!err && !level->err && !work->levels)
		frag_recovery__print(&record->recovery);
	if (err || !work->levels)
		return err;
	return json_array_append_new(work->levels, frag_json__level(record)) ? -ENOMEM : 0;
}

/* What is to be seen while the level is held. Return: 0, or a negative error. */
static int see(struct frag_record *record, const struct frag_work *work)
{
	struct frag_level *level = &record->level;
	int err;

	put_level(level);
	put_progress(level, work);
	frag_types__read(&record->types, "", level->answer.order);
	hold(work->arguments->hold);
	err = respond(record, work);
	if (!err)
		err = walk(record, work);
	if (!err)
		err = frag_level__read(level);
	/* Last, as slabs are kept for the next objects. */
	if (!err && work->arguments->options.device)
		frag_slabs__see(&record->slabs, work->device);
	if (!err && !work->levels)
		frag_slabs__print(&record->slabs);
	if (!err && level->user.nr && !work->levels)
		printf("  %llu of %zu movable pages were moved\n",
		       (unsigned long long)level->moved, level->user.nr);
	return err;
}

static int run_level(uint32_t index, struct frag_work *work)
{
	struct frag_record record = { .responses = { .nr = 0 } };
	int code, err = frag_level__reach(&record.level, index, &work->arguments->options);

	work->missed += !!err;
	if (!err)
		err = see(&record, work);
	code = judge(&record.level, err, work);
	frag_level__undo(&record.level);
	if (finish(&record, work))
		code = EXIT_UNKNOWN;
	frag_responses__free(&record.responses);
	frag_walks__free(&record.walks);
	return code;
}

/* Of many rounds the first and the last: a thousand of them are megabytes. */
static void forget_round(const struct frag_work *work)
{
	while (json_array_size(work->levels) > work->arguments->nr_levels)
		json_array_remove(work->levels, json_array_size(work->levels) - 1);
}

static int run_levels(struct frag_work *work)
{
	const struct frag_arguments *arguments = work->arguments;
	uint64_t i, nr = (uint64_t)arguments->nr_levels * arguments->rounds;
	int err, code = EXIT_GOOD;

	if (own_process__dies_first())
		warn("frag: the OOM killer may kill another process for what is held here");
	printf("%7s %7s %7s %7s %8s %9s %9s %9s %9s\n", "asked", "before", "reached",
	       "extfrag", "seconds", "broken", "added", "mended", "held");
	for (i = 0; i < nr && (!code || code == EXIT_USAGE); i++) {
		work->nr = i;
		if (signals__arrived()) {
			warnx("interrupted; everything was given back");
			return EXIT_UNKNOWN;
		}
		if (!(i % arguments->nr_levels))
			forget_round(work);
		err = run_level(arguments->indices[i % arguments->nr_levels], work);
		code = err ? err : code;
	}
	if (!fflush(stdout) && !ferror(stdout))
		return code ? code : work->missed == nr ? EXIT_USAGE : EXIT_GOOD;
	warn("stdout");
	return EXIT_UNKNOWN;
}

static json_t *document(const struct frag_work *work)
{
	const struct frag_arguments *arguments = work->arguments;
	const struct frag_options *options = &arguments->options;

	return json_pack("{s:s, s:i, s:o, s:i, s:s, s:I, s:i, s:i, s:s, s:i, s:i, s:I, s:I, s:o, s:O}",
			 "format", "kmbench-levels", "format_version", 1,
			 "clock", json_out__clock(&work->device->info),
			 "order", options->order, "spread", arguments->spread,
			 "seed", (json_int_t)options->seed, "share", options->share,
			 "movable", options->movable.per_cent, "occupants",
			 options->movable.page_cache ? "cache" : "anon", "demand", arguments->demand,
			 "walk", arguments->walk, "rounds", (json_int_t)arguments->rounds,
			 "missed", (json_int_t)work->missed, "events",
			 json_out__events(&work->events), "levels", work->levels);
}

static int run_into_file(struct frag_work *work)
{
	struct json_out out = { .path = NULL };
	int code = cmd__open_json(&out, work->arguments->json);
	const uint32_t cpu = sched_getcpu();
	struct events before, after;

	if (code)
		return code;
	work->levels = json_array();
	events__read(&before, "", 1, cpu);
	code = run_levels(work);
	events__read(&after, "", 1, cpu);
	events__add_since(&work->events, &before, &after);
	if (!code || code == EXIT_USAGE)
		code = cmd__write_json(&out, document(work), JSON_COMPACT) ?: code;
	json_decref(work->levels);
	json_out__close(&out);
	return code;
}

/*
 * That nobody else fragments this machine, at this level or between two: a lock on a file
 * that there is on each. It is gone with this process. Return: 0; -1: somebody does.
 */
static int only_one(void)
{
	int fd = open("/proc/buddyinfo", O_RDONLY | O_CLOEXEC);

	if (fd < 0 || !flock(fd, LOCK_EX | LOCK_NB))
		return 0;
	warnx("frag: refused: another kmbench frag fragments memory; wait until it has ended");
	close(fd);
	return -1;
}

static int run_without_module(struct frag_work *work)
{
	const struct frag_arguments *arguments = work->arguments;

	const char *needs = arguments->json ? "--json" : arguments->demand ? "--demand" :
			    arguments->walk ? "--walk" : arguments->options.seed ? "--seed" :
			    arguments->spread ? "--spread" :
			    arguments->options.movable.per_cent ? "--movable" : NULL;

	if (needs) {
		warnx("--user with %s: that needs the module; leave one out", needs);
		return EXIT_USAGE;
	}
	if (only_one())
		return EXIT_USAGE;
	warnx("without the module: compaction can undo what is reached");
	signals__block();
	return run_levels(work);
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
		.levels = FRAG_LEVELS, .rounds = 1,
		.options = { .device = DEVICE_PATH, .order = 4, .share = 90 },
	};
	struct session session;
	struct frag_work work = { .arguments = &arguments, .device = &session.device };
	int code;

	if (argp_parse(&argp, argc, argv, 0, NULL, &arguments))
		return EXIT_USAGE;
	parse_levels(&arguments);
	own_process__stay();
	if (!arguments.options.device)
		return run_without_module(&work);
	if (!arguments.spread)
		arguments.spread = "random";
	if (!arguments.options.seed)
		arguments.options.seed = 1;
	if (only_one())
		return EXIT_USAGE;
	code = session__open(&session, arguments.options.device);
	if (!code)
		code = find_spread(&session.device, &arguments);
	if (!code) {
		signals__block();
		code = arguments.json ? run_into_file(&work) : run_levels(&work);
	}
	session__close(&session);
	return code;
}
