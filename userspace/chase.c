// SPDX-License-Identifier: GPL-2.0
/*
 * Walks in user space over memory of each kind.
 *
 * One that cannot be done says why; the others are done all the same. All stay on
 * one CPU: on another one the TLB is empty.
 */
#include <errno.h>
#include <fnmatch.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

#include "available.h"
#include "chase.h"
#include "json_out.h"
#include "own_process.h"
#include "tlb_json.h"

/*
 * Loads that a lap has at least: a thousand times what reading the clock costs, and
 * few enough that some laps are over before another thread wants the CPU.
 */
#define LAP_LOADS	16384
/* Footprints between one and its double: each by 2^(1/4) larger. */
#define FOOTPRINTS	4

static const uint32_t growth[FOOTPRINTS] = { 1000, 1189, 1414, 1682 };

static uint32_t footprint_lines(const struct chase_options *options, uint32_t i)
{
	uint64_t pages = options->min_bytes / user_page_bytes(), smallest = pages ? pages : 1;

	i *= options->doubled ? FOOTPRINTS : 1;
	return (smallest << i / FOOTPRINTS) * growth[i % FOOTPRINTS] / 1000;
}

/* Small ones may round down to the one before them. */
static void add_footprints(struct chase *chase, const struct user_kind *kind,
			   const struct user_pattern *pattern)
{
	uint64_t most = chase->options.max_bytes / user_page_bytes();
	uint32_t i, lines, last = 0;

	for (i = 0; (lines = footprint_lines(&chase->options, i)) <= most; i++) {
		struct chase_walk *walk = &chase->walks[chase->nr];

		if (lines == last)
			continue;
		last = lines;
		walk->kind = kind;
		walk->pattern = pattern;
		walk->lines = lines;
		walk->loads = (LAP_LOADS + lines - 1) / lines * (uint64_t)lines;
		chase->nr++;
	}
}

static void add_kind(struct chase *chase, const struct user_kind *kind)
{
	const struct user_pattern *pattern;

	for (pattern = user_patterns; pattern->name; pattern++)
		if (!fnmatch(chase->options.pattern, pattern->name, 0))
			add_footprints(chase, kind, pattern);
}

static size_t most_walks(void)
{
	size_t kinds = 0, patterns = 0;

	while (user_kinds[kinds].name)
		kinds++;
	while (user_patterns[patterns].name)
		patterns++;
	return kinds * patterns * FOOTPRINTS * 32;
}

/**
 * chase__select() - choose what to walk
 * @chase: to be filled; needs chase__free().
 * @options: which; footprints of less than 2^32 pages.
 *
 * Return: 0; -ENOENT: there is no such kind, pattern or footprint; -ENOMEM.
 */
int chase__select(struct chase *chase, const struct chase_options *options)
{
	const struct user_kind *kind;

	*chase = (struct chase){ .options = *options };
	chase->walks = calloc(most_walks(), sizeof(*chase->walks));
	if (!chase->walks)
		return -ENOMEM;
	for (kind = user_kinds; kind->name; kind++)
		if (!fnmatch(options->kind, kind->name, 0) && !(kind->dense && options->paged))
			add_kind(chase, kind);
	return chase->nr ? 0 : -ENOENT;
}

static int allow(struct chase_walk *walk)
{
	uint64_t room = user_memory__room(walk->kind, walk->lines), limit = available__limit();

	walk->held_bytes = room;
	if (!limit || room <= limit)
		return 0;
	snprintf(walk->why, sizeof(walk->why), "more than %d per cent of the available memory; free some, or give a smaller --max",
		 AVAILABLE_SHARE);
	return -ENOSPC;
}

static int look(struct chase_walk *walk, const struct user_memory *memory, bool partly)
{
	uint64_t huge, bytes = walk->held_bytes;
	int err = user_mapping__look(&walk->mapping, memory);

	if (err)
		snprintf(walk->why, sizeof(walk->why), "/proc/self/smaps: %s", strerror(-err));
	huge = walk->mapping.anon_huge_bytes;
	if (!err && walk->kind->advice && walk->kind->huge)
		user_memory__why_not_huge(huge, partly && huge ? huge : bytes, walk->why);
	return err || walk->why[0] ? -EOPNOTSUPP : 0;
}

/* As "anon-thp/chase/65536". */
static int model(const struct chase *chase, struct chase_walk *walk, void **start)
{
	const struct chase_options *options = &chase->options;
	char region[KMB_TLB_REGION_LEN];
	const struct user_told told = {
		.warmup = (uint64_t)options->warmup * walk->lines,
		.loads = (uint64_t)options->passes * walk->lines, .region = region,
	};

	snprintf(region, sizeof(region), "%s/%s/%zu", walk->kind->name, walk->pattern->name,
		 walk->lines * user_page_bytes());
	return user_model__walk(start, &told, &walk->modelled);
}

