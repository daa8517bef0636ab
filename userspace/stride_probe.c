// SPDX-License-Identifier: GPL-2.0
/*
 * A probe of what is translated at once.
 *
 * A TLB of N entries, each of G bytes, has room for N * max(1, G / stride) lines of a
 * stride. So where a host has no huge pages behind those of its guest, a chase takes
 * longer from the same number of lines on, whatever the stride; where there are some,
 * from twice as many for half the stride, or from none of these. No more lines are
 * taken than the first-level caches have room for, so no cache has a part in it.
 */
#include <fnmatch.h>
#include <stdio.h>
#include <string.h>

#include "stride_probe.h"

/* Pages from line to line: 4 to 64 KiB, where pages have 4. */
static const uint32_t strides[] = { 1, 2, 4, 16 };

#define NR_STRIDES	(sizeof(strides) / sizeof(*strides))
#define STRIDE_MOST	16
/* Fewer than any TLB's entries, and no more than fit into each set of a cache. */
#define LINES_LEAST	16
#define LINES_MOST	256
#define LAP_LOADS	16384

/* So that there are four from one number to its double. */
static uint32_t lines_after(uint32_t lines)
{
	return (lines * 1189 + 999) / 1000;
}

static const struct user_pattern *chase_pattern(void)
{
	const struct user_pattern *pattern = user_patterns;

	while (pattern->name && strcmp(pattern->name, "chase"))
		pattern++;
	return pattern->name ? pattern : NULL;
}

static json_t *laps(const struct chase_options *options, const struct user_memory *memory,
		    uint32_t lines, uint64_t loads)
{
	json_t *all = json_array();
	struct user_lap lap;
	uint32_t i;

	for (i = 0; i < options->laps; i++) {
		user_walk__go(user_memory__line(memory, 0), lines, loads, &lap);
		json_array_append_new(all, json_pack("{s:I, s:I}", "ticks",
						     (json_int_t)lap.ticks, "switches",
						     (json_int_t)lap.switches));
	}
	return all;
}

static json_t *walk(const struct chase_options *options, const struct user_memory *memory,
		    uint32_t lines)
{
	uint64_t loads = (LAP_LOADS + lines - 1) / lines * (uint64_t)lines;

	if (user_walk__lay(memory, lines, chase_pattern()))
		return NULL;
	return json_pack("{s:I, s:I, s:I, s:o}", "stride_bytes",
			 (json_int_t)(memory->stride * user_page_bytes()),
			 "lines", (json_int_t)lines, "loads", (json_int_t)loads,
			 "laps", laps(options, memory, lines, loads));
}

static json_t *walks(const struct chase_options *options, struct user_memory *memory)
{
	json_t *all = json_array();
	uint32_t lines;
	size_t i;

	for (i = 0; i < NR_STRIDES; i++) {
		memory->stride = strides[i];
		for (lines = LINES_LEAST; lines <= LINES_MOST; lines = lines_after(lines))
			if (json_array_append_new(all, walk(options, memory, lines)))
				goto free_all;
	}
	return all;

free_all:
	json_decref(all);
	return NULL;
}

static bool is_huge(const struct user_memory *memory, char why[USER_WHY_LEN])
{
	struct user_mapping mapping;

	if (user_mapping__look(&mapping, memory)) {
		snprintf(why, USER_WHY_LEN, "/proc/self/smaps cannot be read");
		return false;
	}
	if (memory->kind->advice)
		user_memory__why_not_huge(mapping.anon_huge_bytes, memory->bytes, why);
	return !why[0];
}

static json_t *probe(const struct chase_options *options, const struct user_kind *kind)
{
	char why[USER_WHY_LEN] = "";
	struct user_memory memory;
	json_t *done = NULL;

	if (!user_memory__map(&memory, kind, LINES_MOST * STRIDE_MOST, why)) {
		done = is_huge(&memory, why) ? walks(options, &memory) : json_array();
		user_memory__unmap(&memory);
	} else {
		done = json_array();
	}
	return json_pack("{s:s, s:o, s:o}", "kind", kind->name, "unavailable",
			 why[0] ? json_string(why) : json_null(), "walks", done);
}

/**
 * stride_probe__json() - probe each kind of huge pages
 * @options: which kinds and patterns, how many laps, and what stops it.
 *
 * The calling thread is to stay on one CPU, as chase__run() has it.
 *
 * Return: an array with an object a kind, the caller's; of those that the options
 * leave out there is none. NULL: no memory.
 */
json_t *stride_probe__json(const struct chase_options *options)
{
	const struct user_kind *kind;
	json_t *all = json_array();

	if (fnmatch(options->pattern, "chase", 0))
		return all;
	for (kind = user_kinds; kind->name && !options->stopped(); kind++) {
		if (!kind->huge || fnmatch(options->kind, kind->name, 0))
			continue;
		if (!json_array_append_new(all, probe(options, kind)))
			continue;
		json_decref(all);
		return NULL;
	}
	return all;
}
