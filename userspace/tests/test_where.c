// SPDX-License-Identifier: GPL-2.0
/*
 * Is what is timed told from what is not, and is each instruction counted once?
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "userspace/where/blocks.h"
#include "userspace/where/spans.h"

/* Readings of the clock of two loops. */
#define LOOP	(SPANS_MODULES + 0x100)
#define LOOP_END	(LOOP + 0x40)
#define FAR	(LOOP + 0x10000)
#define FAR_END	(FAR + 0x40)

static void test_clock_is_known(void **state)
{
	static const uint8_t rdtsc[] = { 0x0f, 0x31 };
	static const uint8_t rdtscp[] = { 0x0f, 0x01, 0xf9 };
	static const uint8_t lfence[] = { 0x0f, 0xae, 0xe8 };
	static const uint8_t ud2[] = { 0x0f, 0x0b };

	(void)state;
	assert_true(spans__is_clock(rdtsc, sizeof(rdtsc)));
	assert_true(spans__is_clock(rdtscp, sizeof(rdtscp)));
	assert_false(spans__is_clock(lfence, sizeof(lfence)));
	assert_false(spans__is_clock(ud2, sizeof(ud2)));
	assert_false(spans__is_clock(rdtsc, 0));
}

static void test_only_the_operation_is_timed(void **state)
{
	struct spans spans = { 0 };
	int i;

	(void)state;
	for (i = 0; i < 3; i++) {
		spans__clock(&spans, LOOP);
		assert_true(spans.begun);
		spans__clock(&spans, LOOP_END);
		assert_false(spans.begun);
	}
	assert_int_equal(spans.nr, 3);
}

static void test_kernels_own_readings_are_none(void **state)
{
	struct spans spans = { 0 };

	(void)state;
	spans__clock(&spans, 0xffffffff81000000);
	assert_false(spans.begun);
	spans__clock(&spans, LOOP);
	spans__clock(&spans, 0xffffffff81000000);
	assert_true(spans.begun);
}

/* A reading that is alone, as the first of many that time the clock. */
static void test_a_lone_reading_costs_one_span_at_most(void **state)
{
	struct spans spans = { 0 };
	int i;

	(void)state;
	spans__clock(&spans, LOOP_END);
	for (i = 0; i < 3; i++) {
		spans__clock(&spans, FAR);
		assert_true(spans.begun);
		spans__clock(&spans, FAR_END);
		assert_false(spans.begun);
	}
	assert_int_equal(spans.nr, 3);
	spans__clock(&spans, LOOP);
	spans__clock(&spans, LOOP);
	spans__clock(&spans, LOOP_END);
	assert_int_equal(spans.nr, 4);
}

static void test_block_is_one_however_often_it_is_translated(void **state)
{
	struct blocks blocks = { NULL };
	struct block *block = blocks__get(&blocks, 0x1000, 4);

	(void)state;
	assert_non_null(block);
	assert_ptr_equal(blocks__get(&blocks, 0x1000, 4), block);
	assert_ptr_not_equal(blocks__get(&blocks, 0x1000, 3), block);
	assert_ptr_not_equal(blocks__get(&blocks, 0x1004, 4), block);
	blocks__free(&blocks);
	assert_null(blocks.tree);
}

static void test_what_was_run_is_written_sorted(void **state)
{
	struct blocks blocks = { NULL };
	FILE *file = tmpfile();
	char text[100] = "";

	(void)state;
	assert_non_null(file);
	blocks__get(&blocks, 0x2000, 4)->times = 3;
	blocks__get(&blocks, 0x1000, 5)->times = 1;
	blocks__get(&blocks, 0x3000, 5);
	assert_true(blocks__write(&blocks, file));
	rewind(file);
	assert_true(fread(text, 1, sizeof(text) - 1, file));
	assert_string_equal(text, "1000 5\n2000 12\n");
	blocks__free(&blocks);
	fclose(file);
}

static void test_full_disk_is_noticed(void **state)
{
	struct blocks blocks = { NULL };
	FILE *full = fopen("/dev/full", "w");

	(void)state;
	assert_non_null(full);
	blocks__get(&blocks, 0x2000, 4)->times = 3;
	assert_false(blocks__write(&blocks, full));
	blocks__free(&blocks);
	fclose(full);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_clock_is_known),
		cmocka_unit_test(test_only_the_operation_is_timed),
		cmocka_unit_test(test_kernels_own_readings_are_none),
		cmocka_unit_test(test_a_lone_reading_costs_one_span_at_most),
		cmocka_unit_test(test_block_is_one_however_often_it_is_translated),
		cmocka_unit_test(test_what_was_run_is_written_sorted),
		cmocka_unit_test(test_full_disk_is_noticed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
