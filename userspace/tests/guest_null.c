// SPDX-License-Identifier: GPL-2.0
/*
 * Bounded memory: allocations for which there is none are counted, not
 * followed; and a run that would hold more than its share is refused before
 * anything of it is done.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "device.h"
#include "guest.h"

#ifndef MADV_DONTNEED_LOCKED
#define MADV_DONTNEED_LOCKED	24
#endif
/* Chunks with holes: memory that is free, but in single pages. */
#define NR_CHUNKS	(64UL * 1024 * 1024 / HOG_CHUNK)
/* Allocations that are asked for, of the largest size. */
#define ITERATIONS	8
#define TOOL_SECONDS	60

/* Free blocks of the largest order, in all zones: the last column. */
static long largest_blocks(void)
{
	FILE *file = fopen("/proc/buddyinfo", "re");
	char line[512], *last;
	long nr = 0;

	while (file && fgets(line, sizeof(line), file)) {
		line[strcspn(line, "\n")] = '\0';
		while ((last = strrchr(line, ' ')) && !last[1])
			*last = '\0';
		nr += last ? strtol(last, NULL, 10) : 0;
	}
	if (file)
		fclose(file);
	return nr;
}

/* Gives each second page of a chunk back. */
static void perforate(char *chunk)
{
	size_t page = sysconf(_SC_PAGESIZE), at;

	for (at = 0; chunk && at < HOG_CHUNK; at += 2 * page)
		madvise(chunk + at, page, MADV_DONTNEED_LOCKED);
}

/* Leaves memory, but no large block of it. */
static void take_blocks(void *arg)
{
	static char *chunks[NR_CHUNKS];
	size_t i;

	(void)arg;
	for (i = 0; largest_blocks(); i++)
		chunks[i % NR_CHUNKS] = hog__take_chunk(MAP_LOCKED);
	for (i = 0; i < NR_CHUNKS; i++)
		perforate(chunks[i]);
}

/* Starts the hog and waits until it has all. */
static pid_t start_hog(void)
{
	pid_t pid;

	/* Or blocks are made of pages that the hog holds. */
	file__write("/proc/sys/vm/compact_unevictable_allowed", "0");
	pid = hog__start(take_blocks, NULL, 0);
	hog__wait(pid);
	return pid;
}

static uint32_t row__index(const struct device *device, int table,
			   const char *name)
{
	uint32_t i;

	for (i = 0; i < device->info.nr_rows[table]; i++)
		if (!strcmp(device->rows[table][i].name, name))
			break;
	return i;
}

static int run_largest(struct kmb_run *run)
{
	struct device device;
	int err = device__open(&device, DEVICE_PATH);

	if (!err)
		err = device__hello(&device);
	if (!err)
		err = device__load(&device);
	if (!err) {
		run->size = device.info.max_size;
		run->scenario = row__index(&device, KMB_TABLE_SCENARIO, "alloc");
		run->gfp = row__index(&device, KMB_TABLE_GFP, "GFP_NOWAIT");
		err = device__run(&device, run);
	}
	device__close(&device);
	return err;
}

static uint64_t sum_of(const uint64_t counts[KMB_HIST_BUCKETS])
{
	uint64_t sum = 0;
	size_t i;

	for (i = 0; i < KMB_HIST_BUCKETS; i++)
		sum += counts[i];
	return sum;
}

/* That many, and as many in the histogram of those that failed. */
static void expect_failed(const char *name, uint64_t expected)
{
	static uint64_t failures[KMB_HIST_BUCKETS];
	struct kmb_run run = { .iterations = ITERATIONS, .share = 90,
			       .failures = (uintptr_t)failures };
	char why[WHY_LEN] = "";
	int err = run_largest(&run);

	if (err)
		snprintf(why, WHY_LEN, "%s, %s", strerror(-err), run.why);
	else if (run.failed.count != expected ||
		 run.failed.count + run.op.count != ITERATIONS)
		snprintf(why, WHY_LEN, "%" PRIu64 " failed, %" PRIu64 " did not",
			 (uint64_t)run.failed.count, (uint64_t)run.op.count);
	else if (sum_of(failures) != expected || (expected && !run.failed.max))
		snprintf(why, WHY_LEN, "%" PRIu64 " are in the histogram of those that failed",
			 sum_of(failures));
	report(name, why);
}

static void expect_exit(const char *name, const char *words, int code,
			const char *said, const char *unsaid)
{
	struct tool tool = { .words = words };
	int status = tool__wait(tool__start(&tool), TOOL_SECONDS);
	char why[WHY_LEN] = "";

	if (!WIFEXITED(status) || WEXITSTATUS(status) != code)
		snprintf(why, WHY_LEN, "the tool ended with status %#x", status);
	else if (!tool__said(said))
		snprintf(why, WHY_LEN, "the tool did not say '%s'", said);
	else if (unsaid && tool__said(unsaid))
		snprintf(why, WHY_LEN, "the tool said '%s'", unsaid);
	report(name, why);
}

/* Of so large ones the tool asks for two. */
#define CELL	"alloc/task/GFP_NOWAIT/4194304"

/**
 * null__run() - there is no memory for what the tool allocates
 */
void null__run(void)
{
	char why[WHY_LEN] = "";
	struct holdings before;
	pid_t hog;

	module__measures(why);
	expect_exit("control: a share that suffices is not refused",
		    "--progress --share 90 pair/task/GFP_KERNEL/64 " CELL, 0,
		    "cell 1 of 2", "bytes would be held");
	expect_exit("a share that is too small is refused before anything is done",
		    "--progress --share 1 pair/task/GFP_KERNEL/64 " CELL, 2,
		    "share 1: 8388608 bytes would be held", "cell 1 of 2");
	holdings__read(&before);
	expect_failed("control: where there are blocks none fails", 0);
	hog = start_hog();
	expect_failed("where there are none each fails, and is counted",
		      ITERATIONS);
	expect_exit("and has its column", "--share 90 --repetitions 1 " CELL,
		    0, CELL "        0       2 ", NULL);
	hog__end(hog);
	if (holdings__are_back(&before, HOLDINGS_PATIENCE, why))
		module__measures(why);
	report("afterwards all is back", why);
}
