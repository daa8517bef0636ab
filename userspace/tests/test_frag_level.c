// SPDX-License-Identifier: GPL-2.0
/*
 * Levels as a user types them, and whether one holds. Reaching them needs the module:
 * see guest_frag.c.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "frag_level.h"

static void assert_level(const char *text, uint32_t index)
{
	uint32_t found = 1;

	assert_int_equal(frag_level__parse(text, &found), 0);
	assert_int_equal(found, index);
}

static void test_levels_are_parsed(void **state)
{
	(void)state;
	assert_level("0", 0);
	assert_level("0.25", 250000);
	assert_level(".9", 900000);
	assert_level("0.999999", 999999);
	assert_level("1", 1000000);
	assert_level("1.0", 1000000);
}

static void test_other_text_is_refused(void **state)
{
	static const char * const bad[] = { "", "1.1", "2", "-0.1", "0.2x", "nan", "1e-1",
					    " 0.5", "0.2.5", ".", NULL };
	uint32_t index;
	int i;

	(void)state;
	for (i = 0; bad[i]; i++)
		assert_int_equal(frag_level__parse(bad[i], &index), -EINVAL);
}

static void test_level_holds_within_the_tolerance(void **state)
{
	struct frag_level level = { .answer = { .index = 500000 } };

	(void)state;
	level.now = 500000 - KMB_FRAG_TOLERANCE;
	assert_true(frag_level__holds(&level));
	level.now = 500000 + KMB_FRAG_TOLERANCE;
	assert_true(frag_level__holds(&level));
	level.now++;
	assert_false(frag_level__holds(&level));
	level.now = 500000 - KMB_FRAG_TOLERANCE - 1;
	assert_false(frag_level__holds(&level));
}

static void test_level_is_reached_within_the_tolerance(void **state)
{
	struct frag_level level = { .answer = { .index = 500000 }, .now = 500000 };

	(void)state;
	level.reached = 500000 + KMB_FRAG_TOLERANCE;
	assert_true(frag_level__is_reached(&level));
	level.reached++;
	assert_false(frag_level__is_reached(&level));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_levels_are_parsed),
		cmocka_unit_test(test_other_text_is_refused),
		cmocka_unit_test(test_level_holds_within_the_tolerance),
		cmocka_unit_test(test_level_is_reached_within_the_tolerance),
	};

	return cmocka_run_group_tests_name("frag_level", tests, NULL, NULL) != 0;
}
