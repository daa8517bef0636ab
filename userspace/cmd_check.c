// SPDX-License-Identifier: GPL-2.0
/*
 * kmbench check: does the module make the calls that it says it makes?
 *
 * Each cell is run once, untimed, while the kernel's own tracepoints count the
 * calls of kmalloc() and kfree() that come from the module. Both numbers must
 * be the same; nothing else is taken from the run.
 *
 * Only of scenarios that promise it (KMB_ROW_COUNTED). Signals that ask to stop
 * wait for the end of a cell, so that tracing is left as it was.
 */
#include <err.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cmd.h"
#include "json_out.h"
#include "session.h"
#include "signals.h"
#include "system.h"
#include "trace.h"

#define CHECK_FORMAT		"kmbench-check"
#define CHECK_FORMAT_VERSION	1

#define CHECK_MODULE		KMB_DEVICE_NAME
/* Few, rounded up to what a scenario holds at once; of a larger size, fewer. */
#define CHECK_ITERATIONS	16
/* Bytes of objects to go through, at most. */
#define CHECK_BUDGET	(1ULL << 20)
/* Per cent of the available memory that may be held at once. */
#define CHECK_SHARE		10

enum check_key {
	CHECK_KEY_JSON = CMD_KEYS,
};

struct check_arguments {
	const char *device;
	const char *json;
	char **patterns;
};

/**
 * struct check - a check under way
 * @trace: what the kernel sees.
 * @cells: results so far, as they stand in the document; NULL: no memory.
 * @differing: how many of them differ.
 */
struct check {
	struct trace trace;
	json_t *cells;
	size_t differing;
};

