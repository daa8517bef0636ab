/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A made-up /proc and /sys for the tests of what reads them.
 */
#ifndef KMBENCH_TESTS_ROOT_H
#define KMBENCH_TESTS_ROOT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <cmocka.h>

/* Where the made-up files are. */
static char root__path[32];

static inline void root__put(const char *path, const char *text)
{
	char full[512], *slash;
	FILE *file;

	snprintf(full, sizeof(full), "%s%s", root__path, path);
	for (slash = full + 1; (slash = strchr(slash, '/')); slash++) {
		*slash = '\0';
		mkdir(full, 0755);
		*slash = '/';
	}
	file = fopen(full, "w");
	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

static inline int root__set_up(void **state)
{
	(void)state;
	strcpy(root__path, "/tmp/kmbench-root-XXXXXX");
	assert_non_null(mkdtemp(root__path));
	return 0;
}

static inline int root__tear_down(void **state)
{
	char command[512];

	(void)state;
	snprintf(command, sizeof(command), "rm -r %s", root__path);
	return system(command);
}

#endif /* KMBENCH_TESTS_ROOT_H */
