// SPDX-License-Identifier: GPL-2.0
/*
 * Fragmentation by memory of a process: reached without the module, or with it in parts.
 * Compaction undoes it, and it is seen that it does; what the module holds stays.
 */
#include <stdio.h>
#include <string.h>

#include "frag_level.h"
#include "guest.h"

/* Times to reach a level by two parts. */
#define PARTS_TRIES	3
#define COMPACT_MEMORY	"/proc/sys/vm/compact_memory"
/* Nothing but the order and the device differs from test to test. */
static const struct frag_options without = { .order = 9, .share = 90 };

static bool compact(void)
{
	return file__write(COMPACT_MEMORY, "1");
}

/*
 * What the next level by the module finds, once the CPUs have handed over what they keep
 * of what was freed.
 */
static uint32_t index_now(uint32_t order)
{
	const struct frag_options options = {
		.device = DEVICE_PATH, .order = order, .share = 90, .seed = 1,
	};
	struct frag_level next;

	frag_level__reach(&next, 900000, &options);
	frag_level__undo(&next);
	/* Where it was not even looked, as with another level held: no index at all. */
	return next.answer.before.free ? next.answer.before.index : UINT32_MAX;
}

static void check_level(uint32_t order, uint32_t index)
{
	struct frag_options options = without;
	uint32_t after, before = index_now(order);
	char name[128], why[WHY_LEN];
	struct frag_level level;
	int err;

	options.order = order;
	err = frag_level__reach(&level, index, &options);
	snprintf(why, WHY_LEN, "%s %s, reached %u in %.1f s, %zu held", strerror(-err),
		 level.answer.why, level.reached, level.seconds, level.user.nr);
	printf("order %u, index %u: %s\n", order, index, why);
	snprintf(name, sizeof(name), "order %u, index %u: reached without the module", order, index);
	report(name, !err && frag_level__holds(&level) && level.seconds < 10 &&
	       level.user.nr ? "" : why);
	frag_level__undo(&level);
	after = index_now(order);
	snprintf(name, sizeof(name), "order %u, index %u: and given back", order, index);
	snprintf(why, WHY_LEN, "the index was %u and is %u", before, after);
	report(name, after <= before + KMB_FRAG_TOLERANCE ? "" : why);
}

/* Of a level that is held: how far it sinks when the kernel compacts. */
static uint32_t compact_away(struct frag_level *level)
{
	uint32_t now, before = level->reached;

	compact();
	/* By the module it is held already, and what the CPU keeps is little of it. */
	now = frag_level__read(level) ? 0 : level->now;
	if (level->user.nr)
		now = index_now(level->answer.order);
	return before > now ? before - now : 0;
}

static void check_compaction(const char *device, bool page_cache, bool is_gone,
			     const char *name)
{
	struct frag_options options = without;
	struct frag_level level;
	char why[WHY_LEN];
	uint32_t sunk;
	int err;

	options.device = device;
	options.movable.page_cache = page_cache;
	options.seed = 1;
	err = frag_level__reach(&level, 500000, &options);
	sunk = err ? 0 : compact_away(&level);
	snprintf(why, WHY_LEN, "%s %s, it sank by %u, %llu of %zu pages were moved",
		 strerror(-err), level.answer.why, sunk, (unsigned long long)level.moved,
		 level.user.nr);
	printf("%s: %s\n", name, why);
	report(name, !err && (sunk > 100000) == is_gone && !level.moved == !is_gone ? "" : why);
	frag_level__undo(&level);
}

static bool has_as_many_of_each(const struct frag_level *level)
{
	return level->user.nr * 10 > level->answer.held * 8 &&
	       level->user.nr * 8 < level->answer.held * 10;
}

/* What the kernel compacts of its own accord meanwhile, the module holds as well. */
static int reach_parts(struct frag_level *level, const struct frag_options *options)
{
	int err = frag_level__reach(level, 750000, options), try;

	for (try = 1; try < PARTS_TRIES && !err && !has_as_many_of_each(level); try++) {
		frag_level__undo(level);
		err = frag_level__reach(level, 750000, options);
	}
	return err;
}

