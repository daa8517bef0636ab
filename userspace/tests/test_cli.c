// SPDX-License-Identifier: GPL-2.0
/*
 * The tool as a user meets it where nothing can be measured: exit codes, and
 * one line for each error. Needs no module; KMBENCH is the tool.
 */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

/* Runs the tool; text receives what it prints, to stdout or stderr. */
static int run(const char *arguments, char *text, size_t size)
{
	const char *tool = getenv("KMBENCH");
	char command[1024];
	size_t length;
	FILE *pipe;

	if (!tool)
		fail_msg("KMBENCH is not set to the tool");
	snprintf(command, sizeof(command), "%s %s 2>&1", tool, arguments);
	pipe = popen(command, "r");
	assert_non_null(pipe);
	length = fread(text, 1, size - 1, pipe);
	text[length] = '\0';
	return WEXITSTATUS(pclose(pipe));
}

static void assert_says(const char *arguments, int code, const char *line)
{
	char text[4096];

	assert_int_equal(run(arguments, text, sizeof(text)), code);
	assert_string_equal(text, line);
}

static void test_missing_device_is_one_line(void **state)
{
	static const char * const commands[] = { "run", "list", "info", "check", NULL };
	char arguments[64];
	int i;

	(void)state;
	for (i = 0; commands[i]; i++) {
		snprintf(arguments, sizeof(arguments), "%s --device /dev/none",
			 commands[i]);
		assert_says(arguments, 2,
			    "kmbench: /dev/none: No such file or directory; load kmbench.ko first (insmod kmbench.ko)\n");
	}
}

static void test_other_device_is_told(void **state)
{
	(void)state;
	assert_says("run --device /dev/null", 2,
		    "kmbench: /dev/null: not a kmbench device; use /dev/kmbench\n");
}

static void test_numbers_are_checked(void **state)
{
	(void)state;
	assert_says("run --iterations 12x", 2,
		    "kmbench: --iterations '12x': must be a number from 1 to 4294967294\n");
	assert_says("run --iterations -1", 2,
		    "kmbench: --iterations '-1': must be a number from 1 to 4294967294\n");
	assert_says("run --repetitions 0", 2,
		    "kmbench: --repetitions '0': must be a number from 1 to 1000\n");
	assert_says("run --repetitions 1001", 2,
		    "kmbench: --repetitions '1001': must be a number from 1 to 1000\n");
	assert_says("run --repetitions +5", 2,
		    "kmbench: --repetitions '+5': must be a number from 1 to 1000\n");
	assert_says("run --warmup 99999999999999999999", 2,
		    "kmbench: --warmup '99999999999999999999': must be a number from 0 to 4294967294\n");
	assert_says("run --share 91", 2,
		    "kmbench: --share '91': must be a number from 1 to 90\n");
	assert_says("run --profile fast", 2,
		    "kmbench: no profile 'fast'; there are: quick standard full\n");
	assert_says("list --profile fast", 2,
		    "kmbench: no profile 'fast'; there are: quick standard full\n");
	assert_says("chase --repetitions 0", 2,
		    "kmbench: --repetitions '0': must be a number from 1 to 1000\n");
	assert_says("chase --min 1", 2,
		    "kmbench: --min '1': must be a number from 4 to 1073741824\n");
	assert_says("chase --min 64 --max 32", 2,
		    "kmbench: no kind '*' with pattern '*' of 64 to 32 KiB; see `kmbench chase --help'\n");
	assert_says("chase --kind thp", 2,
		    "kmbench: no kind 'thp' with pattern '*' of 64 to 65536 KiB; see `kmbench chase --help'\n");
	assert_says("frag --order 0", 2,
		    "kmbench: --order '0': must be a number from 1 to 23\n");
	assert_says("frag --levels 0.5,1.5", 2,
		    "kmbench: --levels '0.5,1.5': must be numbers from 0 to 1, as 0,0.25,0.5,0.75,0.9,0.99\n");
	assert_says("frag --user --demand 25", 2,
		    "kmbench: --user with --demand: that needs the module; leave one out\n");
	assert_says("frag --user --spread random", 2,
		    "kmbench: --user with --spread: that needs the module; leave one out\n");
	assert_says("frag --movable 101", 2,
		    "kmbench: --movable '101': must be a number from 0 to 100\n");
	assert_says("frag --levels ''", 2,
		    "kmbench: --levels '': must be numbers from 0 to 1, as 0,0.25,0.5,0.75,0.9,0.99\n");
	assert_says("run --cpu ''", 2,
		    "kmbench: --cpu '': must be a number from 0 to 1023\n");
}

