// SPDX-License-Identifier: GPL-2.0
/*
 * How many blocks are asked for at a level; and a level and what came of it as JSON.
 * Asking needs the module: see scripts/tests/test_command_frag.py.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "frag_json.h"
#include "frag_response.h"
#include "frag_walks.h"

static void test_demand_is_a_part_of_what_is_free(void **state)
{
	const struct frag_demand demand = { .per_cent = 25, .free = 4096 };

	(void)state;
	assert_int_equal(frag_response__objects(&demand, 0, 1024), 1024);
	assert_int_equal(frag_response__objects(&demand, 0, 1000), 1000);
	assert_int_equal(frag_response__objects(&demand, 4, 1024), 64);
	assert_int_equal(frag_response__objects(&demand, 10, 1024), 1);
	assert_int_equal(frag_response__objects(&demand, 12, 1024), 1);
}

static const struct kmb_row rows[3] = {
	{ .name = "demand" }, { .name = "task" }, { .name = "GFP_KERNEL" },
};

static json_t *response_of(struct frag_response *response)
{
	const struct frag_record record = {
		.responses = { .nr = 1, .all = response }, .recovery = { .goal = 7 },
		.level = { .part = { .order = 9, .before = { .index = 5 }, .held = 3 },
			   .moved = 2 },
	};
	json_t *json, *one;

	response->row[0] = &rows[0];
	response->row[1] = &rows[1];
	response->row[2] = &rows[2];
	json = frag_json__level(&record);
	assert_non_null(json);
	assert_int_equal(json_integer_value(json_object_get(json_object_get(json, "before"),
							    "index")), 5);
	assert_int_equal(json_integer_value(json_object_get(json_object_get(json, "movable"),
							    "moved")), 2);
	assert_int_equal(json_integer_value(json_object_get(json_object_get(json, "movable"),
							    "held")), 3);
	assert_int_equal(json_integer_value(json_object_get(json_object_get(json, "recovery"),
							    "goal")), 7);
	one = json_incref(json_array_get(json_object_get(json, "responses"), 0));
	json_decref(json);
	return one;
}

static long number(const json_t *object, const char *key)
{
	return json_integer_value(json_object_get(object, key));
}

static void test_outcomes_are_apart(void **state)
{
	uint64_t counts[KMB_HIST_BUCKETS] = { 0 };
	struct frag_response response = {
		.answer = { .iterations = 5, .op = { 2, 10, 5, 5 }, .failed = { 3, 21, 7, 7 } },
	};
	json_t *one;

	(void)state;
	counts[5] = 2;
	response.got = histogram__new(counts);
	counts[5] = 0;
	counts[7] = 3;
	response.failed = histogram__new(counts);
	one = response_of(&response);
	assert_int_equal(number(one, "asked"), 5);
	assert_int_equal(number(one, "got"), 2);
	assert_int_equal(number(json_object_get(one, "got_ticks"), "sum"), 10);
	assert_int_equal(number(json_object_get(one, "failed_ticks"), "sum"), 21);
	assert_string_equal(json_string_value(json_object_get(one, "unavailable")), "");
	json_decref(one);
	histogram__delete(response.got);
	histogram__delete(response.failed);
}

/* What was asked for, and never came about, is no figure. */
static void test_unavailable_has_no_figures(void **state)
{
	struct frag_response response = {
		.err = -EOPNOTSUPP, .why = "it would kill", .answer = { .iterations = 5 },
	};
	json_t *one = response_of(&response);

	(void)state;
	assert_int_equal(number(one, "asked"), 0);
	assert_true(json_is_null(json_object_get(one, "got_ticks")));
	assert_true(json_is_null(json_object_get(one, "failed_histogram")));
	assert_string_equal(json_string_value(json_object_get(one, "unavailable")),
			    "it would kill");
	json_decref(one);
}

/* A quarter of what is free is more than the module takes, from 4 GiB on. */
static void test_walk_is_as_large_as_the_module_takes(void **state)
{
	struct {
		uint64_t wanted, bytes;
	} *walk, walks[] = {
		{ 0, 2U << 20 }, { 1, 2U << 20 }, { 5U << 20, 4U << 20 }, { 1ULL << 30, 1ULL << 30 },
		{ (1ULL << 30) + 1, 1ULL << 30 }, { 1ULL << 40, 1ULL << 30 }, { 0, 0 },
	};

	(void)state;
	for (walk = walks; walk->bytes; walk++)
		assert_int_equal(frag_walks__bytes(walk->wanted), walk->bytes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_demand_is_a_part_of_what_is_free),
		cmocka_unit_test(test_outcomes_are_apart),
		cmocka_unit_test(test_unavailable_has_no_figures),
		cmocka_unit_test(test_walk_is_as_large_as_the_module_takes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