/* What is timed is not counted: counters cost time where they begin and end. */
static int time_and_count(struct chase *chase, struct chase_walk *walk,
			  const struct user_memory *memory)
{
	void **start = user_memory__line(memory, 0);
	int err = user_walk__lay(memory, walk->lines, walk->pattern);
	uint32_t i;

	if (err)
		return err;
	walk->laps = calloc(chase->options.laps, sizeof(*walk->laps));
	if (!walk->laps)
		return -ENOMEM;
	for (i = 0; i < chase->options.laps; i++)
		user_walk__go(start, walk->lines, walk->loads, &walk->laps[i]);
	err = user_counts__walk(&walk->counts, &chase->events, start, walk->lines, walk->loads);
	return err ? err : model(chase, walk, start);
}

static int walk_one(struct chase *chase, struct chase_walk *walk)
{
	struct user_memory memory;
	int err = allow(walk);

	walk->before = system__direct_map("");
	if (!err)
		err = user_memory__map(&memory, walk->kind, walk->lines, walk->why);
	if (err) {
		walk->after = walk->before;
		return 0;
	}
	if (!look(walk, &memory, chase->options.partly))
		err = time_and_count(chase, walk, &memory);
	user_memory__unmap(&memory);
	walk->after = system__direct_map("");
	return err;
}

/* Where this fails laps still say so. */
static void stay_on_a_cpu(struct chase *chase)
{
	int cpu = own_process__stay();

	chase->cpu = cpu < 0 ? CPU_SETSIZE : cpu;
}

static int walk_next(struct chase *chase, size_t nr)
{
	struct chase_walk *walk = &chase->walks[nr];

	if (chase->options.next)
		chase->options.next(nr, chase->nr, walk->kind->name,
				    walk->lines * user_page_bytes());
	return walk_one(chase, walk);
}

/**
 * chase__run() - walk
 * @chase: of chase__select().
 *
 * The calling thread stays on one CPU from here on.
 *
 * Return: 0, also where some could not be done; -ECANCELED: it was stopped; -ENOMEM.
 */
int chase__run(struct chase *chase)
{
	struct user_moment begun;
	size_t i;
	int err;

	stay_on_a_cpu(chase);
	err = pmu_probe__here(&chase->events);
	begun = user_clock__now();
	for (i = 0; i < chase->nr && !err; i++)
		err = chase->options.stopped() ? -ECANCELED : walk_next(chase, i);
	chase->clock_hz = user_clock__hz(&begun);
	return err;
}

/**
 * chase_walk__fastest() - how long a lap takes that nothing disturbs
 * @laps: all laps of a walk.
 * @nr: how many, from 1.
 *
 * Return: ticks of the fastest: what comes between only ever adds to them.
 */
uint64_t chase_walk__fastest(const struct user_lap *laps, uint32_t nr)
{
	uint64_t ticks = laps[0].ticks;
	uint32_t i;

	for (i = 1; i < nr; i++)
		if (laps[i].ticks < ticks)
			ticks = laps[i].ticks;
	return ticks;
}

static json_t *laps_json(const struct chase *chase, const struct chase_walk *walk)
{
	json_t *all = json_array();
	uint32_t i;

	for (i = 0; i < chase->options.laps && walk->laps; i++)
		json_array_append_new(all, json_pack("{s:I, s:I}", "ticks",
						     (json_int_t)walk->laps[i].ticks,
						     "switches",
						     (json_int_t)walk->laps[i].switches));
	return all;
}

/**
 * chase_walk__json() - a walk as an object of JSON
 * @chase: to which it belongs.
 * @walk: done by chase__run().
 *
 * Return: the object, the caller's.
 */
json_t *chase_walk__json(const struct chase *chase, const struct chase_walk *walk)
{
	bool known = !walk->why[0];

	return json_pack("{s:s, s:s, s:I, s:I, s:I, s:o, s:I, s:o, s:o, s:o, s:o, s:I, s:o}",
			 "kind", walk->kind->name, "pattern", walk->pattern->name,
			 "lines", (json_int_t)walk->lines,
			 "bytes", (json_int_t)(walk->lines * user_page_bytes()),
			 "held_bytes", (json_int_t)walk->held_bytes,
			 "unavailable", known ? json_null() : json_string(walk->why),
			 "loads", (json_int_t)walk->loads,
			 "laps", laps_json(chase, walk),
			 "mapping", known ? user_mapping__json(&walk->mapping) : json_null(),
			 "direct_map", tlb_json__direct_map(&walk->before, &walk->after),
			 "counters", walk->laps ? user_counts__json(&walk->counts, &chase->events) :
			 json_null(), "model_passes", (json_int_t)chase->options.passes, "model",
			 tlb_json__counts(&walk->modelled.model, &walk->modelled.counts));
}

/**
 * chase__free() - forget them
 * @chase: was given to chase__select(), with or without success.
 */
void chase__free(struct chase *chase)
{
	size_t i;

	for (i = 0; i < chase->nr; i++)
		free(chase->walks[i].laps);
	free(chase->walks);
}
