// SPDX-License-Identifier: GPL-2.0
/*
 * Walks over memory of each kind, through the module.
 *
 * One that cannot be done says why; the others are done all the same.
 */
#include <errno.h>
#include <fnmatch.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "tlb_json.h"
#include "tlb_walks.h"

static size_t count_matches(const struct device *device, uint32_t table, const char *glob)
{
	uint32_t i;
	size_t nr = 0;

	for (i = 0; i < device->info.nr_rows[table]; i++)
		nr += !fnmatch(glob, device->rows[table][i].name, 0);
	return nr;
}

static void add_footprints(struct tlb_walks *walks, const struct kmb_row *kind,
			   const struct kmb_row *pattern,
			   const struct tlb_walks_options *options)
{
	uint64_t bytes;

	for (bytes = options->min_bytes; bytes <= options->max_bytes; bytes *= 2) {
		struct tlb_walk *one = &walks->walks[walks->nr];

		if (bytes < kind->min_size)
			continue;
		one->kind = kind;
		one->pattern = pattern;
		one->answer = (struct kmb_walk){
			.kind = kind->index, .pattern = pattern->index, .bytes = bytes,
			.passes = options->passes, .warmup = options->warmup,
			.share = options->share, .seed = 1,
		};
		walks->nr++;
	}
}

static void add_kind(struct tlb_walks *walks, const struct device *device,
		     const struct kmb_row *kind, const struct tlb_walks_options *options)
{
	const struct kmb_row *rows = device->rows[KMB_TABLE_PATTERN];
	uint32_t i;

	for (i = 0; i < device->info.nr_rows[KMB_TABLE_PATTERN]; i++)
		if (!fnmatch(options->pattern, rows[i].name, 0))
			add_footprints(walks, kind, &rows[i], options);
}

/**
 * tlb_walks__select() - choose what to walk
 * @walks: to be filled; needs tlb_walks__free().
 * @device: a loaded device.
 * @options: which.
 *
 * Return: 0; -ENOENT: nothing is of that kind, or no such pattern; -ENOMEM.
 */
int tlb_walks__select(struct tlb_walks *walks, const struct device *device,
		      const struct tlb_walks_options *options)
{
	const struct kmb_row *rows = device->rows[KMB_TABLE_KIND];
	size_t most = count_matches(device, KMB_TABLE_KIND, options->kind) *
		      count_matches(device, KMB_TABLE_PATTERN, options->pattern) * 64;
	uint32_t i;

	walks->nr = 0;
	walks->walks = calloc(most + 1, sizeof(*walks->walks));
	if (!walks->walks)
		return -ENOMEM;
	for (i = 0; i < device->info.nr_rows[KMB_TABLE_KIND]; i++)
		if (!fnmatch(options->kind, rows[i].name, 0))
			add_kind(walks, device, &rows[i], options);
	return walks->nr ? 0 : -ENOENT;
}

/*
 * What is wrong with one of them is wrong with all, or cannot be told apart; but not
 * what its footprint is to blame for.
 */
static bool ends_all(int err)
{
	return err && err != -ENOMEM && err != -ENOSPC && err != -EOPNOTSUPP && err != -EINVAL;
}

static void walk_one(struct tlb_walk *walk, const struct device *device,
		     struct counters *counters)
{
	walk->before = system__direct_map("");
	walk->err = device__walk(device, &walk->answer);
	walk->after = system__direct_map("");
	if (!walk->err)
		tlb_events__count(&walk->events, device, &walk->answer, counters);
}

static int walk_all(struct tlb_walks *walks, const struct device *device,
		    const struct tlb_walks_options *options,
		    struct counters *counters, const struct tlb_walk **failed)
{
	size_t i, done = 0;

	for (i = 0; i < walks->nr; i++) {
		struct tlb_walk *walk = &walks->walks[i];

		*failed = NULL;
		if (options->stopped())
			return -ECANCELED;
		if (options->next)
			options->next(i, walks->nr, walk->kind->name, walk->answer.bytes);
		walk_one(walk, device, counters);
		*failed = walk;
		if (ends_all(walk->err))
			return walk->err;
		done += !walk->err;
	}
	return done ? 0 : walks->walks[walks->nr - 1].err;
}

/**
 * tlb_walks__run() - walk
 * @walks: of tlb_walks__select().
 * @device: the same as there.
 * @options: the same as there.
 * @failed: receives the walk to which the error belongs; NULL: to none.
 *
 * Return: 0, also where some could not be done; -ECANCELED: it was stopped;
 * or the negative error of @failed, see struct kmb_walk.
 */
int tlb_walks__run(struct tlb_walks *walks, const struct device *device,
		   const struct tlb_walks_options *options,
		   const struct tlb_walk **failed)
{
	struct counters *counters = counters__new_of(COUNTERS_KERNEL);
	int err;

	*failed = NULL;
	if (!counters)
		return -ENOMEM;
	err = walk_all(walks, device, options, counters, failed);
	counters__delete(counters);
	return err;
}

static json_t *why_json(const struct tlb_walk *walk)
{
	if (!walk->err)
		return json_null();
	return json_string(walk->answer.why[0] ? walk->answer.why :
						 strerror(-walk->err));
}

/**
 * tlb_walk__json() - a walk as an object of JSON
 * @walk: done by tlb_walks__run().
 *
 * Return: the object, the caller's.
 */
json_t *tlb_walk__json(const struct tlb_walk *walk)
{
	const struct kmb_walk *answer = &walk->answer;

	return json_pack("{s:s, s:s, s:I, s:I, s:I, s:o, s:I, s:I, s:o, s:o, s:o, s:o}",
			 "kind", walk->kind->name, "pattern", walk->pattern->name,
			 "bytes", (json_int_t)answer->bytes,
			 "passes", (json_int_t)answer->passes,
			 "warmup", (json_int_t)answer->warmup,
			 "unavailable", why_json(walk),
			 "loads", (json_int_t)answer->loads,
			 "ticks", (json_int_t)answer->ticks,
			 "mapped", answer->is_mapped ? tlb_json__mapped(&answer->mapped) :
						       json_null(),
			 "direct_map", tlb_json__direct_map(&walk->before, &walk->after),
			 "model",
			 tlb_json__counts(&answer->model, &answer->counts), "counters",
			 walk->err ? json_null() : tlb_json__events(&walk->events));
}

/**
 * tlb_walks__free() - forget them
 * @walks: was given to tlb_walks__select(), with or without success.
 */
void tlb_walks__free(struct tlb_walks *walks)
{
	free(walks->walks);
}
