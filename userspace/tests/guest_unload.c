// SPDX-License-Identifier: GPL-2.0
/*
 * The module goes only when nobody uses it, then wholly, and comes again. And
 * what it holds while nobody measures.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "device.h"
#include "guest.h"

/* Files that are open at once, so that one weighs more than noise. */
#define NR_FILES	100
/* KiB that the module may hold while idle, on each CPU. */
#define IDLE_KIB	256
#define ROUNDS		10

static void report_unless(const char *name, bool good, const char *what, int err)
{
	char why[WHY_LEN] = "";

	if (!good)
		snprintf(why, WHY_LEN, "%s: %s", what, strerror(-err));
	report(name, why);
}

static void refuse_while_open(void)
{
	int fd = open(DEVICE_PATH, O_RDWR | O_CLOEXEC);
	int err = module__unload();

	report_unless("unloading is refused while the device is open",
		      fd >= 0 && err == -EWOULDBLOCK, "unload", err);
	close(fd);
}

static void refuse_while_running(const char *words, const char *name)
{
	struct tool tool = { .words = words };
	pid_t pid = tool__start(&tool);
	int tries = ROUNDS, err = 0;
	bool inside = false;

	/* In the module before and after, hence meanwhile. */
	while (!inside && !err && tries-- && tool__wait_inside(pid)) {
		err = module__unload();
		inside = err == -EWOULDBLOCK && tool__is_inside(pid);
		err = inside || err == -EWOULDBLOCK ? 0 : err;
	}
	report_unless(name, inside, "unload", err);
	hog__end(pid);
}

static int unload_and_load(char *why)
{
	int err = module__unload();

	if (!err && !access(DEVICE_PATH, F_OK))
		err = -EEXIST;
	if (!err)
		err = module__load();
	if (!err)
		err = module__measures(why) ? 0 : -EIO;
	return err;
}

/* Right after a kill, when something of the run might still be there. */
static void unload_after_kill(void)
{
	struct tool tool = { .words = "--iterations 100000 pair/rcu/GFP_ATOMIC/8" };
	char why[WHY_LEN] = "";
	int i, err = 0;

	for (i = 0; i < ROUNDS && !err; i++) {
		pid_t pid = tool__start(&tool);

		tool__wait_inside(pid);
		hog__end(pid);
		err = unload_and_load(why);
	}
	report_unless("right after a kill it can be unloaded, and loaded again",
		      !err, why, err);
}

static void unload_again_and_again(void)
{
	struct holdings before;
	char why[WHY_LEN] = "";
	int i, err = unload_and_load(why);

	holdings__read(&before);
	for (i = 0; i < ROUNDS && !err; i++)
		err = unload_and_load(why);
	report_unless("it can be unloaded and loaded again and again", !err,
		      why, err);
	holdings__are_back(&before, HOLDINGS_PATIENCE, why);
	report("and nothing stays behind", why);
}

/* Bytes of the module's code and data; 0: it is not there. */
static long module__bytes(void)
{
	FILE *file = fopen("/proc/modules", "re");
	char line[256];
	long bytes = 0;

	while (file && !bytes && fgets(line, sizeof(line), file))
		if (!strncmp(line, "kmbench ", strlen("kmbench ")))
			bytes = strtol(line + strlen("kmbench "), NULL, 10);
	if (file)
		fclose(file);
	return bytes;
}

static void hold_for_files(void *arg)
{
	long kib, all = *(long *)arg * NR_FILES;

	for (kib = 0; kib < all; kib += HOG_CHUNK / 1024)
		hog__take_chunk(0);
}

/* KiB that an open file costs; and what is planted for each of them. */
static long file__kib(long planted_kib)
{
	struct holdings before, after;
	int i, fds[NR_FILES];
	pid_t hog = 0;

	holdings__read(&before);
	if (planted_kib)
		hog = hog__start(hold_for_files, &planted_kib, 0);
	for (i = 0; i < NR_FILES; i++)
		fds[i] = open(DEVICE_PATH, O_RDWR | O_CLOEXEC);
	if (hog)
		hog__wait(hog);
	holdings__read(&after);
	for (i = 0; i < NR_FILES; i++)
		close(fds[i]);
	if (hog)
		hog__end(hog);
	return fds[NR_FILES - 1] < 0 ? -1 :
	       labs(after.used_kib - before.used_kib) / NR_FILES;
}

static void hold_idle(const char *name, long most, long planted_kib, bool good)
{
	long kib = file__kib(planted_kib), module = module__bytes() / 1024;
	char why[WHY_LEN] = "";

	printf("module %ld KiB, an open file %ld KiB, at most %ld KiB\n",
	       module, kib, most);
	if (!module || kib < 0 || (module + kib < most) != good)
		snprintf(why, WHY_LEN, "module %ld KiB, an open file %ld KiB; at most %ld KiB",
			 module, kib, most);
	report(name, why);
}

/**
 * unload__run() - the module is unloaded; what it holds while idle
 */
void unload__run(void)
{
	long most = IDLE_KIB * sysconf(_SC_NPROCESSORS_ONLN);
	char why[WHY_LEN] = "";
	int err;

	module__measures(why);
	slabs__check();
	hold_idle("control: memory that a file held would be seen", most, most, false);
	hold_idle("idle it holds less than 256 KiB a CPU", most, 0, true);
	refuse_while_open();
	refuse_while_running("--iterations 1000000 --warmup 0 pair/task/GFP_KERNEL/8",
			     "unloading is refused during a run");
	refuse_while_running("--iterations 1000000 --warmup 0 crowd/irqwork/GFP_ATOMIC/8",
			     "unloading is refused during a run in threads");
	unload_after_kill();
	unload_again_and_again();
	err = module__unload();
	report_unless("at last it is unloaded", !err && !module__bytes(),
		      "unload", err);
}
