// SPDX-License-Identifier: GPL-2.0
/*
 * Does the module give everything back, however a run ends? Run by init in a
 * guest, in place of the tool:
 *
 *	guest-memory kill	the tool is killed, interrupted, terminated
 *	guest-memory oom	there is no memory for it
 *	guest-memory null	there is none for its allocations
 *	guest-memory unload	the module is unloaded; what it holds while idle
 *	guest-memory lend	memory of the module is mapped into a process
 *	guest-memory frag	memory is fragmented
 *	guest-memory movable	the same, by memory of a process
 *
 * Writes a line of TAP for each thing that is checked. The controls come first:
 * they show that the same check sees memory, threads and caches that are held.
 */
#include <err.h>
#include <stdio.h>
#include <string.h>

#include "guest.h"

#define RESULTS	"/results.json"

static const struct part {
	const char *name;
	void (*run)(void);
} parts[] = {
	{ "kill", kill__run },
	{ "oom", oom__run },
	{ "null", null__run },
	{ "unload", unload__run },
	{ "lend", lend__run },
	{ "frag", frag__run },
	{ "movable", movable__run },
	{ NULL, NULL },
};

static FILE *results;
static int nr_reported, nr_failed;

/**
 * report() - one result
 * @name: what was checked.
 * @why: what is wrong; empty: nothing.
 */
void report(const char *name, const char *why)
{
	const char *verdict = why[0] ? "not ok" : "ok";

	nr_failed += !!why[0];
	fprintf(results, "%s %d - %s%s%s\n", verdict, ++nr_reported, name,
		why[0] ? ": " : "", why);
	fflush(results);
	printf("%s - %s%s%s\n", verdict, name, why[0] ? ": " : "", why);
}

int main(int argc, char **argv)
{
	const struct part *part;

	for (part = parts; part->name; part++)
		if (argc == 2 && !strcmp(part->name, argv[1]))
			break;
	if (!part->name)
		errx(2, "usage: guest-memory kill|oom|null|unload|lend|frag|movable");
	results = fopen(RESULTS, "w");
	if (!results)
		err(2, RESULTS);
	part->run();
	fprintf(results, "1..%d\n", nr_reported);
	fclose(results);
	return nr_failed ? 1 : 0;
}
