// SPDX-License-Identifier: GPL-2.0
/*
 * Counters of the kernel's own: what the allocator, compaction, reclaim, the
 * scheduler and the hypervisor did.
 *
 * They are of the whole machine, but for steal (the measuring CPU), the
 * involuntary switches (the calling thread) and those of SLUB (all caches of
 * kmalloc() for that size class, whatever the flags). What could fool a
 * reader: others allocate, too; and SLUB's are there only where
 * CONFIG_SLUB_STATS is built in, which makes the allocator slower.
 */
#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "events.h"

#define LINE_LEN	4096
#define SLAB_DIR	"/sys/kernel/slab"

/**
 * struct event - a counter
 * @name: in results.
 * @path: the file that has it, "" for getrusage(2); in SLAB_DIR it is the
 *	name of a file of each cache.
 * @key: how its line begins; lines of all keys that begin so are added where
 *	it ends with '*', and '#' is the number of the measuring CPU. The kernel
 *	counts what it scans twice: by who does it, and by kind of page.
 * @field: which number of the line, from 1.
 */
struct event {
	const char *name;
	const char *path;
	const char *key;
	unsigned int field;
};

static const struct event events[EVENTS_NR] = {
	{ "alloc_slowpath", SLAB_DIR, "alloc_slowpath", 1 },
	{ "free_slowpath", SLAB_DIR, "free_slowpath", 1 },
	{ "alloc_slab", SLAB_DIR, "alloc_slab", 1 },
	{ "order_fallback", SLAB_DIR, "order_fallback", 1 },
	{ "compact_stall", "/proc/vmstat", "compact_stall", 1 },
	{ "compact_success", "/proc/vmstat", "compact_success", 1 },
	{ "compact_migrate_scanned", "/proc/vmstat", "compact_migrate_scanned", 1 },
	{ "compact_free_scanned", "/proc/vmstat", "compact_free_scanned", 1 },
	{ "pgmigrate_success", "/proc/vmstat", "pgmigrate_success", 1 },
	{ "allocstall", "/proc/vmstat", "allocstall*", 1 },
	{ "pgscan", "/proc/vmstat", "pgscan_anon|pgscan_file", 1 },
	{ "oom_kill", "/proc/vmstat", "oom_kill", 1 },
	{ "context_switches", "/proc/stat", "ctxt", 1 },
	{ "interrupts", "/proc/stat", "intr", 1 },
	{ "steal", "/proc/stat", "cpu#", 8 },
	{ "involuntary_switches", "", "", 0 },
};

static void value__fail(struct counter_value *value, const char *what,
			const char *why)
{
	value->known = false;
	value->value = 0;
	snprintf(value->why, sizeof(value->why), "%s: %s", what, why);
}

static void value__add(struct counter_value *value, uint64_t count)
{
	value->known = true;
	value->value += count;
}

/* The n-th number of a line behind its key; false where there is none. */
static bool line__number(const char *rest, unsigned int n, uint64_t *number)
{
	char *end;

	*number = 0;
	for (; n; n--) {
		errno = 0;
		*number = strtoull(rest, &end, 10);
		if (end == rest || errno)
			return false;
		rest = end;
	}
	return true;
}

/* What follows the key, one of several behind '|', on a line that has it, or NULL. */
static const char *line__after(const char *line, const char *key)
{
	size_t length, end = strcspn(line, " ");

	for (;; key += length + 1) {
		length = strcspn(key, "*|");
		if (!strncmp(line, key, length) && (key[length] == '*' || end == length))
			return line + end;
		if (key[length] != '|')
			return NULL;
	}
}

static void event__key(const struct event *event, uint32_t cpu, char *key,
		       size_t size)
{
	size_t length = strcspn(event->key, "#");

	if (event->key[length])
		snprintf(key, size, "%.*s%" PRIu32, (int)length, event->key, cpu);
	else
		snprintf(key, size, "%s", event->key);
}

#define KEY_LEN	32

/* Adds a line to each event that it is of. */
static void line__add(struct events *sum, const char *path, const char *line,
		      char keys[EVENTS_NR][KEY_LEN])
{
	const char *rest;
	uint64_t number;
	unsigned int i;

	for (i = 0; i < EVENTS_NR; i++) {
		if (keys[i][0] != line[0] || strcmp(events[i].path, path))
			continue;
		rest = line__after(line, keys[i]);
		if (rest && line__number(rest, events[i].field, &number))
			value__add(&sum->values[i], number);
	}
}

/* Adds from all lines of a file. */
static void file__read(struct events *sum, const char *root, const char *path,
		       uint32_t cpu)
{
	char full[PATH_MAX], line[LINE_LEN], keys[EVENTS_NR][KEY_LEN];
	unsigned int i;
	FILE *file;

	for (i = 0; i < EVENTS_NR; i++)
		event__key(&events[i], cpu, keys[i], KEY_LEN);
	snprintf(full, sizeof(full), "%s%s", root, path);
	file = fopen(full, "re");
	while (file && fgets(line, sizeof(line), file))
		line__add(sum, path, line, keys);
	if (file)
		fclose(file);
}

