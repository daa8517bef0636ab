// SPDX-License-Identifier: GPL-2.0
/*
 * A level of fragmentation and what kmalloc() did there, as JSON: "level" and
 * "response" in results/schema.json.
 */
#include <string.h>

#include "frag_json.h"
#include "json_out.h"

static json_t *response__json(const struct frag_response *response)
{
	const struct kmb_run *run = &response->answer;
	bool none = response->err;

	return json_pack("{s:s, s:s, s:s, s:i, s:I, s:I, s:I, s:I, s:I, s:o, s:o, s:o, s:o, s:o, s:s}",
			 "scenario", response->row[KMB_TABLE_SCENARIO]->name,
			 "context", response->row[KMB_TABLE_CONTEXT]->name,
			 "gfp", response->row[KMB_TABLE_GFP]->name, "order", response->order,
			 "size", (json_int_t)run->size, "asked",
			 none ? (json_int_t)0 : (json_int_t)run->iterations,
			 "got", none ? (json_int_t)0 : (json_int_t)run->op.count,
			 "vmalloced", none ? (json_int_t)0 : (json_int_t)run->vmalloced,
			 "reached", (json_int_t)response->reached,
			 "got_ticks", none ? json_null() : json_out__stats(&run->op),
			 "got_histogram", none ? json_null() : json_out__histogram(response->got),
			 "failed_ticks", none ? json_null() : json_out__stats(&run->failed),
			 "failed_histogram",
			 none ? json_null() : json_out__histogram(response->failed),
			 "events", none ? json_null() : json_out__events(&response->events),
			 "unavailable", none ? response->why[0] ? response->why :
						       strerror(-response->err) : "");
}

static json_t *responses__json(const struct frag_responses *responses)
{
	json_t *all = json_array();
	size_t i;

	for (i = 0; i < responses->nr; i++)
		json_array_append_new(all, response__json(&responses->all[i]));
	return all;
}

static json_t *state__json(const struct kmb_level *level)
{
	return json_pack("{s:I, s:I, s:i}", "free", (json_int_t)level->free,
			 "suitable", (json_int_t)level->suitable, "index", level->index);
}

static json_t *steps__json(const struct kmb_frag *answer)
{
	return json_pack("{s:I, s:I, s:I, s:I, s:I}",
			 "taken", (json_int_t)answer->taken, "broken", (json_int_t)answer->broken,
			 "added", (json_int_t)answer->added, "mended", (json_int_t)answer->mended,
			 "held", (json_int_t)answer->held);
}

static json_t *recovery__json(const struct frag_recovery *recovery)
{
	return json_pack("{s:i, s:b, s:i, s:i, s:b, s:f, s:o}",
			 "goal", recovery->goal, "compacted", recovery->compact,
			 "released", recovery->released, "index", recovery->index,
			 "back", recovery->back, "seconds", recovery->seconds,
			 "events", json_out__events(&recovery->work));
}

static json_t *movable__json(const struct frag_level *level)
{
	if (!level->part.order)
		return json_null();
	return json_pack("{s:I, s:I}", "held", (json_int_t)level->part.held,
			 "moved", (json_int_t)level->moved);
}

/**
 * frag_json__level() - a level, what was seen there and what came after it
 * @record: all of it.
 *
 * Return: an object, the caller's; NULL: no memory.
 */
json_t *frag_json__level(const struct frag_record *record)
{
	const struct frag_level *level = &record->level;
	const struct kmb_frag *answer = &level->answer;
	bool none = level->err;

	return json_pack("{s:i, s:o, s:o, s:o, s:o, s:o, s:I, s:I, s:I, s:f, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:s}",
			 "asked", answer->index, "before",
			 state__json(frag_level__before(level)),
			 "after", none ? json_null() : state__json(&answer->after),
			 "reached", none ? json_null() : json_integer(level->reached),
			 "end", none ? json_null() : json_integer(level->now),
			 "extfrag", none ? json_null() : json_integer(level->extfrag),
			 "reserve", (json_int_t)answer->reserve,
			 "free_before", (json_int_t)level->free_before,
			 "free_after", (json_int_t)level->free_after,
			 "seconds", level->seconds,
			 "steps", steps__json(answer),
			 "types", frag_types__json(&record->types),
			 "movable", none ? json_null() : movable__json(level),
			 "responses", responses__json(&record->responses),
			 "walks", frag_walks__kernel_json(&record->walks),
			 "user_walks", frag_walks__user_json(&record->walks),
			 "slabs", none ? json_null() : frag_slabs__json(&record->slabs),
			 "recovery",
			 none ? json_null() : recovery__json(&record->recovery),
			 "unavailable", none ? answer->why[0] ? answer->why :
						       strerror(-level->err) : "");
}
