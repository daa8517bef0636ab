// SPDX-License-Identifier: GPL-2.0
/*
 * The tool is ended by each signal, at several moments, in each kind of
 * scenario. Afterwards no more memory is held than before, no thread and no
 * cache is left, and the module measures again.
 */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "guest.h"

/* Seconds in which the tool ends after a signal: that of a repetition, or less. */
#define END_SECONDS	30
/* So many that none of the cells is at its end when a signal comes. */
#define REPETITIONS	1000
/* Which scenarios are ended in all ways: of so many, one. */
#define SOMETIMES	4
/* How often the controls look for what is there some of the time. */
#define CONTROL_TRIES	300
/* What the controls hold, KiB: little more than the tolerance. */
#define PLANTED_KIB	(2 * HOLDINGS_TOLERANCE_KIB)

/**
 * struct scenario - something to break off
 * @cell: what the tool is asked for.
 * @cpus: of the guest in which it is run.
 * @words: how much of it is a repetition; a second or so for a cell.
 */
static const struct scenario {
	const char *cell;
	int cpus;
	const char *words;
} scenarios[] = {
	{ "pair/task/GFP_KERNEL/64", 1, "--iterations 20000" },
	{ "pair/hardirq/GFP_ATOMIC/1024", 1, "--iterations 1000" },
	{ "pair/softirq/GFP_ATOMIC/8192", 1, "--iterations 1000" },
	{ "pair/rcu/GFP_ATOMIC/8192", 1, "--iterations 1000" },
	{ "burst1024-alloc/task/GFP_KERNEL/4096", 1, "--iterations 1000" },
	{ "burst1024-shuffled/irqsoff/GFP_ATOMIC/8192", 1, "" },
	{ "alloc/task/GFP_KERNEL/4194304", 1, "" },
	{ "kvmalloc/task/GFP_KERNEL/4194304", 1, "" },
	{ "krealloc/spinlock/GFP_ATOMIC/65536", 1, "" },
	{ "cold/task/GFP_KERNEL/1024", 1, "--iterations 100" },
	{ "bulk/softirq/GFP_ATOMIC/4096", 1, "" },
	{ "kfree_rcu/task/GFP_KERNEL/4096", 1, "" },
	{ "crowd/task/GFP_KERNEL/4096/2cpus", 2, "" },
	{ "crowd/hardirq/GFP_ATOMIC/65536/2cpus", 2, "" },
	{ "ring16-alloc/task/GFP_KERNEL/262144/2cpus", 2, "" },
	{ "ring256-free/task/GFP_KERNEL/16384/2cpus", 2, "" },
	{ "migrate/task/GFP_KERNEL/65536/2cpus", 2, "" },
	{ NULL, 0, NULL },
};

/**
 * struct ending - how to break it off
 * @name: for people.
 * @signal: the signal.
 * @inside: wait until the tool is in the module.
 * @delay_ms: then wait so long.
 * @sometimes: not in all scenarios, to save time.
 */
static const struct ending {
	const char *name;
	int signal;
	bool inside;
	unsigned int delay_ms;
	bool sometimes;
} endings[] = {
	{ "killed while it starts", SIGKILL, false, 20, true },
	{ "killed at its first ioctl", SIGKILL, true, 0, false },
	{ "killed later", SIGKILL, true, 130, false },
	{ "interrupted", SIGINT, true, 10, false },
	{ "terminated", SIGTERM, true, 50, true },
	{ NULL, 0, false, 0, false },
};

/* A signal that asks is answered by exit code 3, once it is heard. */
static bool ended_rightly(int status, int signum)
{
	if (WIFSIGNALED(status))
		return WTERMSIG(status) == signum;
	return signum != SIGKILL && WIFEXITED(status) &&
	       WEXITSTATUS(status) == 3 && tool__said("interrupted");
}

static bool break_off(const struct scenario *scenario,
		      const struct ending *ending, char *why)
{
	char words[256];
	struct tool tool = { .words = words };
	int status;
	pid_t pid;

	snprintf(words, sizeof(words), "--share 50 --repetitions %d %s %s",
		 REPETITIONS, scenario->words, scenario->cell);
	pid = tool__start(&tool);
	if (ending->inside && !tool__wait_inside(pid)) {
		hog__end(pid);
		strcpy(why, "the tool never came into the module");
		return false;
	}
	millisleep(ending->delay_ms);
	kill(pid, ending->signal);
	status = tool__wait(pid, END_SECONDS);
	if (status >= 0 && ended_rightly(status, ending->signal))
		return true;
	snprintf(why, WHY_LEN, "the tool ended with status %#x", status);
	return false;
}

static void check(const struct holdings *before,
		  const struct scenario *scenario, const struct ending *ending)
{
	char name[256], why[WHY_LEN] = "";

	snprintf(name, sizeof(name), "%s, %s", scenario->cell, ending->name);
	if (break_off(scenario, ending, why) &&
	    holdings__are_back(before, HOLDINGS_PATIENCE, why) &&
	    module__measures(why))
		why[0] = '\0';
	report(name, why);
}

static void hold_memory(void *arg)
{
	long kib;

	(void)arg;
	for (kib = 0; kib < PLANTED_KIB; kib += HOG_CHUNK / 1024)
		hog__take_chunk(0);
}

/* The check must say no, and why: at once, or in the part of a run that holds it. */
static void control(const struct holdings *before, const char *name,
		    const char *expected)
{
	char why[WHY_LEN] = "it is not seen";
	int tries = CONTROL_TRIES;

	while (tries-- && why[0])
		if (!holdings__are_back(before, 0, why) && strstr(why, expected))
			why[0] = '\0';
		else
			strcpy(why, "it is not seen");
	report(name, why);
}

static void control_memory(const struct holdings *before)
{
	pid_t pid = hog__start(hold_memory, NULL, 0);

	hog__wait(pid);
	control(before, "control: memory that is held is seen", "KiB are not");
	hog__end(pid);
}

static void control_run(const struct holdings *before, const char *words,
			const char *name, const char *expected)
{
	struct tool tool = { .words = words };
	pid_t pid = tool__start(&tool);

	tool__wait_inside(pid);
	control(before, name, expected);
	hog__end(pid);
}

static void controls(const struct holdings *before)
{
	control_memory(before);
	control_run(before, "--iterations 20000 --repetitions 1000 crowd/irqwork/GFP_ATOMIC/8",
		    "control: threads that are there are seen", "threads");
	control_run(before, "--iterations 1000 --repetitions 1000 cold/task/GFP_KERNEL/8",
		    "control: a cache that is there is seen", "caches");
}

/**
 * kill__run() - the tool is killed, interrupted, terminated
 */
void kill__run(void)
{
	long i, cpus = sysconf(_SC_NPROCESSORS_ONLN);
	const struct ending *ending;
	struct holdings before;
	char why[WHY_LEN] = "";

	/* Once through, so that what is made on first use is there. */
	module__measures(why);
	holdings__read(&before);
	controls(&before);
	for (i = 0; scenarios[i].cell; i++)
		for (ending = endings; ending->name; ending++)
			if (scenarios[i].cpus == cpus &&
			    (!ending->sometimes || i % SOMETIMES == 0))
				check(&before, &scenarios[i], ending);
}
