// SPDX-License-Identifier: GPL-2.0
/*
 * The indices of fragmentation, by hand and as kernels computed them: lines of
 * /proc/buddyinfo, and those of unusable_index and extfrag_index in debugfs between two
 * readings of it that were alike, in guests of 1 GiB, calm and fragmented.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "free_blocks.h"

static const struct recording {
	const char *what;
	const char *free;
	const char *unusable;
	const char *extfrag;
} recordings[] = {
	{ "6.1, calm",
	  "0 0 0 0 0 1 1 1 0 1 3",
	  "0.000 0.000 0.000 0.000 0.000 0.000 0.008 0.025 0.058 0.058 0.193",
	  "-1.000 -1.000 -1.000 -1.000 -1.000 -1.000 -1.000 -1.000 -1.000 -1.000 -1.000" },
	{ "6.1, calm",
	  "3 1 3 1 2 2 2 2 2 2 225",
	  "0.000 0.000 0.000 0.000 0.000 0.000 0.000 0.001 0.002 0.004 0.008",
	  "-1.000 -1.000 -1.000 -1.000 -1.000 -1.000 -1.000 -1.000 -1.000 -1.000 -1.000" },
	{ "6.1, order 4 index 0.5",
	  "7581 7620 7649 7652 3127 990 115 3 4 4 18",
	  "0.000 0.033 0.101 0.236 0.508 0.729 0.870 0.902 0.904 0.909 0.918",
	  "-1.000 -1.000 -1.000 -1.000 -1.000 -1.000 -1.000 -1.000 -1.000 -1.000 -1.000" },
	{ "6.1, order 9 index 0.9",
	  "357 392 423 422 419 419 419 416 416 5 17",
	  "0.000 0.001 0.004 0.012 0.026 0.055 0.113 0.228 0.456 0.914 0.925",
	  "-1.000 -1.000 -1.000 -1.000 -1.000 -1.000 -1.000 -1.000 -1.000 -1.000 -1.000" },
	{ "6.1, order 2 index 0.75",
	  "47366 47400 5189 318 2 0 2 3 3 3 15",
	  "0.000 0.257 0.774 0.887 0.900 0.901 0.901 0.901 0.903 0.908 0.916",
	  "-1.000 -1.000 -1.000 -1.000 -1.000 -1.000 -1.000 -1.000 -1.000 -1.000 -1.000" },
	{ "6.1, order 9 index 1",
	  "1 2 2 2 7 8 8 8 7 0 0",
	  "0.000 0.000 0.001 0.003 0.007 0.037 0.106 0.244 0.518 1.000 1.000",
	  "-1.000 -1.000 -1.000 -1.000 -1.000 -1.000 -1.000 -1.000 -1.000 0.817 0.897" },
	{ "6.1, order 9 index 1",
	  "10 1 2 5 450 451 452 450 451 0 0",
	  "0.000 0.000 0.000 0.000 0.000 0.032 0.096 0.226 0.483 1.000 1.000",
	  "-1.000 -1.000 -1.000 -1.000 -1.000 -1.000 -1.000 -1.000 -1.000 0.808 0.904" },
	{ "6.12, calm",
	  "3 3 1 1 0 3 2 1 1 1 224",
	  "0.000 0.000 0.000 0.000 0.000 0.000 0.000 0.001 0.001 0.002 0.004",
	  "-1.000 -1.000 -1.000 -1.000 -1.000 -1.000 -1.000 -1.000 -1.000 -1.000 -1.000" },
	{ "6.12, order 4 index 0.5",
	  "7599 7669 7669 7673 3046 1000 110 3 4 3 20",
	  "0.000 0.033 0.101 0.237 0.508 0.723 0.865 0.896 0.898 0.902 0.909",
	  "-1.000 -1.000 -1.000 -1.000 -1.000 -1.000 -1.000 -1.000 -1.000 -1.000 -1.000" },
	{ "6.12, order 9 index 0.9",
	  "359 427 422 424 421 417 421 418 417 7 16",
	  "0.000 0.001 0.005 0.012 0.026 0.055 0.112 0.228 0.457 0.914 0.929",
	  "-1.000 -1.000 -1.000 -1.000 -1.000 -1.000 -1.000 -1.000 -1.000 -1.000 -1.000" },
	{ "6.12, order 2 index 0.75",
	  "47547 47519 5133 309 12 6 8 5 3 4 14",
	  "0.000 0.258 0.773 0.885 0.898 0.899 0.900 0.903 0.906 0.911 0.922",
	  "-1.000 -1.000 -1.000 -1.000 -1.000 -1.000 -1.000 -1.000 -1.000 -1.000 -1.000" },
	{ "6.12, order 9 index 1",
	  "430 440 437 433 461 456 456 457 457 0 0",
	  "0.000 0.001 0.005 0.013 0.027 0.059 0.122 0.247 0.498 1.000 1.000",
	  "-1.000 -1.000 -1.000 -1.000 -1.000 -1.000 -1.000 -1.000 -1.000 0.887 0.944" },
	{ "7.3, calm",
	  "2 2 3 1 2 2 0 1 2 1 236",
	  "0.000 0.000 0.000 0.000 0.000 0.000 0.000 0.000 0.001 0.003 0.005",
	  "-1.000 -1.000 -1.000 -1.000 -1.000 -1.000 -1.000 -1.000 -1.000 -1.000 -1.000" },
	{ "7.3, order 4 index 0.5",
	  "7586 7244 5645 8107 2226 1041 121 6 5 4 18",
	  "0.000 0.036 0.105 0.213 0.524 0.695 0.854 0.892 0.895 0.901 0.911",
	  "-1.000 -1.000 -1.000 -1.000 -1.000 -1.000 -1.000 -1.000 -1.000 -1.000 -1.000" },
	{ "7.3, order 4 index 0.5",
	  "7586 7247 5646 8360 2225 1041 121 6 5 4 18",
	  "0.000 0.035 0.104 0.211 0.529 0.698 0.856 0.893 0.896 0.902 0.912",
	  "-1.000 -1.000 -1.000 -1.000 -1.000 -1.000 -1.000 -1.000 -1.000 -1.000 -1.000" },
	{ "7.3, order 9 index 0.9",
	  "43 2815 817 3563 388 618 351 270 260 1 33",
	  "0.000 0.000 0.025 0.040 0.169 0.197 0.286 0.388 0.544 0.845 0.847",
	  "-1.000 -1.000 -1.000 -1.000 -1.000 -1.000 -1.000 -1.000 -1.000 -1.000 -1.000" },
	{ "7.3, order 9 index 0.9",
	  "44 2814 817 3581 501 616 352 271 260 1 33",
	  "0.000 0.000 0.025 0.040 0.168 0.204 0.292 0.393 0.548 0.846 0.848",
	  "-1.000 -1.000 -1.000 -1.000 -1.000 -1.000 -1.000 -1.000 -1.000 -1.000 -1.000" },
	{ "7.3, order 2 index 0.75",
	  "38084 48185 1163 1188 265 40 13 23 17 12 9",
	  "0.000 0.214 0.756 0.783 0.836 0.860 0.867 0.872 0.889 0.913 0.948",
	  "-1.000 -1.000 -1.000 -1.000 -1.000 -1.000 -1.000 -1.000 -1.000 -1.000 -1.000" },
	{ "7.3, order 2 index 0.75",
	  "38085 48184 1163 1188 265 71 14 15 13 8 14",
	  "0.000 0.211 0.748 0.774 0.826 0.850 0.863 0.868 0.878 0.897 0.920",
	  "-1.000 -1.000 -1.000 -1.000 -1.000 -1.000 -1.000 -1.000 -1.000 -1.000 -1.000" },
	{ "7.3, order 9 index 1",
	  "80 8842 6874 4451 3168 1388 310 70 51 1 0",
	  "0.000 0.000 0.081 0.207 0.370 0.602 0.805 0.896 0.937 0.997 1.000",
	  "-1.000 -1.000 -1.000 -1.000 -1.000 -1.000 -1.000 -1.000 -1.000 -1.000 0.992" },
	{ "7.3, order 9 index 1",
	  "81 8842 6873 4700 3166 1386 311 69 50 2 0",
	  "0.000 0.000 0.080 0.205 0.375 0.605 0.806 0.897 0.937 0.995 1.000",
	  "-1.000 -1.000 -1.000 -1.000 -1.000 -1.000 -1.000 -1.000 -1.000 -1.000 0.992" },
	{ NULL, NULL, NULL, NULL },
};

static struct free_blocks parse(const char *text)
{
	struct free_blocks blocks;

	assert_int_equal(free_blocks__parse(&blocks, text), 0);
	return blocks;
}

/* One of the kernel's numbers with three decimals; moves on to the next one. */
static int thousandths(const char **text)
{
	int whole, part, length, sign = **text == '-' ? -1 : 1;
	int nr = sscanf(*text, "%d.%d%n", &whole, &part, &length);

	assert_int_equal(nr, 2);
	*text += length + ((*text)[length] == ' ');
	return whole * 1000 + sign * part;
}

