// SPDX-License-Identifier: GPL-2.0
/*
 * No memory: the kernel kills the tool in the middle of a run, or another
 * process beside it. Afterwards no more is held than before, and the module
 * measures again.
 */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/klog.h>
#include <sys/wait.h>
#include <unistd.h>

#include "frag_level.h"
#include "guest.h"

/* Of klogctl(2); no header of the C library has it. */
#define SYSLOG_ACTION_READ_CLEAR	4
/* More than the kernel keeps. Not of malloc(), which would keep some of it. */
#define LOG_LEN		(256 << 10)
/* Free memory with which the tool starts, KiB: it takes 25 MiB before it measures. */
#define LITTLE_KIB	(64 << 10)
/* Seconds until the kernel has killed somebody. */
#define OOM_SECONDS	120
/* Nobody is killed before, or after, this one. */
#define OOM_FIRST	1000
#define OOM_NEVER	(-1000)

/* Takes memory until there is little; then, once told to go on, all. */
static void take_all(void *arg)
{
	while (meminfo__kib("MemAvailable") > LITTLE_KIB)
		hog__take_chunk(0);
	raise(SIGSTOP);
	while (hog__take_chunk(0) != arg)
		;
}

/* Whether the kernel says that it killed a process for want of memory. */
static bool log_tells_of(pid_t pid)
{
	static char log[LOG_LEN + 1];
	char line[64];
	int length;

	snprintf(line, sizeof(line), "Out of memory: Killed process %d (", pid);
	length = klogctl(SYSLOG_ACTION_READ_CLEAR, log, LOG_LEN);
	log[length > 0 ? length : 0] = '\0';
	return strstr(log, line);
}

/**
 * struct shortage - who is killed while what runs
 * @name: for people.
 * @tool: the tool.
 * @hog_adj: of the process that takes all memory.
 * @victim: the tool is to be killed.
 * @cpus: of the guest in which it is run.
 * @refusable: it holds so much that it may be refused before.
 */
static const struct shortage {
	const char *name;
	struct tool tool;
	int hog_adj;
	bool victim;
	int cpus;
	bool refusable;
} shortages[] = {
	{ "pair, which is killed",
	  { "--share 90 --repetitions 1000 pair/task/GFP_KERNEL/4096", OOM_FIRST },
	  0, true, 1, false },
	{ "burst of 1024, which is killed",
	  { "--share 90 --repetitions 1000 burst1024-lifo/task/GFP_KERNEL/64", OOM_FIRST },
	  0, true, 1, false },
	{ "kfree_rcu, which is killed",
	  { "--share 90 --repetitions 1000 kfree_rcu/task/GFP_KERNEL/512", OOM_FIRST },
	  0, true, 1, false },
	{ "largest size, which is killed or refused",
	  { "--share 90 --repetitions 1000 alloc/task/GFP_KERNEL/4194304",
	    OOM_FIRST }, 0, true, 1, true },
	{ "interrupt, which is killed",
	  { "--share 90 --repetitions 1000 alloc/hardirq/GFP_ATOMIC/4096", OOM_FIRST },
	  0, true, 1, false },
	{ "crowd, which is killed",
	  { "--share 90 --repetitions 1000 crowd/task/GFP_KERNEL/4096/2cpus", OOM_FIRST },
	  0, true, 2, false },
	{ "ring, which is killed",
	  { "--share 90 --repetitions 1000 ring16-alloc/task/GFP_KERNEL/16384/2cpus",
	    OOM_FIRST }, 0, true, 2, false },
	{ "pair, beside which another is killed",
	  { "--share 90 --repetitions 100 pair/task/GFP_KERNEL/4096", 0 },
	  OOM_FIRST, false, 1, false },
	{ "crowd, beside which another is killed",
	  { "--share 90 --repetitions 100 crowd/task/GFP_KERNEL/4096/2cpus", 0 },
	  OOM_FIRST, false, 2, false },
	{ NULL, { NULL, 0 }, 0, false, 0, false },
};

/* The module may well see the shortage coming, and refuse to go on. */
static bool was_refused(int status)
{
	return WIFEXITED(status) && WEXITSTATUS(status) == 2 &&
	       tool__said("bytes would be held");
}

