// SPDX-License-Identifier: GPL-2.0
/*
 * How free memory recovers from a level of fragmentation, once that is undone: the
 * index is read again and again until it is what it was before.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "frag_level.h"
#include "frag_recovery.h"
#include "rest.h"

#define COMPACT_MEMORY	"/proc/sys/vm/compact_memory"
#define POLL_NS		10000000

/* Return: 0, or the negative error of open(2) or write(2). */
static int compact(void)
{
	int fd = open(COMPACT_MEMORY, O_WRONLY | O_CLOEXEC);
	int err;

	if (fd < 0)
		return -errno;
	err = write(fd, "1", 1) == 1 ? 0 : -errno;
	close(fd);
	return err;
}

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec + time.tv_nsec / 1e9;
}

static int look(struct frag_recovery *recovery)
{
	int err = frag_level__now(recovery->order, &recovery->index);

	recovery->back = !err && recovery->index <= recovery->goal + KMB_FRAG_TOLERANCE;
	return err;
}

static int watch(struct frag_recovery *recovery)
{
	double began = now();
	int err;

	err = recovery->compact ? compact() : 0;
	if (!err)
		err = look(recovery);
	recovery->seconds = now() - began;
	while (!err && !recovery->back && recovery->seconds < FRAG_RECOVERY_PATIENCE) {
		rest__ns(POLL_NS);
		err = look(recovery);
		recovery->seconds = now() - began;
	}
	return err;
}

/**
 * frag_recovery__watch() - wait until the index is back
 * @recovery: its order, goal and compact say what to wait for; the rest is filled in.
 *
 * Return: 0, also where it does not come back; or a negative error: what the kernel
 * knows cannot be read, or it cannot be asked to compact.
 */
int frag_recovery__watch(struct frag_recovery *recovery)
{
	struct events before, after;
	uint32_t cpu = sched_getcpu();
	int err = look(recovery);

	recovery->released = recovery->index;
	if (err)
		return err;
	events__read(&before, "", 1, cpu);
	err = watch(recovery);
	events__read(&after, "", 1, cpu);
	events__add_since(&recovery->work, &before, &after);
	return err;
}

/**
 * frag_recovery__print() - tell a person how it went
 * @recovery: of frag_recovery__watch().
 */
void frag_recovery__print(const struct frag_recovery *recovery)
{
	printf("  undone: %.4f, then %.4f%s; %s %.4f after %.3f s\n",
	       (double)recovery->released / UNUSABLE_ONE, (double)recovery->index / UNUSABLE_ONE,
	       recovery->compact ? ", compacted" : "", recovery->back ? "back at" : "not back at",
	       (double)recovery->goal / UNUSABLE_ONE, recovery->seconds);
}