static void check_recording(const struct recording *recording)
{
	const char *unusable = recording->unusable, *extfrag = recording->extfrag;
	struct free_blocks blocks = parse(recording->free);
	uint32_t order;

	print_message("%s\n", recording->what);
	assert_int_equal(blocks.nr_orders, 11);
	for (order = 0; order < blocks.nr_orders; order++) {
		assert_int_equal(free_blocks__unusable(&blocks, order) / 1000,
				 thousandths(&unusable));
		assert_int_equal(free_blocks__extfrag(&blocks, order), thousandths(&extfrag));
	}
	assert_int_equal(*unusable + *extfrag, 0);
}

static void test_kernels_computed_the_same(void **state)
{
	const struct recording *recording;

	(void)state;
	for (recording = recordings; recording->what; recording++)
		check_recording(recording);
}

static void test_pages_and_blocks_are_counted(void **state)
{
	struct free_blocks blocks = parse("2 1 0 1");

	(void)state;
	assert_int_equal(free_blocks__pages(&blocks), 2 + 2 + 8);
	assert_int_equal(free_blocks__suitable(&blocks, 0), 12);
	assert_int_equal(free_blocks__suitable(&blocks, 1), 1 + 4);
	assert_int_equal(free_blocks__suitable(&blocks, 2), 2);
	assert_int_equal(free_blocks__suitable(&blocks, 3), 1);
}

