// SPDX-License-Identifier: GPL-2.0
/*
 * What this process tells the scheduler and the OOM killer of itself.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <unistd.h>

#include "own_process.h"

#define OOM_SCORE_ADJ	"/proc/self/oom_score_adj"
#define OOM_FIRST	"1000"

/**
 * own_process__stay() - have the calling thread stay on one CPU from here on
 *
 * The last that it may use: the first CPU gets most of the interrupts.
 *
 * Return: which; or a negative error: it stays nowhere.
 */
int own_process__stay(void)
{
	cpu_set_t may, on;
	int cpu = CPU_SETSIZE;

	if (sched_getaffinity(0, sizeof(may), &may))
		return -errno;
	do {
		cpu--;
	} while (cpu > 0 && !CPU_ISSET(cpu, &may));
	CPU_ZERO(&on);
	CPU_SET(cpu, &on);
	return sched_setaffinity(0, sizeof(on), &on) ? -errno : cpu;
}

/**
 * own_process__dies_first() - have the OOM killer choose this process before all others
 *
 * What the module holds for an open file counts for no process, and is given back when
 * this one is gone: no other one is to be killed for it.
 *
 * Return: 0, or a negative error.
 */
int own_process__dies_first(void)
{
	int fd = open(OOM_SCORE_ADJ, O_WRONLY | O_CLOEXEC), err = 0;

	if (fd < 0)
		return -errno;
	if (write(fd, OOM_FIRST, sizeof(OOM_FIRST) - 1) < 0)
		err = -errno;
	close(fd);
	return err;
}