/* Or finds no memory for itself, before the kernel kills anybody for it. */
static bool gave_up(int status)
{
	return WIFEXITED(status) && WEXITSTATUS(status) == 3 &&
	       tool__said("Cannot allocate memory");
}

static bool survived(int status)
{
	return !status || was_refused(status) || gave_up(status);
}

static void explain(char *why, const char *what, int status)
{
	char line[256];

	tool__last_line(line, sizeof(line));
	snprintf(why, WHY_LEN, "%s; the tool ended with status %#x: %s", what,
		 status, line);
}

static bool starve(const struct shortage *shortage, char *why)
{
	pid_t hog = hog__start(take_all, NULL, shortage->hog_adj);
	pid_t tool, victim;
	bool inside;
	int status;

	hog__wait(hog);
	tool = tool__start(&shortage->tool);
	victim = shortage->victim ? tool : hog;
	inside = tool__wait_inside(tool);
	kill(hog, SIGCONT);
	if (!shortage->victim)
		waitpid(hog, &status, 0);
	status = tool__wait(tool, OOM_SECONDS);
	if (shortage->victim)
		hog__end(hog);
	why[0] = '\0';
	if (!inside && !gave_up(status))
		explain(why, "the tool never came into the module", status);
	else if (shortage->victim && was_refused(status))
		strcpy(why, shortage->refusable ? "" : "the tool was refused");
	else if (shortage->victim && gave_up(status))
		why[0] = '\0';
	else if (!log_tells_of(victim))
		explain(why, "the kernel did not kill whom it should", status);
	else if (shortage->victim ? !WIFSIGNALED(status) : !survived(status))
		explain(why, "somebody was killed", status);
	return !why[0];
}

/* Then takes all memory. */
static void hold_level(void *arg)
{
	const struct frag_options options = { .device = DEVICE_PATH, .order = 4, .share = 90 };
	struct frag_level level;

	frag_level__reach(&level, *(uint32_t *)arg, &options);
	raise(SIGSTOP);
	while (hog__take_chunk(0) != NULL)
		;
}

static bool is_killed(pid_t pid, char *why)
{
	int status;

	kill(pid, SIGCONT);
	waitpid(pid, &status, 0);
	snprintf(why, WHY_LEN, "it ended with status %#x", status);
	return WIFSIGNALED(status) && log_tells_of(pid);
}

/* The index that another process left, once the CPU has handed over what was freed. */
static bool is_below(uint32_t index, char *why)
{
	const struct frag_options options = { .device = DEVICE_PATH, .order = 4, .share = 90 };
	struct frag_level level;

	frag_level__reach(&level, index, &options);
	snprintf(why, WHY_LEN, "the index stays at %u; %s", level.answer.before.index,
		 level.answer.why);
	frag_level__undo(&level);
	return level.answer.before.free && level.answer.before.index < index / 2;
}

static void check_holder(const struct holdings *before)
{
	struct frag_level level = { .answer = { .order = 4 } };
	uint32_t index = 900000;
	pid_t pid = hog__start(hold_level, &index, OOM_FIRST);
	char why[WHY_LEN];

	hog__wait(pid);
	frag_level__read(&level);
	level.answer.index = index;
	snprintf(why, WHY_LEN, "the index is %u", level.reached);
	report("control: a level that is held is seen", frag_level__holds(&level) ? "" : why);
	report("who holds a level of fragmentation, and is killed",
	       is_killed(pid, why) && holdings__are_back(before, HOLDINGS_PATIENCE, why) &&
	       is_below(index, why) && module__measures(why) ? "" : why);
}

/**
 * oom__run() - there is no memory for the tool
 */
void oom__run(void)
{
	const struct shortage *shortage;
	struct holdings before;
	char why[WHY_LEN] = "";

	set_oom_score_adj(OOM_NEVER);
	/* Once through, so that what is made on first use is there. */
	starve(&shortages[0], why);
	holdings__read(&before);
	for (shortage = shortages; shortage->name; shortage++) {
		if (shortage->cpus != sysconf(_SC_NPROCESSORS_ONLN))
			continue;
		if (starve(shortage, why) &&
		    holdings__are_back(&before, HOLDINGS_PATIENCE, why) &&
		    module__measures(why))
			why[0] = '\0';
		report(shortage->name, why);
	}
	if (sysconf(_SC_NPROCESSORS_ONLN) == 1)
		check_holder(&before);
}
