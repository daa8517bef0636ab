// SPDX-License-Identifier: GPL-2.0
/*
 * kmbench-pmu: walk over user memory, and count TLB misses by the PMU.
 *
 * A program of its own, for guests of architectures that the tool's libraries
 * are not packaged for: it needs libperf and the C library alone. What it finds
 * are lines of fields with a tab between them, by which a line begins:
 *
 *	pmu	name device cpuid source	which PMU this is
 *	event	name generic type config means	what there is to count
 *	walk	pattern pages state loads mode event value why
 *	mapped	kind 4K 2M 1G runs	the page tables of the kernel's memory, if they are walked
 *	kernel	kind state loads where event value why	by kmbench.ko, if it is there
 *	none	kind why		which memory could not be walked over
 *
 * A value that is not known is "-", and the last field says why.
 */
#include <argp.h>
#include <err.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "available.h"
#include "device.h"
#include "pmu_kernel.h"
#include "pmu_walk.h"
#include "session.h"

#define PAGES_MAX	(1u << 20)
#define PASSES_MAX	1000
/*
 * Of walks over the kernel's memory: so many pages that what starts the counters is less than
 * a per cent of them, and so many passes that the allocation is less than that.
 */
#define KERNEL_PAGES	4096
#define KERNEL_PASSES	250

const char *argp_program_version = "kmbench-pmu " KMB_VERSION;

struct arguments {
	bool list;
	const char *out;
	uint32_t min;
	uint32_t max;
	uint32_t passes;
};

static const struct argp_option options[] = {
	{ .name = "list", .key = 'l',
	  .doc = "List the PMUs that are known and their events; count nothing" },
	{ .name = "min", .key = 'n', .arg = "PAGES",
	  .doc = "Smallest footprint (default: 16); doubled up to the largest" },
	{ .name = "max", .key = 'x', .arg = "PAGES",
	  .doc = "No larger footprint (default: 8192)" },
	{ .name = "passes", .key = 'p', .arg = "N",
	  .doc = "Passes of the repeated walk (default: 8)" },
	{ .name = "out", .key = 'o', .arg = "FILE",
	  .doc = "Where to write what was counted (default: standard output)" },
	{ .name = NULL },
};