static char *no_patterns[] = { NULL };

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct check_arguments *arguments = state->input;

	switch (key) {
	case CMD_KEY_DEVICE:
		arguments->device = arg;
		return 0;
	case CHECK_KEY_JSON:
		arguments->json = arg;
		return 0;
	case ARGP_KEY_ARGS:
		arguments->patterns = state->argv + state->next;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp_option check_options[] = {
	{ .name = "json", .key = CHECK_KEY_JSON, .arg = "FILE",
	  .doc = "Write the result there, too" },
	CMD_OPTION_DEVICE,
	{ .name = NULL },
};

static const struct argp argp = {
	.options = check_options,
	.parser = parse,
	.args_doc = "[NAME...]",
	.doc = "Compare the number of calls that the module says it made with those that the kernel's tracepoints saw; by default for one cell of each scenario in each context.\v" CMD_DOC_NAME,
};

static bool cell__is_counted(const struct cell *cell)
{
	return cell->row[KMB_TABLE_SCENARIO]->flags & KMB_ROW_COUNTED;
}

/* The cell nearest to common use of those with the same scenario and context. */
static struct cell *check__most_common(struct cell *cells, size_t nr)
{
	struct cell *best = NULL;
	size_t i;

	for (i = 0; i < nr; i++)
		if (cells[i].legal && cell__is_counted(&cells[i]) &&
		    (!best || cells[i].rank < best->rank))
			best = &cells[i];
	return best;
}

static int check__select_default(struct catalog *catalog)
{
	size_t i, span = catalog->nr_cells /
			 catalog->nr_rows[KMB_TABLE_SCENARIO] /
			 catalog->nr_rows[KMB_TABLE_CONTEXT];
	struct cell *cell;

	for (i = 0; i < catalog->nr_cells; i += span) {
		cell = check__most_common(&catalog->cells[i], span);
		if (!cell)
			continue;
		cell->selected = true;
		catalog->nr_selected++;
	}
	if (catalog->nr_selected)
		return EXIT_GOOD;
	warnx("the module counts the calls of no scenario");
	return EXIT_USAGE;
}

static bool check__means_counted(const struct catalog *catalog,
				 const char *pattern)
{
	size_t i;

	for (i = 0; i < catalog->nr_cells; i++)
		if (catalog->cells[i].selected &&
		    cell__is_counted(&catalog->cells[i]) &&
		    cell__matches(&catalog->cells[i], pattern))
			return true;
	return false;
}

/* Of what the patterns mean, all that is counted. */
static int check__select(struct session *session, char **patterns)
{
	struct catalog *catalog = session->catalog;
	int code;

	if (!*patterns)
		return check__select_default(catalog);
	code = session__select(session, patterns, CATALOG_ANY_RANK);
	for (; *patterns && !code; patterns++) {
		if (check__means_counted(catalog, *patterns))
			continue;
		warnx("'%s': the module does not count the calls of this scenario; `kmbench check' without a name takes those that it counts",
		      *patterns);
		code = EXIT_USAGE;
	}
	return code;
}

/* Whole batches, whichever the scenario. */
static struct kmb_run check__request(const struct cell *cell)
{
	uint64_t size = cell->row[KMB_TABLE_SIZE]->value;
	uint64_t batch = cell->row[KMB_TABLE_SCENARIO]->value;
	uint32_t nr = measurement__bound(CHECK_ITERATIONS, size,
					 CHECK_BUDGET, MEASUREMENT_FEWEST);

	if (batch)
		nr = (nr + batch - 1) / batch * batch;
	return (struct kmb_run){
		.scenario = cell->row[KMB_TABLE_SCENARIO]->index,
		.context = cell->row[KMB_TABLE_CONTEXT]->index,
		.gfp = cell->row[KMB_TABLE_GFP]->index,
		.cpus = cell->row[KMB_TABLE_CPUS]->index,
		.size = size,
		.iterations = nr,
		.warmup = nr,
		.share = CHECK_SHARE,
	};
}

/* The run, and by how much the kernel's counts grew meanwhile. */
static int check__run(struct check *check, const struct session *session,
		      struct kmb_run *run, struct trace_counts *grown)
{
	struct trace_counts before;
	unsigned int i;
	int err;

	err = trace__read(&check->trace, &before);
	if (err)
		return err;
	err = device__run(&session->device, run);
	if (err)
		return err;
	err = trace__read(&check->trace, grown);
	for (i = 0; i < TRACE_EVENTS_NR; i++)
		grown->seen[i] -= before.seen[i];
	grown->lost -= before.lost;
	return err;
}

static json_t *json__calls(uint64_t said, uint64_t seen)
{
	return json_pack("{s:I, s:I}", "said", (json_int_t)said,
			 "seen", (json_int_t)seen);
}

static void check__note(struct check *check, const struct cell *cell,
			const struct kmb_run *run,
			const struct trace_counts *counts)
{
	uint64_t kmallocs = counts->seen[TRACE_KMALLOC];
	uint64_t kfrees = counts->seen[TRACE_KFREE];
	bool same = kmallocs == run->allocs && kfrees == run->frees;

	check->differing += !same;
	printf("%-8s%s: kmalloc %" PRIu64 " said, %" PRIu64 " seen; kfree %"
	       PRIu64 " said, %" PRIu64 " seen\n", same ? "ok" : "DIFFERS",
	       cell->name, (uint64_t)run->allocs, kmallocs,
	       (uint64_t)run->frees, kfrees);
	json_array_append_new(check->cells,
			      json_pack("{s:s, s:s, s:I, s:I, s:o, s:o}",
					"name", cell->name,
					"verdict", same ? "pass" : "fail",
					"iterations", (json_int_t)run->iterations,
					"warmup", (json_int_t)run->warmup,
					"kmalloc", json__calls(run->allocs, kmallocs),
					"kfree", json__calls(run->frees, kfrees)));
}

static int check__cell(struct check *check, const struct session *session,
		       const struct cell *cell)
{
	struct kmb_run run = check__request(cell);
	struct trace_counts counts;
	int err;

	if (signals__arrived())
		return cmd__explain(cell->name, "", -ECANCELED);
	err = check__run(check, session, &run, &counts);
	if (err && check->trace.why[0]) {
		warnx("%s", check->trace.why);
		return EXIT_UNKNOWN;
	}
	if (err)
		return cmd__explain(cell->name, run.why, err);
	if (counts.lost) {
		warnx("%s: the kernel lost %" PRIu64 " events of its own; once more, with less going on",
		      cell->name, counts.lost);
		return EXIT_UNKNOWN;
	}
	check__note(check, cell, &run, &counts);
	return EXIT_GOOD;
}

static int check__cells(struct check *check, const struct session *session)
{
	const struct catalog *catalog = session->catalog;
	int code = EXIT_GOOD;
	size_t i;

	for (i = 0; i < catalog->nr_cells && !code; i++)
		if (catalog->cells[i].selected &&
		    cell__is_counted(&catalog->cells[i]))
			code = check__cell(check, session, &catalog->cells[i]);
	return code;
}

/* Tracing is left as it was, whatever comes of the cells. */
static int check__traced(struct check *check, const struct session *session)
{
	int code;

	if (trace__open(&check->trace, CHECK_MODULE)) {
		warnx("tracing is not available: %s", check->trace.why);
		code = EXIT_USAGE;
	} else {
		code = check__cells(check, session);
	}
	if (trace__close(&check->trace)) {
		warnx("tracing: %s", check->trace.why);
		code = EXIT_UNKNOWN;
	}
	return code;
}

static int check__write(const struct check *check, struct json_out *out)
{
	json_t *system = system__describe("");
	json_t *all;

	all = json_pack("{s:s, s:i, s:{s:s, s:i}, s:o, s:s, s:O}",
			"format", CHECK_FORMAT,
			"format_version", CHECK_FORMAT_VERSION,
			"tool", "version", KMB_VERSION, "abi", KMB_ABI_VERSION,
			"system", system,
			"verdict", check->differing ? "fail" : "pass",
			"cells", check->cells);
	return cmd__write_json(out, all, JSON_INDENT(1));
}

/* What differs is told, and written, before it becomes the exit code. */
static int check__with_file(const struct check_arguments *arguments,
			    const struct session *session)
{
	struct check check = { .cells = json_array() };
	struct json_out out = { .path = NULL };
	int code = cmd__open_json(&out, arguments->json);

	if (!code)
		code = check__traced(&check, session);
	if (!code && arguments->json)
		code = check__write(&check, &out);
	if (!code && check.differing)
		code = EXIT_KERNEL;
	json_out__close(&out);
	json_decref(check.cells);
	return code;
}

int cmd__check(int argc, char **argv)
{
	struct check_arguments arguments = { .device = DEVICE_PATH,
					     .patterns = no_patterns };
	struct session session;
	int code;

	if (argp_parse(&argp, argc, argv, 0, NULL, &arguments))
		return EXIT_USAGE;
	code = session__open(&session, arguments.device);
	if (!code)
		code = check__select(&session, arguments.patterns);
	if (!code) {
		signals__block();
		code = check__with_file(&arguments, &session);
	}
	session__close(&session);
	return code;
}
