// SPDX-License-Identifier: GPL-2.0
/*
 * Fragmentation in a closed loop: the measure is the kernel's own, each level is
 * reached, small requests succeed meanwhile, what is wrong is refused before anything
 * is taken, and closing the file gives everything back, by whatever it is closed.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <unistd.h>

#include "buddyinfo.h"
#include "frag_level.h"
#include "guest.h"

#define NR(_array)	(sizeof(_array) / sizeof((_array)[0]))
#define DEBUGFS		"/sys/kernel/debug"
/* How often to read until nothing changed in between. */
#define READ_TRIES	100
/* Seconds in which a level is reached. */
#define REACH_SECONDS	10
#define CYCLES		100

/* Nothing but the order, the index and the spread differs from test to test. */
static const struct frag_options normal = {
	.device = DEVICE_PATH, .order = 4, .share = 90, .seed = 1,
};

/*
 * The lines of a file in debugfs, thousandths of each order one after the other, all
 * zones in a row.
 */
static int read_indices(const char *name, int *values, int most)
{
	char path[128], word[32];
	int nr = 0, whole, part;
	FILE *file;

	snprintf(path, sizeof(path), DEBUGFS "/extfrag/%s", name);
	file = fopen(path, "re");
	while (file && nr < most && fscanf(file, "%31s", word) == 1)
		if (sscanf(word, "%d.%d", &whole, &part) == 2)
			values[nr++] = whole * 1000 + (word[0] == '-' ? -part : part);
	if (file)
		fclose(file);
	return nr;
}

static bool zones_equal(const struct buddyinfo *a, const struct buddyinfo *b)
{
	return a->nr == b->nr && !memcmp(a->zones, b->zones, a->nr * sizeof(*a->zones));
}

/**
 * struct snapshot - what the kernel said, of one moment
 * @info: /proc/buddyinfo.
 * @nr: indices of each of these:
 * @unusable: of debugfs.
 * @extfrag: likewise.
 */
struct snapshot {
	struct buddyinfo info;
	int nr;
	int unusable[8 * FREE_BLOCKS_ORDERS];
	int extfrag[8 * FREE_BLOCKS_ORDERS];
};

static bool snapshot__take(struct snapshot *now)
{
	int most = NR(now->unusable), tries;
	struct buddyinfo before;
	bool same = false;

	for (tries = 0; tries < READ_TRIES && !same; tries++) {
		if (tries)
			buddyinfo__free(&now->info);
		buddyinfo__read(&before, "");
		now->nr = read_indices("unusable_index", now->unusable, most);
		same = read_indices("extfrag_index", now->extfrag, most) == now->nr;
		buddyinfo__read(&now->info, "");
		same &= zones_equal(&before, &now->info) && now->nr;
		buddyinfo__free(&before);
	}
	return same;
}

/* Empty: all the same. */
static void compare(const struct snapshot *now, char *why)
{
	int i = 0, unusable, extfrag;
	uint32_t order;
	size_t zone;

	why[0] = '\0';
	for (zone = 0; zone < now->info.nr; zone++) {
		const struct free_blocks *free = &now->info.zones[zone].free;

		for (order = 0; order < free->nr_orders; order++, i++) {
			unusable = free_blocks__unusable(free, order) / 1000;
			extfrag = free_blocks__extfrag(free, order);
			if (unusable != now->unusable[i] || extfrag != now->extfrag[i])
				snprintf(why, WHY_LEN, "%s, order %u: %d and %d, the kernel has %d and %d",
					 now->info.zones[zone].name, order, unusable,
					 extfrag, now->unusable[i], now->extfrag[i]);
		}
	}
	if (i != now->nr)
		snprintf(why, WHY_LEN, "%d indices, the kernel has %d", i, now->nr);
}

static void check_measure(const char *when)
{
	char name[128], why[WHY_LEN] = "no two readings of /proc/buddyinfo were alike, or no debugfs";
	struct snapshot now;
	bool taken = snapshot__take(&now);

	if (taken)
		compare(&now, why);
	snprintf(name, sizeof(name), "indices are the kernel's own, %s", when);
	report(name, why);
	if (!taken)
		return;
	now.info.zones[now.info.nr - 1].free.nr[0] += 1 << 20;
	compare(&now, why);
	snprintf(name, sizeof(name), "control: another buddyinfo is not, %s", when);
	report(name, why[0] ? "" : "it is not seen");
	buddyinfo__free(&now.info);
}

/* By another file, and by the one that holds the level. */
static bool small_ones_succeed(const struct device *device, char *why)
{
	return small__succeed(device, why) && module__measures(why);
}

