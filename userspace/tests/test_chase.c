// SPDX-License-Identifier: GPL-2.0
/*
 * Walks in user space: what is chosen, in which order lines are taken, and that the
 * time is that of the loads.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "chase.h"

#define LINES	1000

static bool never(void)
{
	return false;
}

static bool at_once(void)
{
	return true;
}

static struct chase_options options_of(const char *kind, const char *pattern)
{
	return (struct chase_options){ .kind = kind, .pattern = pattern, .laps = 3,
				       .min_bytes = 64 * 1024, .max_bytes = 512 * 1024,
				       .stopped = never };
}

/* How many lines there are on the way back to the first one; at most one more. */
static uint32_t cycle_length(const uint32_t *next, uint32_t nr)
{
	uint32_t at = next[0], length = 1;

	for (; at && length <= nr; length++)
		at = next[at];
	return length;
}

static void test_order_is_a_cycle_over_all(void **state)
{
	const struct user_pattern *pattern;
	uint32_t next[LINES], nr;

	(void)state;
	for (pattern = user_patterns; pattern->name; pattern++) {
		for (nr = 1; nr <= LINES; nr++) {
			pattern->order(next, nr);
			assert_int_equal(cycle_length(next, nr), nr);
		}
	}
	/* The control: two cycles, as most permutations have. */
	for (nr = 0; nr < LINES; nr++)
		next[nr] = (nr + 2) % LINES;
	assert_int_not_equal(cycle_length(next, LINES), LINES);
}

/* Lines that follow their neighbour. */
static uint32_t sequential(const char *name)
{
	const struct user_pattern *pattern = user_patterns;
	uint32_t next[LINES], i, nr = 0;

	while (strcmp(pattern->name, name))
		pattern++;
	pattern->order(next, LINES);
	for (i = 0; i < LINES; i++)
		nr += next[i] == i + 1;
	return nr;
}

static void test_chase_is_in_random_order(void **state)
{
	(void)state;
	assert_in_range(sequential("chase"), 0, LINES / 50);
	assert_int_equal(sequential("stride"), LINES - 1);
}

static void test_walk_takes_the_lines_that_were_laid(void **state)
{
	const struct user_pattern *pattern;
	char why[USER_WHY_LEN];
	struct user_memory memory;
	void **at;
	int i;

	(void)state;
	assert_int_equal(user_memory__map(&memory, user_kinds, LINES, why), 0);
	for (pattern = user_patterns; pattern->name; pattern++) {
		assert_int_equal(user_walk__lay(&memory, LINES, pattern), 0);
		at = *user_memory__line(&memory, 0);
		for (i = 1; at != user_memory__line(&memory, 0); i++)
			at = *at;
		assert_int_equal(i, LINES);
	}
	user_memory__unmap(&memory);
}

/* So many as were asked for, before the clock is read and after it. */
static void test_walk_takes_all_loads(void **state)
{
	static const uint64_t loads[] = { 0, 1, 7, 8, 9, LINES - 1, LINES, 12345 };
	const size_t nr = sizeof(loads) / sizeof(*loads);
	struct user_memory memory;
	char why[USER_WHY_LEN];
	struct user_lap lap;
	void **start, **at;
	size_t i;

	(void)state;
	assert_int_equal(user_memory__map(&memory, user_kinds, LINES, why), 0);
	assert_int_equal(user_walk__lay(&memory, LINES, user_patterns), 0);
	start = user_memory__line(&memory, 0);
	for (i = 0; i < nr * nr; i++) {
		at = user_walk__go(start, loads[i / nr], loads[i % nr], &lap);
		assert_ptr_equal(at, user_memory__line(&memory, (loads[i / nr] + loads[i % nr]) %
						       LINES));
	}
	user_memory__unmap(&memory);
}

/* The fastest of many laps: the others may have been disturbed. */
static uint64_t fastest(void **start, uint64_t loads)
{
	uint64_t ticks = UINT64_MAX;
	struct user_lap lap;
	int i;

	for (i = 0; i < 50; i++) {
		user_walk__go(start, LINES, loads, &lap);
		if (lap.ticks < ticks)
			ticks = lap.ticks;
	}
	return ticks;
}

