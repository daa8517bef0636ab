// SPDX-License-Identifier: GPL-2.0
/*
 * Which blocks the module breaks: the very source of kmbench.ko, of which each spread
 * chooses as many as are wanted, where it says.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "module/spread.h"
#include "module/uapi/kmbench.h"

#define ALL	1000
/* Rows of KMB_TABLE_SPREAD. */
enum { CHECKERBOARD, RANDOM, CLUSTERED, SPREADS };

/**
 * struct chosen - a choice of ALL blocks
 * @is: whether a block is.
 * @nr: how many are.
 */
struct chosen {
	bool is[ALL];
	u32 nr;
};

static struct chosen choose(u32 how, u64 wanted, u64 seed)
{
	struct kmb_spread spread;
	struct chosen chosen = { .nr = 0 };
	int i;

	kmb_spread_init(&spread, how, ALL, wanted, seed);
	for (i = 0; i < ALL; i++) {
		chosen.is[i] = kmb_spread_next(&spread);
		chosen.nr += chosen.is[i];
	}
	assert_int_equal(spread.chosen, chosen.nr);
	return chosen;
}

static u32 chosen_of_the_first(const struct chosen *chosen, u32 most)
{
	u32 i, nr = 0;

	for (i = 0; i < most; i++)
		nr += chosen->is[i];
	return nr;
}

static void test_rows_are_the_spreads(void **state)
{
	static const char *const names[] = { "checkerboard", "random", "clustered" };
	struct kmb_row row = { .index = 0 };

	(void)state;
	assert_int_equal(kmb_spreads(), SPREADS);
	for (; row.index < SPREADS; row.index++) {
		kmb_spread_row(&row);
		assert_string_equal(row.name, names[row.index]);
	}
}

static void test_as_many_as_are_wanted(void **state)
{
	static const u64 wanted[] = { 0, 1, 2, 333, 500, 501, 998, 999, ALL };
	u32 how, i;

	(void)state;
	for (how = 0; how < SPREADS; how++)
		for (i = 0; i < ARRAY_SIZE(wanted); i++)
			assert_int_equal(choose(how, wanted[i], 7).nr, wanted[i]);
}

/* Nowhere is it more than one away from its share of the blocks so far. */
static void test_checkerboard_is_even(void **state)
{
	static const u32 wanted[] = { 1, 100, 333, 500, 667, 999 };
	struct chosen chosen;
	u32 i, most;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(wanted); i++) {
		chosen = choose(CHECKERBOARD, wanted[i], 7);
		for (most = 1; most <= ALL; most++)
			assert_int_equal(chosen_of_the_first(&chosen, most),
					 most * wanted[i] / ALL);
	}
}

static void test_cluster_is_the_lowest(void **state)
{
	struct chosen chosen = choose(CLUSTERED, 333, 7);

	(void)state;
	assert_int_equal(chosen_of_the_first(&chosen, 333), 333);
}

static bool equal(const struct chosen *a, const struct chosen *b)
{
	return !memcmp(a->is, b->is, sizeof(a->is));
}

static void test_random_is_the_seed(void **state)
{
	struct chosen first = choose(RANDOM, 333, 1), again = choose(RANDOM, 333, 1);
	struct chosen other = choose(RANDOM, 333, 2);
	struct chosen even = choose(CHECKERBOARD, 333, 1), low = choose(CLUSTERED, 333, 1);

	(void)state;
	assert_true(equal(&first, &again));
	assert_false(equal(&first, &other));
	assert_false(equal(&first, &even));
	assert_false(equal(&first, &low));
}

/* Over many seeds each block is chosen as often as any other: 300 of 1000 times, 14 off by chance. */
static void test_random_prefers_no_block(void **state)
{
	u32 nr[ALL] = { 0 }, i, least = ALL, most = 0;
	struct chosen chosen;
	u64 seed;

	(void)state;
	for (seed = 1; seed <= 1000; seed++) {
		chosen = choose(RANDOM, 300, seed);
		for (i = 0; i < ALL; i++)
			nr[i] += chosen.is[i];
	}
	for (i = 0; i < ALL; i++) {
		least = nr[i] < least ? nr[i] : least;
		most = nr[i] > most ? nr[i] : most;
	}
	assert_in_range(least, 230, 299);
	assert_in_range(most, 301, 370);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows_are_the_spreads),
		cmocka_unit_test(test_as_many_as_are_wanted),
		cmocka_unit_test(test_checkerboard_is_even),
		cmocka_unit_test(test_cluster_is_the_lowest),
		cmocka_unit_test(test_random_is_the_seed),
		cmocka_unit_test(test_random_prefers_no_block),
	};

	return cmocka_run_group_tests_name("spread", tests, NULL, NULL);
}