static void test_memory_is_fragmented_by_one_at_a_time(void **state)
{
	int fd = open("/proc/buddyinfo", O_RDONLY | O_CLOEXEC);

	(void)state;
	assert_int_equal(flock(fd, LOCK_SH), 0);
	assert_says("frag --user", 2,
		    "kmbench: frag: refused: another kmbench frag fragments memory; wait until it has ended\n");
	assert_says("frag --device /dev/null", 2,
		    "kmbench: frag: refused: another kmbench frag fragments memory; wait until it has ended\n");
	close(fd);
}

static void test_nothing_is_written_when_nothing_is_measured(void **state)
{
	char text[4096];

	(void)state;
	assert_int_equal(run("run --device /dev/null --json /tmp/kmbench-none.json",
			     text, sizeof(text)), 2);
	assert_int_equal(access("/tmp/kmbench-none.json", F_OK), -1);
	assert_int_equal(access("/tmp/kmbench-none.json.tmp", F_OK), -1);
}

static void test_wrong_words_are_wrong_use(void **state)
{
	char text[4096];

	(void)state;
	assert_int_equal(run("", text, sizeof(text)), 2);
	assert_says("measure", 2,
		    "kmbench: no command 'measure'; list, info, run, check, tlb, chase or frag\n");
	assert_int_equal(run("run --bogus", text, sizeof(text)), 2);
	assert_non_null(strstr(text, "unrecognized option '--bogus'"));
}

static void test_words_where_only_options_are_known(void **state)
{
	static const char * const commands[] = { "info", "tlb", "chase", "frag", NULL };
	char arguments[64], line[128];
	int i;

	(void)state;
	for (i = 0; commands[i]; i++) {
		snprintf(arguments, sizeof(arguments), "%s pear", commands[i]);
		snprintf(line, sizeof(line),
			 "kmbench: 'pear': `kmbench %s' takes options only; see `kmbench %s --help'\n",
			 commands[i], commands[i]);
		assert_says(arguments, 2, line);
	}
}

static void test_help_and_version(void **state)
{
	char text[4096];

	(void)state;
	assert_says("--version", 0, "kmbench " KMB_VERSION "\n");
	assert_int_equal(run("--help", text, sizeof(text)), 0);
	assert_non_null(strstr(text, "list"));
	assert_int_equal(run("run --help", text, sizeof(text)), 0);
	assert_non_null(strstr(text, "--json=FILE"));
}

/* What there is memory for is walked over in its stead. */
static void test_footprint_beyond_memory_is_unavailable(void **state)
{
	static const char options[] = "chase --min 1073741824 --max 1073741824 --kind anon-4k --pattern chase --repetitions 1";
	static const char said[] = "anon-4k        chase   1073741824 unavailable: more than 50 per cent of the available memory; ";
	char text[4096];

	(void)state;
	assert_int_equal(run(options, text, sizeof(text)), 0);
	assert_non_null(strstr(text, said));
}

/* Needs neither a module nor root: the control of the errors above. */
static void test_chase_is_for_everybody(void **state)
{
	static const char options[] = "chase --max 64 --kind anon-4k --repetitions 1";
	char text[4096];

	(void)state;
	assert_int_equal(run(options, text, sizeof(text)), 0);
	assert_non_null(strstr(text, "anon-4k        chase         64     16384"));
	assert_null(strstr(text, "unavailable"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_missing_device_is_one_line),
		cmocka_unit_test(test_other_device_is_told),
		cmocka_unit_test(test_numbers_are_checked),
		cmocka_unit_test(test_memory_is_fragmented_by_one_at_a_time),
		cmocka_unit_test(test_nothing_is_written_when_nothing_is_measured),
		cmocka_unit_test(test_wrong_words_are_wrong_use),
		cmocka_unit_test(test_footprint_beyond_memory_is_unavailable),
		cmocka_unit_test(test_chase_is_for_everybody),
		cmocka_unit_test(test_words_where_only_options_are_known),
		cmocka_unit_test(test_help_and_version),
	};

	return cmocka_run_group_tests_name("cli", tests, NULL, NULL) != 0;
}