static bool is_reached(struct frag_level *level, char *why)
{
	snprintf(why, WHY_LEN, "%s %s, reached %u in %.1f s, the module says %u", strerror(-level->err),
		 level->answer.why, level->reached, level->seconds, level->answer.after.index);
	return !level->err && frag_level__holds(level) && level->seconds < REACH_SECONDS &&
	       labs((long)level->reached - (long)level->answer.after.index) <= KMB_FRAG_TOLERANCE;
}

/* The machine may be above the lowest level by itself: then that is what is said. */
static bool is_below(const struct frag_level *level)
{
	return level->err == -ERANGE && strstr(level->answer.why, "this machine is at") &&
	       level->answer.before.index > level->answer.index + KMB_FRAG_TOLERANCE;
}

/*
 * All of it, and the index as well: the one that the next level finds, once the CPU has
 * handed over what was freed just now.
 */
static bool is_undone(const struct holdings *before, const struct frag_level *level, char *why)
{
	struct frag_options options = normal;
	struct frag_level next;
	bool undone;

	if (!holdings__are_back(before, HOLDINGS_PATIENCE, why))
		return false;
	options.order = level->answer.order;
	frag_level__reach(&next, 500000, &options);
	snprintf(why, WHY_LEN, "the index stays at %u; %s", next.answer.before.index,
		 next.answer.why);
	undone = !next.err &&
		 next.answer.before.index <= KMB_FRAG_TOLERANCE + level->answer.before.index;
	frag_level__undo(&next);
	return undone;
}

static void check_level(const struct holdings *before, uint32_t order, uint32_t index,
			uint32_t spread)
{
	struct frag_options options = normal;
	struct frag_level level;
	char name[128], why[WHY_LEN];
	bool good;

	options.order = order;
	options.spread = spread;
	frag_level__reach(&level, index, &options);
	good = is_reached(&level, why) || (!index && is_below(&level));
	printf("order %u index %u spread %u: %u, %.3f s, held %llu\n", order, index, spread,
	       level.reached, level.seconds, (unsigned long long)level.answer.held);
	snprintf(name, sizeof(name), "order %u, index %u, spread %u: reached", order, index, spread);
	report(name, good ? "" : why);
	snprintf(name, sizeof(name), "order %u, index %u, spread %u: small ones succeed", order,
		 index, spread);
	report(name, good && small_ones_succeed(&level.holder, why) ? "" : why);
	frag_level__undo(&level);
	snprintf(name, sizeof(name), "order %u, index %u, spread %u: given back", order, index,
		 spread);
	report(name, is_undone(before, &level, why) ? "" : why);
}

static const uint32_t indices[] = { 0, 250000, 500000, 750000, 900000, 990000 };

static bool is_reached_by(const struct frag_options *options, uint32_t index, char *why)
{
	struct frag_level level;
	bool good;

	frag_level__reach(&level, index, options);
	good = is_reached(&level, why) || (!index && is_below(&level));
	frag_level__undo(&level);
	return good;
}

/* All levels, by each spread; where one is not reached, why tells of the last. */
static void check_order(uint32_t order)
{
	struct frag_options options = normal;
	char name[128], why[WHY_LEN], last[WHY_LEN] = "";
	size_t i;

	options.order = order;
	for (options.spread = 0; options.spread < 3; options.spread++)
		for (i = 0; i < NR(indices); i++)
			if (!is_reached_by(&options, indices[i], why))
				memcpy(last, why, sizeof(last));
	snprintf(name, sizeof(name), "order %u: each level is reached, by each spread", order);
	report(name, last);
}

static void check_levels(const struct holdings *before)
{
	static const uint32_t orders[] = { 4, 9, 0 };
	uint32_t order;
	size_t i, j;

	for (order = 4; order <= 9; order++)
		check_order(order);

	for (i = 0; orders[i]; i++)
		for (j = 0; j < NR(indices); j++)
			check_level(before, orders[i], indices[j], (i + j) % 3);
}

/*
 * Requests for large blocks. Some succeed, as direct compaction finds what may be moved
 * of the machine's own pages: 22 of 64 were seen. Where memory is whole all do.
 */
#define LARGE 64U

/* Bytes of a slab of small objects as memory is; 0: it cannot be seen. */
static uint64_t slab_bytes_of_now(void)
{
	struct device device;
	uint64_t bytes = 0;

	if (!device__open(&device, DEVICE_PATH) && !device__hello(&device))
		bytes = small__slab_bytes(&device);
	device__close(&device);
	return bytes;
}

/*
 * Where hardly two free pages lie side by side, slabs of their wanted order soon are not to be had:
 * SLUB falls back to the smallest that holds an object, which up to a page is a page.
 */