static uint32_t to_number(struct argp_state *state, const char *arg, uint32_t max)
{
	char *end;
	unsigned long value;

	errno = 0;
	value = strtoul(arg, &end, 10);
	if (errno || *end || end == arg || *arg == '-' || !value || value > max)
		argp_error(state, "'%s' is no number from 1 to %" PRIu32, arg, max);
	return value;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct arguments *arguments = state->input;

	switch (key) {
	case 'l':
		arguments->list = true;
		return 0;
	case 'n':
		arguments->min = to_number(state, arg, PAGES_MAX);
		return 0;
	case 'x':
		arguments->max = to_number(state, arg, PAGES_MAX);
		return 0;
	case 'p':
		arguments->passes = to_number(state, arg, PASSES_MAX);
		return 0;
	case 'o':
		arguments->out = arg;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp argp = {
	.options = options,
	.parser = parse,
	.doc = "Walk over user memory, a load in each page, and count TLB misses by the PMU.",
};

static void put_event(FILE *out, const struct tlb_event *event)
{
	fprintf(out, "event\t%s\t%s\t%" PRIu32 "\t%#" PRIx64 "\t%s\n", event->name,
		event->generic ? "generic" : "own", event->type, event->config,
		event->means);
}

static void list(FILE *out)
{
	const struct tlb_pmu *pmu;
	struct tlb_event event;
	unsigned int i, j;

	for (i = 0; (pmu = tlb_pmu__row(i)); i++) {
		fprintf(out, "pmu\t%s\t%s\t%s\t%s\n", pmu->name, pmu->device,
			pmu->cpuid, pmu->source);
		for (j = 0; tlb_pmu__event(pmu, j, &event); j++)
			put_event(out, &event);
	}
}

static void put_walk(FILE *out, const struct pmu_walk *walk,
		     const struct pmu_events *events, unsigned int state,
		     unsigned int mode)
{
	unsigned int i;

	for (i = 0; i < events->nr; i++) {
		const struct counter_value *value = &walk->value[state][mode][i];

		fprintf(out, "walk\t%s\t%" PRIu32 "\t%s\t%" PRIu64 "\t%s\t%s\t",
			walk->pattern->name, walk->pages,
			pmu_walk__state(state), pmu_walk__loads(walk, state),
			event_mode__name(mode), events->event[i].name);
		if (value->known)
			fprintf(out, "%" PRIu64 "\t\n", value->value);
		else
			fprintf(out, "-\t%s\n", value->why);
	}
}

/* Says why a walk that there is no memory for was not made; the others are. */
static void refuse(struct pmu_walk *walk, const struct pmu_events *events)
{
	unsigned int state, mode, i;

	memset(walk->value, 0, sizeof(walk->value));
	for (state = 0; state < PMU_WALK_STATES; state++)
		for (mode = 0; mode < EVENT_MODES; mode++)
			for (i = 0; i < events->nr; i++)
				snprintf(walk->value[state][mode][i].why, COUNTER_WHY_LEN,
					 "more than %d per cent of the available memory",
					 AVAILABLE_SHARE);
}

static int walk_one(struct pmu_walk *walk, const struct pmu_events *events,
		    const struct pmu_pages *pages)
{
	if (walk->pages <= pages->nr)
		return pmu_walk__run(walk, events, pages);
	refuse(walk, events);
	return 0;
}

static int walk_all(FILE *out, const struct arguments *arguments,
		    const struct pmu_events *events, const struct pmu_pages *pages)
{
	static struct pmu_walk walk;
	unsigned int state, mode;
	int err;

	walk.passes = arguments->passes;
	for (walk.pattern = user_patterns; walk.pattern->name; walk.pattern++) {
		for (walk.pages = arguments->min; walk.pages <= arguments->max;
		     walk.pages *= 2) {
			err = walk_one(&walk, events, pages);
			if (err)
				return err;
			for (state = 0; state < PMU_WALK_STATES; state++)
				for (mode = 0; mode < EVENT_MODES; mode++)
					put_walk(out, &walk, events, state, mode);
		}
	}
	return 0;
}

/* As many as are asked for, or as there is memory for. */
static uint32_t most_pages(const struct arguments *arguments)
{
	uint64_t limit = available__limit() / sysconf(_SC_PAGESIZE);

	return limit && limit < arguments->max ? limit : arguments->max;
}

static int count(FILE *out, const struct arguments *arguments)
{
	static struct pmu_events events;
	struct pmu_pages pages;
	unsigned int i;
	int err = pmu_probe__here(&events);

	if (!err)
		err = pmu_pages__new(&pages, most_pages(arguments));
	if (err)
		return err;
	fprintf(out, "pmu\t%s\t%s\t%s\t%s\n", events.pmu->name, events.id.device,
		events.id.cpuid, events.pmu->source);
	for (i = 0; i < events.nr; i++)
		put_event(out, &events.event[i]);
	err = walk_all(out, arguments, &events, &pages);
	if (!err)
		err = pmu_kernel__run(out, DEVICE_PATH, KERNEL_PAGES, KERNEL_PASSES);
	pmu_pages__free(&pages);
	return err;
}

int main(int argc, char **argv)
{
	struct arguments arguments = { .min = 16, .max = 8192, .passes = 8 };
	FILE *out = stdout;
	int failed = 0;

	argp_err_exit_status = EXIT_USAGE;
	if (argp_parse(&argp, argc, argv, 0, NULL, &arguments))
		return EXIT_USAGE;
	if (arguments.min > arguments.max)
		errx(EXIT_USAGE, "--min %" PRIu32 " is above --max %" PRIu32, arguments.min,
		     arguments.max);
	if (arguments.out)
		out = fopen(arguments.out, "we");
	if (!out)
		err(EXIT_USAGE, "%s", arguments.out);
	if (arguments.list)
		list(out);
	else
		failed = count(out, &arguments);
	if (failed)
		errx(EXIT_USAGE, "%s", strerror(-failed));
	if (fclose(out))
		err(EXIT_USAGE, "%s", arguments.out ? arguments.out : "standard output");
	return EXIT_GOOD;
}
