/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the programs share that init runs in a guest in place of the tool, to
 * see whether the module gives everything back. See guest_memory.c.
 */
#ifndef KMBENCH_GUEST_H
#define KMBENCH_GUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "device.h"

#define WHY_LEN	512

/**
 * struct holdings - what the guest holds, once all that may go has gone
 * @used_kib: memory that is not free, KiB.
 * @threads: the module's threads.
 * @caches: the module's caches.
 */
struct holdings {
	long used_kib;
	int threads;
	int caches;
};

/* KiB that @used_kib may differ by, of two readings of the same. */
#define HOLDINGS_TOLERANCE_KIB	1024
/* Seconds in which kfree_rcu() gives back what it was given. */
#define HOLDINGS_PATIENCE	15

void holdings__read(struct holdings *holdings);
bool holdings__are_back(const struct holdings *before, int seconds, char *why);
long meminfo__kib(const char *key);
bool file__write(const char *path, const char *text);

/* What a child of tool__start() wrote to its stdout and stderr. */
#define TOOL_SAID	"/tmp/said"

/**
 * struct tool - how to start /bin/kmbench run
 * @words: its arguments, separated by blanks.
 * @oom_score_adj: how readily the kernel kills it when there is no memory.
 */
struct tool {
	const char *words;
	int oom_score_adj;
};

pid_t tool__start(const struct tool *tool);
bool tool__is_inside(pid_t pid);
bool tool__wait_inside(pid_t pid);
int tool__wait(pid_t pid, int seconds);
bool tool__said(const char *text);
void tool__last_line(char *line, int size);

bool small__succeed(const struct device *device, char *why);
uint64_t small__slab_bytes(const struct device *device);

void slabs__check(void);

void set_oom_score_adj(int oom_score_adj);

/* Bytes that hog__take_chunk() takes. */
#define HOG_CHUNK	(256UL << 10)

pid_t hog__start(void (*work)(void *arg), void *arg, int oom_score_adj);
void hog__wait(pid_t pid);
void *hog__take_chunk(int flags);
void hog__end(pid_t pid);

bool module__measures(char *why);
int module__unload(void);
int module__load(void);

void report(const char *name, const char *why);
void millisleep(unsigned int ms);

/* The parts, each for a boot of its own. */
void kill__run(void);
void lend__run(void);
void oom__run(void);
void null__run(void);
void unload__run(void);
void frag__run(void);
void movable__run(void);

#endif /* KMBENCH_GUEST_H */