static void check_single_pages(const struct holdings *before)
{
	struct kmb_run large = { .iterations = LARGE, .size = 1 << 20, .share = 90 };
	struct frag_options options = normal;
	uint64_t whole = slab_bytes_of_now(), single;
	struct frag_level level;
	char why[WHY_LEN];
	bool good;
	int err;

	options.order = 1;
	frag_level__reach(&level, 999000, &options);
	good = is_reached(&level, why);
	printf("single pages: index %u, held %llu\n", level.reached,
	       (unsigned long long)level.answer.held);
	report("single pages: reached", good ? "" : why);
	report("single pages: small ones succeed",
	       good && small_ones_succeed(&level.holder, why) ? "" : why);
	single = good ? small__slab_bytes(&level.holder) : 0;
	snprintf(why, WHY_LEN, "a slab of kmalloc-1k has %llu bytes, %llu where memory is whole",
		 (unsigned long long)single, (unsigned long long)whole);
	report("control: where memory is whole, slabs are of several pages",
	       whole >= 2 * (uint64_t)sysconf(_SC_PAGESIZE) ? "" : why);
	report("single pages: slabs of a page take their place",
	       single && single < whole * 3 / 4 ? "" : why);
	err = good ? device__run(&level.holder, &large) : 0;
	snprintf(why, WHY_LEN, "%s %s, %llu of %u failed", strerror(-err), large.why,
		 (unsigned long long)large.failed.count, LARGE);
	report("control: large ones fail among single pages",
	       !err && large.failed.count > LARGE / 4 ? "" : why);
	frag_level__undo(&level);
	report("single pages: given back", is_undone(before, &level, why) ? "" : why);
}

static void hold_level(void *arg)
{
	struct frag_level level;

	frag_level__reach(&level, *(uint32_t *)arg, &normal);
}

static void check_kill(const struct holdings *before)
{
	struct frag_level level = { .answer = { .order = normal.order } };
	uint32_t index = 900000;
	pid_t pid = hog__start(hold_level, &index, 0);
	char why[WHY_LEN];

	hog__wait(pid);
	frag_level__read(&level);
	snprintf(why, WHY_LEN, "the index is %u", level.reached);
	level.answer.index = index;
	report("control: what another process fragments is seen",
	       frag_level__holds(&level) ? "" : why);
	report("control: what it holds is seen",
	       holdings__are_back(before, 0, why) ? "it is not" : "");
	hog__end(pid);
	report("killed, it holds nothing", is_undone(before, &level, why) ? "" : why);
}

/**
 * struct misuse - what is refused
 * @name: for people.
 * @frag: the request.
 * @err: the negative error.
 * @says: what the reason begins with.
 */
static const struct misuse {
	const char *name;
	struct kmb_frag frag;
	int err;
	const char *says;
} misuses[] = {
	{ "no order", { .order = 0, .share = 90 }, -EINVAL, "order 0: " },
	{ "an order that is too large", { .order = 24, .share = 90 }, -EINVAL, "order 24: " },
	{ "an index above 1", { .order = 4, .index = 1000001, .share = 90 }, -EINVAL,
	  "index 1000001: " },
	{ "no such spread", { .order = 4, .spread = 3, .share = 90 }, -EINVAL, "spread 3: " },
	{ "no share", { .order = 4, .share = 0 }, -EINVAL, "share 0: " },
	{ "too large a share", { .order = 4, .share = 91 }, -EINVAL, "share 91: " },
	{ "unknown flags", { .order = 4, .share = 90, .flags = 2 }, -EINVAL, "flags 2: " },
	{ "a pad", { .order = 4, .share = 90, .pad = 1 }, -EINVAL, "pad 1: " },
	{ "too small a reserve", { .order = 4, .share = 90, .reserve = 4096 }, -EINVAL,
	  "reserve 4096: at least " },
	{ "more memory than there is", { .order = 4, .share = 90, .reserve = 1ULL << 40 }, -ENOSPC,
	  "reserve 1099511627776: " },
	{ "a share that is too small", { .order = 1, .index = 900000, .share = 10 }, -ERANGE,
	  "index 900000: " },
	{ NULL, { .order = 0 }, 0, NULL },
};

static bool is_refused(int fd_err, const struct kmb_frag *frag, const struct misuse *misuse,
		       char *why)
{
	snprintf(why, WHY_LEN, "%s: %s, %llu held", strerror(-fd_err), frag->why,
		 (unsigned long long)frag->held);
	return fd_err == misuse->err && !strncmp(frag->why, misuse->says, strlen(misuse->says)) &&
	       !frag->held && !frag->taken;
}

