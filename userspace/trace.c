// SPDX-License-Identifier: GPL-2.0
/*
 * Counting the calls of a module by kmem:kmalloc and kmem:kfree.
 *
 * Each event has an instance of tracefs of its own, in which a filter keeps
 * what was called from the module's code. The buffers of all CPUs say how many
 * events came, those included that were overwritten since: nobody reads the
 * events themselves, so that the buffers can be small. Another process guards
 * all this: it removes the instances when the first one ends, killed or not.
 *
 * What could fool a reader: the events name the caller of the function, so a
 * call that a compiler turned into a jump has the caller's caller; and the
 * module's own allocations are counted like any other.
 */
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <inttypes.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdnoreturn.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include "trace.h"

#define TRACEFS		"/sys/kernel/tracing"
#define MODULES		"/proc/modules"
/* Of each CPU. Full ones are overwritten, and count nevertheless. */
#define BUFFER_KIB	"64"
/* How long a file that is still open is waited for: 1 s. */
#define REMOVE_TRIES	100
#define REMOVE_PAUSE_US	10000
/* Numbers of a buffer that tell how many events came. */
#define STATS_NR	5

static const char * const event_names[TRACE_EVENTS_NR] = {
	[TRACE_KMALLOC] = "kmalloc",
	[TRACE_KFREE] = "kfree",
};

/**
 * trace__event_name() - what an event is called
 * @event: the event, below TRACE_EVENTS_NR.
 *
 * Return: its name, without that of its system, kmem.
 */
const char *trace__event_name(enum trace_event event)
{
	return event_names[event];
}

static int trace__fail(struct trace *trace, const char *object, int err,
		       const char *hint)
{
	snprintf(trace->why, sizeof(trace->why), "%s: %s; %s", object,
		 strerror(-err), hint);
	return err;
}

/**
 * trace__find_module() - where the code of a module is
 * @modules: a file like /proc/modules.
 * @name: of the module.
 * @range: receives the answer. It may reach into what lies behind the code,
 *	but into no code of another module.
 *
 * Return: 0; -ENODEV: there is no such module; -EACCES: its address is hidden;
 * or the negative error of open(2).
 */
int trace__find_module(const char *modules, const char *name,
		       struct trace_range *range)
{
	uint64_t size, base, next = UINT64_MAX;
	char line[4096], found[64];
	FILE *file;
	int pass;

	file = fopen(modules, "re");
	if (!file)
		return -errno;
	*range = (struct trace_range){ .start = 0 };
	/* The first pass finds the module, the second its neighbour. */
	for (pass = 0; pass < 2; pass++) {
		rewind(file);
		while (fgets(line, sizeof(line), file)) {
			if (sscanf(line, "%63s %" SCNu64 " %*s %*s %*s %" SCNx64,
				   found, &size, &base) != 3)
				continue;
			if (!strcmp(found, name))
				*range = (struct trace_range){ base, base + size };
			else if (base > range->start && base < next && pass)
				next = base;
		}
	}
	fclose(file);
	if (!range->end)
		return -ENODEV;
	if (!range->start)
		return -EACCES;
	if (next < range->end)
		range->end = next;
	return 0;
}

/**
 * trace__add_stats() - count the events of one buffer
 * @path: a file like per_cpu/cpu0/stats of tracefs.
 * @seen: grows by the events that were recorded, whatever became of them.
 * @lost: grows by those that were not.
 *
 * Return: 0; -EBADMSG: the file does not say how many; or the negative error
 * of open(2).
 */
int trace__add_stats(const char *path, uint64_t *seen, uint64_t *lost)
{
	const struct {
		const char *format;
		uint64_t *sum;
	} fields[STATS_NR] = {
		{ "entries: %" SCNu64, seen },
		{ "overrun: %" SCNu64, seen },
		{ "read events: %" SCNu64, seen },
		{ "commit overrun: %" SCNu64, lost },
		{ "dropped events: %" SCNu64, lost },
	};
	unsigned int i, found = 0;
	uint64_t number;
	char line[128];
	FILE *file;

	file = fopen(path, "re");
	if (!file)
		return -errno;
	while (fgets(line, sizeof(line), file)) {
		for (i = 0; i < STATS_NR; i++) {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
			if (sscanf(line, fields[i].format, &number) != 1)
				continue;
#pragma GCC diagnostic pop
			*fields[i].sum += number;
			found++;
		}
	}
	fclose(file);
	return found == STATS_NR ? 0 : -EBADMSG;
}

static bool tracefs__is_mounted(void)
{
	struct statfs status;

	return !statfs(TRACEFS, &status) && status.f_type == TRACEFS_MAGIC;
}

/* A file of it may be open for a moment longer than its reader lives. */
static int instance__remove(const char *path)
{
	int i;

	for (i = 0; i < REMOVE_TRIES; i++) {
		if (!rmdir(path) || errno == ENOENT)
			return 0;
		if (errno != EBUSY)
			return -errno;
		usleep(REMOVE_PAUSE_US);
	}
	return -EBUSY;
}

/* The guard: waits for the end of the leash, then removes everything. */
static noreturn void trace__guard(const struct trace *trace, int leash)
{
	unsigned int i;
	int left = 0;
	char byte;

	while (read(leash, &byte, 1) < 0 && errno == EINTR)
		;
	for (i = 0; i < TRACE_EVENTS_NR; i++)
		if (instance__remove(trace->instances[i]))
			left = 1;
	if (trace->mounts && tracefs__is_mounted() &&
	    umount2(TRACEFS, MNT_DETACH))
		left = 1;
	_exit(left);
}