static void test_unusable_is_what_is_in_smaller_blocks(void **state)
{
	struct free_blocks blocks = parse("2 1 0 1");

	(void)state;
	assert_int_equal(free_blocks__unusable(&blocks, 0), 0);
	/* 2 of 12 pages, 4 of 12. */
	assert_int_equal(free_blocks__unusable(&blocks, 1), 166666);
	assert_int_equal(free_blocks__unusable(&blocks, 2), 333333);
	assert_int_equal(free_blocks__unusable(&blocks, 3), 333333);
	blocks = parse("4 2 0 0");
	assert_int_equal(free_blocks__unusable(&blocks, 2), UNUSABLE_ONE);
}

static void test_extfrag_tells_why_a_request_fails(void **state)
{
	struct free_blocks blocks = parse("2 1 0 1");

	(void)state;
	assert_int_equal(free_blocks__extfrag(&blocks, 3), EXTFRAG_SUCCEEDS);
	/* 8 pages in 6 blocks: 1 - (1 + 8 / 8) / 6, 1 - (1 + 8 / 4) / 6. */
	blocks = parse("4 2 0 0");
	assert_int_equal(free_blocks__extfrag(&blocks, 3), 1000 - 333);
	assert_int_equal(free_blocks__extfrag(&blocks, 2), 1000 - 500);
	/* One page: 1 - (1 + 1 / 8) / 1. */
	blocks = parse("1 0 0 0");
	assert_int_equal(free_blocks__extfrag(&blocks, 3), -125);
}

static void test_no_free_memory_is_all_unusable(void **state)
{
	struct free_blocks blocks = parse("0 0 0 0");

	(void)state;
	assert_int_equal(free_blocks__unusable(&blocks, 0), UNUSABLE_ONE);
	assert_int_equal(free_blocks__unusable(&blocks, 3), UNUSABLE_ONE);
	assert_int_equal(free_blocks__extfrag(&blocks, 3), 0);
}

/* 2^40 pages of 2^22 blocks each: no product may overflow. */
static void test_large_machines_are_right(void **state)
{
	struct free_blocks blocks = parse("4194304 0 0 0 0 0 0 0 0 0 1073741824");

	(void)state;
	assert_int_equal(free_blocks__unusable(&blocks, 1), 3);
	assert_int_equal(free_blocks__extfrag(&blocks, 10), EXTFRAG_SUCCEEDS);
}

static void test_sum_has_all_orders(void **state)
{
	struct free_blocks sum = { .nr_orders = 0 }, small = parse("1 2"), large = parse("3 4 5");

	(void)state;
	free_blocks__add(&sum, &small);
	free_blocks__add(&sum, &large);
	assert_int_equal(sum.nr_orders, 3);
	assert_int_equal(sum.nr[0], 4);
	assert_int_equal(sum.nr[1], 6);
	assert_int_equal(sum.nr[2], 5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_kernels_computed_the_same),
		cmocka_unit_test(test_pages_and_blocks_are_counted),
		cmocka_unit_test(test_unusable_is_what_is_in_smaller_blocks),
		cmocka_unit_test(test_extfrag_tells_why_a_request_fails),
		cmocka_unit_test(test_no_free_memory_is_all_unusable),
		cmocka_unit_test(test_large_machines_are_right),
		cmocka_unit_test(test_sum_has_all_orders),
	};

	return cmocka_run_group_tests_name("free_blocks", tests, NULL, NULL) != 0;
}