static void check_misuses(const struct device *device)
{
	const struct misuse *misuse;
	char name[128], why[WHY_LEN];
	struct kmb_frag frag;
	int err;

	for (misuse = misuses; misuse->name; misuse++) {
		frag = misuse->frag;
		err = device__frag(device, &frag);
		snprintf(name, sizeof(name), "refused: %s", misuse->name);
		report(name, is_refused(err, &frag, misuse, why) ? "" : why);
	}
}

/* While a level of 0.5 is held. */
static void check_misuses_while_held(const struct device *device)
{
	static const struct misuse busy = { .err = -EBUSY, .says = "memory is fragmented already" };
	struct kmb_frag frag = { .order = 4, .index = 900000, .share = 90 };
	struct frag_level level;
	char why[WHY_LEN];
	int err;

	frag_level__reach(&level, 500000, &normal);
	err = device__frag(device, &frag);
	report("refused: a second one", is_refused(err, &frag, &busy, why) ? "" : why);
	err = device__frag(&level.holder, &frag);
	report("refused: a second one by the same file",
	       is_refused(err, &frag, &busy, why) ? "" : why);
	frag_level__read(&level);
	snprintf(why, WHY_LEN, "the index is %u", level.now);
	report("and the first one stays", frag_level__holds(&level) ? "" : why);
	frag_level__undo(&level);
}

/* Takes memory so that its blocks are broken by somebody else: every other page. */
static void *punch_holes(size_t pages)
{
	size_t i, page = sysconf(_SC_PAGESIZE);
	char *memory = mmap(NULL, pages * page, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (memory == MAP_FAILED)
		return memory;
	madvise(memory, pages * page, MADV_NOHUGEPAGE);
	for (i = 0; i < pages; i++)
		memory[i * page] = 1;
	for (i = 0; i < pages; i += 2)
		madvise(memory + i * page, page, MADV_DONTNEED);
	return memory;
}

static void check_level_above(const struct device *device)
{
	static const struct misuse above = { .err = -ERANGE, .says = "index 0: this machine is at " };
	size_t pages = (400 << 20) / sysconf(_SC_PAGESIZE);
	struct kmb_frag frag = { .order = 4, .index = 0, .share = 90 };
	void *memory = punch_holes(pages);
	char why[WHY_LEN];
	int err = device__frag(device, &frag);

	report("refused: a machine that is above the level",
	       is_refused(err, &frag, &above, why) ? "" : why);
	munmap(memory, pages * sysconf(_SC_PAGESIZE));
}

static void check_check(const struct device *device, const struct holdings *before)
{
	struct kmb_frag frag = { .order = 4, .index = 500000, .share = 90,
				 .flags = KMB_FRAG_CHECK };
	struct holdings now;
	char why[WHY_LEN];
	int err = device__frag(device, &frag);

	holdings__read(&now);
	snprintf(why, WHY_LEN, "%s, %s, %llu held, %ld KiB more", strerror(-err), frag.why,
		 (unsigned long long)frag.held, now.used_kib - before->used_kib);
	report("a check takes nothing", !err && !frag.held && frag.most > 950000 &&
	       now.used_kib - before->used_kib < HOLDINGS_TOLERANCE_KIB ? "" : why);
}

static void check_cycles(const struct holdings *before)
{
	struct frag_options options = normal;
	struct frag_level level, first;
	char why[WHY_LEN] = "";
	int i, good = 0;

	options.order = 9;
	for (i = 0; i < CYCLES; i++) {
		frag_level__reach(&level, 750000, &options);
		good += is_reached(&level, why);
		frag_level__undo(&level);
		/* Against the last one, a little more each time would not be seen. */
		if (!i)
			first = level;
	}
	report("again and again, it is reached", good == CYCLES ? "" : why);
	report("and nothing stays behind", is_undone(before, &first, why) ? "" : why);
}

/**
 * frag__run() - fragment memory, and see what becomes of it
 */
void frag__run(void)
{
	struct holdings before;
	struct frag_level level;
	struct device device;
	char why[WHY_LEN];

	mount("debugfs", DEBUGFS, "debugfs", 0, NULL);
	module__measures(why);
	check_measure("calm");
	/* Once through, so that what is made on first use is there. */
	frag_level__reach(&level, 990000, &normal);
	check_measure("fragmented");
	frag_level__undo(&level);
	holdings__read(&before);
	check_levels(&before);
	check_single_pages(&before);
	check_kill(&before);
	if (device__open(&device, DEVICE_PATH) || device__hello(&device))
		report("the device can be opened", "it cannot");
	check_check(&device, &before);
	check_misuses(&device);
	check_misuses_while_held(&device);
	check_level_above(&device);
	device__close(&device);
	check_cycles(&before);
}
