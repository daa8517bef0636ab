// SPDX-License-Identifier: GPL-2.0
/*
 * Children of a guest's program: the tool, and what takes memory away from it;
 * and the module, which both use.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "device.h"
#include "guest.h"

#define TOOL		"/bin/kmbench"
#define MODULE		"/lib/modules/kmbench.ko"
#define WORDS_MAX	32
/* Milliseconds that the tool may need to get from exec to its first ioctl. */
#define INSIDE_MS	20000

/**
 * millisleep() - wait
 * @ms: milliseconds.
 */
void millisleep(unsigned int ms)
{
	struct timespec time = { .tv_sec = ms / 1000,
				 .tv_nsec = ms % 1000 * 1000000L };

	while (nanosleep(&time, &time) && errno == EINTR)
		;
}

/**
 * set_oom_score_adj() - how readily the kernel kills this process for memory
 * @oom_score_adj: -1000: never, to 1000: first of all.
 */
void set_oom_score_adj(int oom_score_adj)
{
	char text[16];

	snprintf(text, sizeof(text), "%d", oom_score_adj);
	file__write("/proc/self/oom_score_adj", text);
}

static void become_tool(const struct tool *tool)
{
	char *words[WORDS_MAX] = { strdup("kmbench"), strdup("run") };
	int said = open(TOOL_SAID, O_WRONLY | O_CREAT | O_TRUNC, 0600), nr = 2;
	char *all = strdup(tool->words);

	dup2(said, STDOUT_FILENO);
	dup2(said, STDERR_FILENO);
	set_oom_score_adj(tool->oom_score_adj);
	for (words[nr] = strtok(all, " "); words[nr] && nr < WORDS_MAX - 2;)
		words[++nr] = strtok(NULL, " ");
	execv(TOOL, words);
	_exit(127);
}

/**
 * tool__start() - start the tool
 * @tool: how.
 *
 * Return: its process.
 */
pid_t tool__start(const struct tool *tool)
{
	pid_t pid = fork();

	if (!pid)
		become_tool(tool);
	return pid;
}

static void run_on(int first, int last)
{
	cpu_set_t cpus;

	CPU_ZERO(&cpus);
	for (; first <= last; first++)
		CPU_SET(first, &cpus);
	sched_setaffinity(0, sizeof(cpus), &cpus);
}

static bool stack_has_module(pid_t pid)
{
	char path[64], line[256];
	bool inside = false;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/stack", pid);
	file = fopen(path, "re");
	while (file && !inside && fgets(line, sizeof(line), file))
		inside = strstr(line, "[kmbench]");
	if (file)
		fclose(file);
	return inside;
}

/**
 * tool__is_inside() - whether the tool is in the module right now
 * @pid: its process.
 *
 * The stack of a process that runs on another CPU cannot be seen. The tool runs
 * on the last one, so it is looked at from there.
 *
 * Return: whether a function of the module is on its stack.
 */
bool tool__is_inside(pid_t pid)
{
	int last = sysconf(_SC_NPROCESSORS_ONLN) - 1;
	bool inside;

	run_on(last, last);
	inside = stack_has_module(pid);
	run_on(0, last);
	return inside;
}

/**
 * tool__wait_inside() - wait until a process is in the module
 * @pid: the process.
 *
 * Return: whether it got there.
 */
bool tool__wait_inside(pid_t pid)
{
	int ms;

	for (ms = 0; ms < INSIDE_MS && !tool__is_inside(pid); ms++)
		millisleep(1);
	return ms < INSIDE_MS;
}

/**
 * tool__wait() - wait for the end of a process
 * @pid: the process; killed if it does not end.
 * @seconds: how long to wait.
 *
 * Return: what waitpid() says; -1: it did not end.
 */
int tool__wait(pid_t pid, int seconds)
{
	int status, tries = seconds * 100;

	while (!waitpid(pid, &status, WNOHANG)) {
		if (!tries--) {
			hog__end(pid);
			return -1;
		}
		millisleep(10);
	}
	return status;
}

/**
 * tool__said() - whether the tool, which has ended, said something
 * @text: what.
 *
 * Return: whether it stands in what it wrote.
 */
bool tool__said(const char *text)
{
	FILE *file = fopen(TOOL_SAID, "re");
	char line[1024];
	bool said = false;

	while (file && !said && fgets(line, sizeof(line), file))
		said = strstr(line, text);
	if (file)
		fclose(file);
	return said;
}

/**
 * tool__last_line() - what the tool, which has ended, said last
 * @line: receives it.
 * @size: of @line.
 */
void tool__last_line(char *line, int size)
{
	FILE *file = fopen(TOOL_SAID, "re");

	line[0] = '\0';
	while (file && fgets(line, size, file))
		line[strcspn(line, "\n")] = '\0';
	if (file)
		fclose(file);
}

/**
 * hog__start() - start a child that holds memory
 * @work: what it does; afterwards it stops, see hog__wait().
 * @arg: for @work.
 * @oom_score_adj: how readily the kernel kills it.
 *
 * Return: its process.
 */
pid_t hog__start(void (*work)(void *arg), void *arg, int oom_score_adj)
{
	pid_t pid = fork();

	if (pid)
		return pid;
	set_oom_score_adj(oom_score_adj);
	work(arg);
	for (;;)
		raise(SIGSTOP);
}

/**
 * hog__wait() - wait until a child has done its work, or is gone
 * @pid: the child.
 */
void hog__wait(pid_t pid)
{
	int status;

	waitpid(pid, &status, WUNTRACED);
}

/**
 * hog__take_chunk() - take memory, page by page
 * @flags: of mmap(2), more than it needs.
 *
 * Return: HOG_CHUNK bytes; NULL: there are none.
 */
void *hog__take_chunk(int flags)
{
	void *chunk = mmap(NULL, HOG_CHUNK, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS | flags, -1, 0);

	if (chunk == MAP_FAILED)
		return NULL;
	madvise(chunk, HOG_CHUNK, MADV_NOHUGEPAGE);
	memset(chunk, 1, HOG_CHUNK);
	return chunk;
}

/**
 * hog__end() - kill a child and wait for it
 * @pid: the child.
 */
void hog__end(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

/**
 * module__measures() - whether the module can be opened and measures
 * @why: receives what goes wrong.
 *
 * Return: whether it does.
 */
bool module__measures(char *why)
{
	struct kmb_run run = { .iterations = 8, .size = 64, .share = 90 };
	struct device device;
	int err;

	err = device__open(&device, DEVICE_PATH);
	if (!err)
		err = device__hello(&device);
	if (!err)
		err = device__run(&device, &run);
	device__close(&device);
	if (!err && run.op.count + run.failed.count == run.iterations)
		return true;
	snprintf(why, WHY_LEN, "the module does not measure: %s, %s",
		 strerror(-err), run.why);
	return false;
}

/**
 * module__unload() - rmmod kmbench
 *
 * Return: 0, or the negative error of delete_module(2).
 */
int module__unload(void)
{
	return syscall(SYS_delete_module, "kmbench", O_NONBLOCK) ? -errno : 0;
}

/**
 * module__load() - insmod kmbench.ko
 *
 * Return: 0, or the negative error of open(2) or finit_module(2).
 */
int module__load(void)
{
	int fd = open(MODULE, O_RDONLY | O_CLOEXEC), err = 0;

	if (fd < 0)
		return -errno;
	if (syscall(SYS_finit_module, fd, "", 0))
		err = -errno;
	close(fd);
	return err;
}