/* Before anything is there that it would have to remove. */
static int trace__set_guard(struct trace *trace)
{
	int leash[2];

	if (pipe2(leash, O_CLOEXEC))
		return trace__fail(trace, "pipe", -errno, "close some files");
	trace->guard = fork();
	if (!trace->guard) {
		close(leash[1]);
		trace__guard(trace, leash[0]);
	}
	close(leash[0]);
	trace->leash = leash[1];
	if (trace->guard > 0)
		return 0;
	trace->guard = 0;
	close(leash[1]);
	return trace__fail(trace, "fork", -errno, "end some processes");
}

static int trace__mount(struct trace *trace)
{
	if (!trace->mounts || !mount("tracefs", TRACEFS, "tracefs", 0, NULL))
		return 0;
	return trace__fail(trace, "mounting tracefs on " TRACEFS, -errno,
			   "the kernel needs CONFIG_EVENT_TRACING, you root");
}

static int file__put(const char *path, const char *text)
{
	int fd, err = 0;

	fd = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (write(fd, text, strlen(text)) < 0)
		err = -errno;
	if (close(fd) && !err)
		err = -errno;
	return err;
}

static int instance__put(struct trace *trace, enum trace_event event,
			 const char *name, const char *text)
{
	char path[2 * TRACE_PATH_LEN];
	int err;

	snprintf(path, sizeof(path), "%s/%s", trace->instances[event], name);
	err = file__put(path, text);
	return err ? trace__fail(trace, path, err,
				 "the kernel needs CONFIG_EVENT_TRACING") : 0;
}

static int instance__set_up(struct trace *trace, enum trace_event event,
			    const struct trace_range *range)
{
	const char *name = trace__event_name(event);
	char file[64], filter[128];
	int err;

	snprintf(filter, sizeof(filter), "call_site >= 0x%" PRIx64
		 " && call_site < 0x%" PRIx64, range->start, range->end);
	err = instance__put(trace, event, "buffer_size_kb", BUFFER_KIB);
	snprintf(file, sizeof(file), "events/kmem/%s/filter", name);
	if (!err)
		err = instance__put(trace, event, file, filter);
	snprintf(file, sizeof(file), "events/kmem/%s/enable", name);
	if (!err)
		err = instance__put(trace, event, file, "1");
	return err;
}

static int instance__make(struct trace *trace, enum trace_event event)
{
	const char *path = trace->instances[event];

	if (mkdir(path, 0700))
		return trace__fail(trace, path, -errno,
				   "it is made for a moment; be root, with tracing not locked down");
	return 0;
}

static void trace__name_instances(struct trace *trace)
{
	unsigned int i;

	for (i = 0; i < TRACE_EVENTS_NR; i++)
		snprintf(trace->instances[i], sizeof(trace->instances[i]),
			 TRACEFS "/instances/kmbench-%d-%s", getpid(),
			 trace__event_name(i));
}

/**
 * trace__open() - begin to count the calls of a module
 * @trace: to be filled; needs trace__close() also where this fails.
 * @module: its name.
 *
 * Return: 0, or a negative error: trace->why tells of what is missing.
 */
int trace__open(struct trace *trace, const char *module)
{
	struct trace_range range;
	unsigned int i;
	int err;

	memset(trace, 0, sizeof(*trace));
	err = trace__find_module(MODULES, module, &range);
	if (err)
		return trace__fail(trace, MODULES, err, err == -EACCES ?
				   "it hides addresses; set kernel.kptr_restrict to 0 or 1" :
				   "it must name the module");
	trace->mounts = !tracefs__is_mounted();
	trace__name_instances(trace);
	err = trace__set_guard(trace);
	if (!err)
		err = trace__mount(trace);
	for (i = 0; i < TRACE_EVENTS_NR && !err; i++) {
		err = instance__make(trace, i);
		if (!err)
			err = instance__set_up(trace, i, &range);
	}
	return err;
}

/**
 * trace__read() - how many events came so far
 * @trace: an open trace.
 * @counts: receives the answer.
 *
 * Return: 0, or a negative error: trace->why tells of it.
 */
int trace__read(struct trace *trace, struct trace_counts *counts)
{
	char pattern[2 * TRACE_PATH_LEN];
	unsigned int i;
	glob_t files;
	size_t cpu;
	int err = 0;

	memset(counts, 0, sizeof(*counts));
	for (i = 0; i < TRACE_EVENTS_NR && !err; i++) {
		snprintf(pattern, sizeof(pattern), "%s/per_cpu/cpu*/stats",
			 trace->instances[i]);
		if (glob(pattern, GLOB_ERR, NULL, &files))
			return trace__fail(trace, pattern, -ENOENT,
					   "no buffer says how much it has");
		for (cpu = 0; cpu < files.gl_pathc && !err; cpu++) {
			err = trace__add_stats(files.gl_pathv[cpu],
					       &counts->seen[i], &counts->lost);
			if (err)
				trace__fail(trace, files.gl_pathv[cpu], err,
					    "the buffer's statistics cannot be read");
		}
		globfree(&files);
	}
	return err;
}

/**
 * trace__close() - leave tracing as it was
 * @trace: was given to trace__open(), with or without success.
 *
 * Return: 0; -EBUSY: something of it is left, trace->why tells what.
 */
int trace__close(struct trace *trace)
{
	int status = -1;

	if (!trace->guard)
		return 0;
	close(trace->leash);
	while (waitpid(trace->guard, &status, 0) < 0 && errno == EINTR)
		;
	trace->guard = 0;
	return status ? trace__fail(trace, trace->instances[0], -EBUSY,
				    "this, its neighbour or the mount is left; remove it (rmdir, umount)") : 0;
}
