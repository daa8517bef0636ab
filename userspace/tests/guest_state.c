// SPDX-License-Identifier: GPL-2.0
/*
 * What a guest holds: memory, threads and caches of the module.
 *
 * Memory that would be given back on demand is asked back first: page cache,
 * empty slabs. What stays is compared with what stayed before.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "guest.h"

#define SLAB_DIR	"/sys/kernel/slab"
#define LINE_LEN	512

/**
 * file__write() - write to a file of the kernel's
 * @path: the file; one that is not there is left alone.
 * @text: what to write.
 *
 * Return: whether it was written.
 */
bool file__write(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	bool good;

	if (fd < 0)
		return false;
	good = write(fd, text, strlen(text)) >= 0;
	if (!good)
		fprintf(stderr, "%s: %s\n", path, strerror(errno));
	close(fd);
	return good;
}

/**
 * meminfo__kib() - a line of /proc/meminfo
 * @key: its name.
 *
 * Return: KiB; -1 where there is no such line.
 */
long meminfo__kib(const char *key)
{
	FILE *file = fopen("/proc/meminfo", "re");
	size_t length = strlen(key);
	char line[LINE_LEN];
	long kib = -1;

	while (file && kib < 0 && fgets(line, sizeof(line), file))
		if (!strncmp(line, key, length) && line[length] == ':')
			kib = strtol(line + length + 1, NULL, 10);
	if (file)
		fclose(file);
	return kib;
}

/* Each once: other names of the same cache are links. */
static void slabs__shrink(void)
{
	DIR *dir = opendir(SLAB_DIR);
	char path[LINE_LEN];
	struct dirent *entry;

	while (dir && (entry = readdir(dir))) {
		if (entry->d_type != DT_DIR || entry->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), SLAB_DIR "/%s/shrink",
			 entry->d_name);
		file__write(path, "1");
	}
	if (dir)
		closedir(dir);
}

/* Processes whose name begins with "kmbench/": the tool has no slash. */
static int threads__count(void)
{
	char path[LINE_LEN], name[LINE_LEN];
	DIR *dir = opendir("/proc");
	struct dirent *entry;
	int nr = 0;
	FILE *file;

	while (dir && (entry = readdir(dir))) {
		snprintf(path, sizeof(path), "/proc/%s/comm", entry->d_name);
		file = fopen(path, "re");
		if (!file)
			continue;
		if (fgets(name, sizeof(name), file))
			nr += !strncmp(name, "kmbench/", strlen("kmbench/"));
		fclose(file);
	}
	if (dir)
		closedir(dir);
	return nr;
}

static int caches__count(void)
{
	FILE *file = fopen("/proc/slabinfo", "re");
	char line[LINE_LEN];
	int nr = 0;

	while (file && fgets(line, sizeof(line), file))
		nr += !strncmp(line, "kmbench ", strlen("kmbench "));
	if (file)
		fclose(file);
	return nr;
}

/* Free pages that each CPU keeps for itself, which MemFree leaves out. */
static long kept_by_cpus__kib(void)
{
	FILE *file = fopen("/proc/zoneinfo", "re");
	long pages = 0, kib = sysconf(_SC_PAGESIZE) / 1024;
	char line[LINE_LEN];

	while (file && fgets(line, sizeof(line), file))
		if (!strncmp(line + strspn(line, " "), "count:", 6))
			pages += strtol(strchr(line, ':') + 1, NULL, 10);
	if (file)
		fclose(file);
	return pages * kib;
}

/**
 * holdings__read() - see what the guest holds now
 * @holdings: receives it.
 */
void holdings__read(struct holdings *holdings)
{
	file__write("/proc/sys/vm/drop_caches", "3");
	slabs__shrink();
	file__write("/proc/sys/vm/stat_refresh", "1");
	holdings->used_kib = meminfo__kib("MemTotal") - meminfo__kib("MemFree") -
			     kept_by_cpus__kib();
	holdings->threads = threads__count();
	holdings->caches = caches__count();
}

static bool holdings__exceed(const struct holdings *now,
			     const struct holdings *before, char *why)
{
	long more = now->used_kib - before->used_kib;

	if (now->threads)
		snprintf(why, WHY_LEN, "%d threads of the module are left",
			 now->threads);
	else if (now->caches)
		snprintf(why, WHY_LEN, "%d caches of the module are left",
			 now->caches);
	else if (more > HOLDINGS_TOLERANCE_KIB)
		snprintf(why, WHY_LEN, "%ld KiB are not given back", more);
	else
		return false;
	return true;
}

/* One look takes seconds on a kernel that checks everything. */
static time_t seconds__now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec;
}

/**
 * holdings__are_back() - wait until no more is held than before
 * @before: what was held then, without a thread or cache of the module.
 * @seconds: how long to wait.
 * @why: receives what is still held; empty: nothing.
 *
 * Return: whether all was given back.
 */
bool holdings__are_back(const struct holdings *before, int seconds, char *why)
{
	time_t end = seconds__now() + seconds;
	struct holdings now;

	do {
		holdings__read(&now);
		if (!holdings__exceed(&now, before, why)) {
			why[0] = '\0';
			return true;
		}
		millisleep(100);
	} while (seconds__now() < end);
	return false;
}