/* Ten times the loads take longer, and loads before the clock is read none at all. */
static void test_loads_are_what_is_timed(void **state)
{
	char why[USER_WHY_LEN];
	struct user_memory memory;
	void **start;

	(void)state;
	assert_int_equal(user_memory__map(&memory, user_kinds, LINES, why), 0);
	assert_int_equal(user_walk__lay(&memory, LINES, user_patterns), 0);
	start = user_memory__line(&memory, 0);
	assert_true(fastest(start, 100 * LINES) > 5 * fastest(start, 10 * LINES));
	assert_true(fastest(start, 1) < fastest(start, LINES));
	user_memory__unmap(&memory);
}

static void test_clock_runs_at_its_frequency(void **state)
{
	struct user_moment begun = user_clock__now(), now;
	double hz = user_clock__hz(&begun);

	(void)state;
	now = user_clock__now();
	assert_true(now.nsec - begun.nsec >= USER_CLOCK_BASE || USER_CLOCK_HZ);
	while (now.nsec - begun.nsec < 2 * USER_CLOCK_BASE)
		now = user_clock__now();
	hz *= (double)(now.nsec - begun.nsec) / (now.ticks - begun.ticks) / USER_CLOCK_NSEC;
	assert_true(hz > 0.9 && hz < 1.1);
}

static void test_fastest_lap_counts(void **state)
{
	static const struct user_lap laps[] = { { 9, 0 }, { 7, 1 }, { 2, 5 }, { 8, 0 } };

	(void)state;
	assert_int_equal(chase_walk__fastest(laps, 4), 2);
	assert_int_equal(chase_walk__fastest(laps, 2), 7);
	assert_int_equal(chase_walk__fastest(laps, 1), 9);
}

static void test_selection(void **state)
{
	struct chase_options options = options_of("anon-*", "chase");
	struct chase chase;
	size_t i;

	(void)state;
	assert_int_equal(chase__select(&chase, &options), 0);
	/* Two kinds; three doublings in four, and the last. */
	assert_int_equal(chase.nr, 2 * (3 * 4 + 1));
	for (i = 1; i < chase.nr / 2; i++)
		assert_true(chase.walks[i].lines > chase.walks[i - 1].lines);
	assert_int_equal(chase.walks[0].lines, 64 * 1024 / user_page_bytes());
	assert_int_equal(chase.walks[12].lines, 512 * 1024 / user_page_bytes());
	assert_int_equal(chase.walks[5].loads % chase.walks[5].lines, 0);
	chase__free(&chase);
	options.pattern = "walk";
	assert_int_equal(chase__select(&chase, &options), -ENOENT);
	chase__free(&chase);
	options = options_of("*", "*");
	options.max_bytes = options.min_bytes / 2;
	assert_int_equal(chase__select(&chase, &options), -ENOENT);
	chase__free(&chase);
}

static void test_all_that_can_be_walked_is(void **state)
{
	struct chase_options options = options_of("*", "*");
	struct chase chase;
	size_t i;

	(void)state;
	assert_int_equal(chase__select(&chase, &options), 0);
	assert_int_equal(chase__run(&chase), 0);
	for (i = 0; i < chase.nr; i++) {
		assert_int_equal(!chase.walks[i].laps, chase.walks[i].why[0] != '\0');
		if (!chase.walks[i].kind->huge && !chase.walks[i].kind->lent)
			assert_non_null(chase.walks[i].laps);
	}
	assert_int_equal(chase.walks[0].mapping.kernel_page_bytes, user_page_bytes());
	chase__free(&chase);
}