/* Half of what is missing to a level, and the module has the other half. */
static void check_parts(bool page_cache)
{
	struct frag_options options = without;
	uint32_t after, before = index_now(options.order);
	struct frag_level level;
	char name[128], why[WHY_LEN];
	int err;

	options.device = DEVICE_PATH;
	options.movable = (struct user_part){ .per_cent = 50, .page_cache = page_cache };
	err = reach_parts(&level, &options);
	snprintf(why, WHY_LEN, "%s %s, reached %u, %zu and %llu held", strerror(-err),
		 level.answer.why, level.reached, level.user.nr,
		 (unsigned long long)level.answer.held);
	snprintf(name, sizeof(name), "in parts, %s: reached, with as many of each",
		 page_cache ? "page cache" : "anonymous");
	printf("%s: %s\n", name, why);
	report(name, !err && frag_level__holds(&level) && has_as_many_of_each(&level) ? "" : why);
	snprintf(name, sizeof(name), "in parts, %s: what was found before is told",
		 page_cache ? "page cache" : "anonymous");
	report(name, frag_level__before(&level)->index < level.answer.before.index ?
	       "" : "it is not");
	frag_level__undo(&level);
	after = index_now(options.order);
	snprintf(name, sizeof(name), "in parts, %s: and given back",
		 page_cache ? "page cache" : "anonymous");
	snprintf(why, WHY_LEN, "the index was %u and is %u", before, after);
	report(name, after <= before + KMB_FRAG_TOLERANCE ? "" : why);
}

/**
 * struct misuse - what is refused
 * @name: for people.
 * @index: to be reached.
 * @options: how.
 * @says: what the reason begins with.
 */
static const struct misuse {
	const char *name;
	uint32_t index;
	struct frag_options options;
	const char *says;
} misuses[] = {
	{ "an order that the kernel does not have", 1000000, { .order = 11, .share = 90 },
	  "order 11: this kernel has no such large blocks" },
	{ "a share that is too small", 900000, { .order = 9, .share = 10 }, "index 900000: " },
	{ "too small a reserve", 500000, { .order = 9, .share = 90, .reserve = 4096 },
	  "reserve 4096: at least " },
	{ "more memory than there is", 500000, { .order = 9, .share = 90, .reserve = 1ULL << 40 },
	  "reserve 1099511627776: less than " },
	{ NULL, 0, { .order = 0 }, NULL },
};

static void check_misuses(void)
{
	const struct misuse *misuse;
	struct frag_level level;
	char name[128];

	for (misuse = misuses; misuse->name; misuse++) {
		int err = frag_level__reach(&level, misuse->index, &misuse->options);

		snprintf(name, sizeof(name), "refused: %s", misuse->name);
		report(name, err && !level.user.nr && !level.user.start &&
		       !strncmp(level.answer.why, misuse->says, strlen(misuse->says)) ?
		       "" : level.answer.why);
		frag_level__undo(&level);
	}
}

/**
 * movable__run() - fragment memory by memory of this process
 */
void movable__run(void)
{
	struct holdings before;
	char why[WHY_LEN] = "";

	module__measures(why);
	/* Once through, so that what is made on first use is there. */
	compact();
	check_parts(true);
	index_now(without.order);
	holdings__read(&before);
	check_level(9, 250000);
	check_level(9, 500000);
	check_level(9, 750000);
	check_level(4, 500000);
	check_compaction(NULL, false, true, "without the module, compaction undoes it");
	check_compaction(NULL, true, true, "by the page cache, compaction undoes it");
	check_compaction(DEVICE_PATH, false, false, "control: of the module it undoes nothing");
	check_parts(false);
	check_parts(true);
	check_misuses();
	index_now(without.order);
	report("nothing stays behind",
	       holdings__are_back(&before, HOLDINGS_PATIENCE, why) ? "" : why);
}
