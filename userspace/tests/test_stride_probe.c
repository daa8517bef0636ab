// SPDX-License-Identifier: GPL-2.0
/*
 * The probe of what is translated at once: which walks there are, and that lines
 * stand as far apart as they say.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/prctl.h>
#include <cmocka.h>

#include "stride_probe.h"

#define LINES	256

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
	return (struct chase_options){ .kind = kind, .pattern = pattern, .laps = 2,
				       .stopped = never };
}

static void test_lines_stand_a_stride_apart(void **state)
{
	size_t page = user_page_bytes(), i, stride, offset, colours = 0;
	char why[USER_WHY_LEN];
	struct user_memory memory;

	(void)state;
	assert_int_equal(user_memory__map(&memory, user_kinds, LINES * 16, why), 0);
	assert_int_equal(memory.stride, 1);
	for (stride = 1; stride <= 16; stride *= 4) {
		memory.stride = stride;
		colours = 0;
		for (i = 0; i < LINES; i++) {
			offset = (char *)user_memory__line(&memory, i) - memory.start;
			assert_int_equal(offset / page, i * stride);
			assert_true(offset + sizeof(void *) <= memory.bytes);
			/* Each of the lines of a page as often as the others. */
			colours += offset % page / USER_LINE_BYTES;
		}
		assert_int_equal(colours, LINES * (page / USER_LINE_BYTES - 1) / 2);
	}
	user_memory__unmap(&memory);
}

static void assert_walked(json_t *walks)
{
	static const json_int_t strides[] = { 1, 2, 4, 16 };
	size_t i, each = json_array_size(walks) / 4;
	json_t *walk;

	assert_true(each > 12);
	json_array_foreach(walks, i, walk) {
		assert_int_equal(json_integer_value(json_object_get(walk, "stride_bytes")),
				 strides[i / each] * user_page_bytes());
		assert_int_equal(json_array_size(json_object_get(walk, "laps")), 2);
		if (i % each == 0)
			assert_int_equal(json_integer_value(json_object_get(walk, "lines")), 16);
	}
}

static void test_each_kind_is_walked_or_says_why_not(void **state)
{
	struct chase_options options = options_of("*", "*");
	json_t *all = stride_probe__json(&options), *kind;
	size_t i;

	(void)state;
	assert_int_equal(json_array_size(all), 2);
	json_array_foreach(all, i, kind) {
		if (json_is_null(json_object_get(kind, "unavailable")))
			assert_walked(json_object_get(kind, "walks"));
		else
			assert_int_equal(json_array_size(json_object_get(kind, "walks")), 0);
	}
	json_decref(all);
}

/* Nothing is taken for huge pages that are none. */
static void test_refused_huge_pages_are_not_probed(void **state)
{
	struct chase_options options = options_of("anon-thp", "chase");
	json_t *all, *kind;

	(void)state;
	assert_int_equal(prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0), 0);
	all = stride_probe__json(&options);
	assert_int_equal(prctl(PR_SET_THP_DISABLE, 0, 0, 0, 0), 0);
	kind = json_array_get(all, 0);
	assert_string_equal(json_string_value(json_object_get(kind, "kind")), "anon-thp");
	assert_non_null(strstr(json_string_value(json_object_get(kind, "unavailable")), "THP"));
	assert_int_equal(json_array_size(json_object_get(kind, "walks")), 0);
	json_decref(all);
}

static void test_what_is_not_asked_for_is_left_out(void **state)
{
	struct chase_options options[] = { options_of("anon-4k", "*"), options_of("*", "stride"),
					   options_of("*", "*") };
	size_t i;
	json_t *all;

	(void)state;
	options[2].stopped = at_once;
	for (i = 0; i < 3; i++) {
		all = stride_probe__json(&options[i]);
		assert_int_equal(json_array_size(all), 0);
		json_decref(all);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines_stand_a_stride_apart),
		cmocka_unit_test(test_each_kind_is_walked_or_says_why_not),
		cmocka_unit_test(test_refused_huge_pages_are_not_probed),
		cmocka_unit_test(test_what_is_not_asked_for_is_left_out),
	};

	return cmocka_run_group_tests_name("stride probe", tests, NULL, NULL) != 0;
}