/* The size class of a cache of kmalloc(), bytes; 0 for any other cache. */
static uint64_t cache__class(const char *name)
{
	const char *last = strrchr(name, '-');
	uint64_t number;
	char *end;

	if (strncmp(name, "kmalloc-", 8))
		return 0;
	number = strtoull(last + 1, &end, 10);
	if (*end == 'k')
		number <<= 10;
	else if (*end == 'M')
		number <<= 20;
	else if (*end)
		return 0;
	return number;
}

/* The class that serves a size: the smallest that is large enough. */
static uint64_t caches__class_of(DIR *dir, uint64_t size)
{
	uint64_t best = 0, class;
	struct dirent *entry;

	rewinddir(dir);
	while ((entry = readdir(dir))) {
		class = cache__class(entry->d_name);
		if (class >= size && (!best || class < best))
			best = class;
	}
	return best;
}

static void cache__read(struct events *sum, const char *cache)
{
	char path[3 * PATH_MAX], line[LINE_LEN];
	uint64_t number;
	unsigned int i;
	FILE *file;

	for (i = 0; i < EVENTS_NR; i++) {
		if (strcmp(events[i].path, SLAB_DIR))
			continue;
		snprintf(path, sizeof(path), "%s/%s", cache, events[i].key);
		file = fopen(path, "re");
		if (!file)
			continue;
		if (fgets(line, sizeof(line), file) &&
		    line__number(line, events[i].field, &number))
			value__add(&sum->values[i], number);
		fclose(file);
	}
}

/* Without CONFIG_SLUB_STATS no cache has any; each kernel has this class. */
static bool caches__have_stats(const char *directory)
{
	char path[2 * PATH_MAX];

	snprintf(path, sizeof(path), "%s/kmalloc-128/alloc_slowpath", directory);
	return !access(path, R_OK);
}

/* All caches of the class that serves a size; none serves a large one. */
static void caches__read(struct events *sum, const char *root, uint64_t size)
{
	char path[PATH_MAX], cache[2 * PATH_MAX];
	struct dirent *entry;
	uint64_t class;
	DIR *dir;

	snprintf(path, sizeof(path), "%s" SLAB_DIR, root);
	dir = caches__have_stats(path) ? opendir(path) : NULL;
	if (!dir)
		return;
	class = caches__class_of(dir, size);
	rewinddir(dir);
	while (class && (entry = readdir(dir))) {
		if (cache__class(entry->d_name) != class)
			continue;
		snprintf(cache, sizeof(cache), "%s/%s", path, entry->d_name);
		cache__read(sum, cache);
	}
	closedir(dir);
}

static void rusage__read(struct events *sum)
{
	struct rusage usage;
	unsigned int i;

	if (getrusage(RUSAGE_THREAD, &usage))
		return;
	for (i = 0; i < EVENTS_NR; i++)
		if (!events[i].path[0])
			value__add(&sum->values[i], usage.ru_nivcsw);
}

/**
 * events__name() - what an event is called
 * @i: the event, below EVENTS_NR.
 *
 * Return: its name.
 */
const char *events__name(unsigned int i)
{
	return events[i].name;
}

/**
 * events__read() - read all counters
 * @sum: receives them; one that is not there is not known.
 * @root: the directory that /proc and /sys are in, "" but for tests.
 * @size: bytes of the objects in question; 0: they are of no cache of kmalloc().
 * @cpu: the CPU in question.
 */
void events__read(struct events *sum, const char *root, uint64_t size,
		  uint32_t cpu)
{
	const char *why = size ? "CONFIG_SLUB_STATS is off, or no slab serves the size" :
				 "the scenario has a cache of its own";
	unsigned int i;

	for (i = 0; i < EVENTS_NR; i++)
		value__fail(&sum->values[i], events[i].path,
			    strcmp(events[i].path, SLAB_DIR) ? "no such line" : why);
	file__read(sum, root, "/proc/vmstat", cpu);
	file__read(sum, root, "/proc/stat", cpu);
	if (size)
		caches__read(sum, root, size);
	rusage__read(sum);
}

/**
 * events__add_since() - add what came between two moments
 * @sum: grows; what is not known in one of the three is not known.
 * @before: the earlier moment.
 * @after: the later one.
 */
void events__add_since(struct events *sum, const struct events *before,
		       const struct events *after)
{
	unsigned int i;

	for (i = 0; i < EVENTS_NR; i++) {
		const struct counter_value *value = &after->values[i];

		if (value->known && before->values[i].known)
			value__add(&sum->values[i],
				   value->value - before->values[i].value);
		else
			sum->values[i] = *value;
	}
}