/* Nothing is timed that would be taken for walks over huge pages. */
static void test_refused_huge_pages_are_not_walked(void **state)
{
	struct chase_options options = options_of("anon-thp", "chase");
	struct chase chase;
	size_t i;

	(void)state;
	assert_int_equal(chase__select(&chase, &options), 0);
	assert_int_equal(prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0), 0);
	assert_int_equal(chase__run(&chase), 0);
	assert_int_equal(prctl(PR_SET_THP_DISABLE, 0, 0, 0, 0), 0);
	for (i = 0; i < chase.nr; i++) {
		assert_non_null(strstr(chase.walks[i].why, "THP"));
		assert_null(chase.walks[i].laps);
	}
	chase__free(&chase);
}

static void test_what_stops_it_stops_it(void **state)
{
	struct chase_options options = options_of("dense", "stride");
	struct chase chase;

	(void)state;
	options.stopped = at_once;
	assert_int_equal(chase__select(&chase, &options), 0);
	assert_int_equal(chase__run(&chase), -ECANCELED);
	assert_null(chase.walks[0].laps);
	chase__free(&chase);
}

/* Nothing is touched for the first time, which counters of the kernel's would tell. */
static void test_walk_faults_no_page(void **state)
{
	struct chase_options options = options_of("anon-4k", "chase");
	const struct counter_value *faults;
	struct chase chase;
	int mode;

	(void)state;
	assert_int_equal(chase__select(&chase, &options), 0);
	assert_int_equal(chase__run(&chase), 0);
	for (mode = 0; mode < EVENT_MODES; mode++) {
		faults = user_counts__find(&chase.walks[0].counts, &chase.events, mode,
					   "page-faults");
		assert_non_null(faults);
		assert_int_equal(faults->known, faults->why[0] == '\0');
		assert_int_equal(faults->value, 0);
	}
	chase__free(&chase);
}

#define PARANOID	"/proc/sys/kernel/perf_event_paranoid"
#define NOBODY		65534

static int paranoid(void)
{
	FILE *file = fopen(PARANOID, "re");
	int level = -1;

	if (!file || fscanf(file, "%d", &level) != 1)
		level = -1;
	if (file)
		fclose(file);
	return level;
}

/* Return: 0: the kernel's page faults are refused to nobody, with what would help. */
static int look_as_nobody(void)
{
	struct chase_options options = options_of("anon-4k", "chase");
	const struct counter_value *faults;
	struct chase chase;

	if (setresuid(NOBODY, NOBODY, NOBODY) || chase__select(&chase, &options) ||
	    chase__run(&chase))
		return 1;
	faults = user_counts__find(&chase.walks[0].counts, &chase.events, EVENT_MODE_KERNEL,
				   "page-faults");
	return faults->known || !strstr(faults->why, "EACCES") ||
	       !strstr(faults->why, "kernel.perf_event_paranoid") || chase.walks[0].why[0];
}

/* The walk is timed all the same. */
static void test_paranoid_kernel_is_told(void **state)
{
	int status = 1;
	pid_t child;

	(void)state;
	if (geteuid() || paranoid() < 2) {
		print_message("not root, or %s is below 2\n", PARANOID);
		skip();
	}
	fflush(NULL);
	child = fork();
	assert_true(child >= 0);
	if (!child)
		_exit(look_as_nobody());
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_order_is_a_cycle_over_all),
		cmocka_unit_test(test_chase_is_in_random_order),
		cmocka_unit_test(test_walk_takes_the_lines_that_were_laid),
		cmocka_unit_test(test_walk_takes_all_loads),
		cmocka_unit_test(test_loads_are_what_is_timed),
		cmocka_unit_test(test_clock_runs_at_its_frequency),
		cmocka_unit_test(test_fastest_lap_counts),
		cmocka_unit_test(test_selection),
		cmocka_unit_test(test_all_that_can_be_walked_is),
		cmocka_unit_test(test_refused_huge_pages_are_not_walked),
		cmocka_unit_test(test_what_stops_it_stops_it),
		cmocka_unit_test(test_walk_faults_no_page),
		cmocka_unit_test(test_paranoid_kernel_is_told),
	};

	return cmocka_run_group_tests_name("chase", tests, NULL, NULL) != 0;
}
