// SPDX-License-Identifier: GPL-2.0
/*
 * Cells: which there are, which are legal, which a name means, and what the
 * user is told where it means none.
 */
#include <errno.h>
#include <string.h>

#include "rows.h"
#include "nearest.h"

/* How many cells a pattern selects; the error where it selects none. */
static int selected(const char *pattern)
{
	struct catalog *catalog = rows__catalog();
	int err = catalog__select(catalog, pattern);
	int nr = catalog->nr_selected;

	catalog__delete(catalog);
	return err ? err : nr;
}

static void assert_explained(const char *pattern, const char *expected)
{
	struct catalog *catalog = rows__catalog();
	char why[512];

	assert_true(catalog__select(catalog, pattern) < 0);
	catalog__explain(catalog, pattern, why, sizeof(why));
	assert_string_equal(why, expected);
	catalog__delete(catalog);
}

static void test_cells_are_the_cross_product(void **state)
{
	struct catalog *catalog = rows__catalog();

	(void)state;
	assert_int_equal(catalog->nr_cells, 2 * 3 * 3 * 4);
	assert_string_equal(catalog->cells[0].name, "pair/task/GFP_KERNEL/8");
	assert_string_equal(catalog->cells[1].name, "pair/task/GFP_KERNEL/64");
	assert_string_equal(catalog->cells[71].name,
			    "burst/nmi/GFP_ATOMIC|__GFP_ZERO/8192");
	catalog__delete(catalog);
}

static void test_cells_know_whether_they_are_legal(void **state)
{
	static const struct {
		const char *name;
		enum cell_legality legality;
	} expected[] = {
		{ "pair/task/GFP_KERNEL/4096", CELL_LEGAL },
		{ "pair/hardirq/GFP_ATOMIC/64", CELL_LEGAL },
		{ "pair/hardirq/GFP_KERNEL/64", CELL_SLEEPS },
		{ "pair/nmi/GFP_ATOMIC/64", CELL_NOT_HERE },
		{ "pair/task/GFP_KERNEL/8192", CELL_TOO_LARGE },
		{ NULL },
	};
	struct catalog *catalog = rows__catalog();
	int i;

	(void)state;
	for (i = 0; expected[i].name; i++)
		assert_int_equal(rows__cell(catalog, expected[i].name)->legality,
				 expected[i].legality);
	catalog__delete(catalog);
}

/* Legal: 2 scenarios, 3 flags in task and 2 in hardirq, 3 sizes. */
static void test_no_name_selects_all_that_is_legal(void **state)
{
	struct catalog *catalog = rows__catalog();
	size_t i;

	(void)state;
	assert_int_equal(catalog__select(catalog, NULL), 0);
	assert_int_equal(catalog->nr_selected, 2 * (3 + 2) * 3);
	for (i = 0; i < catalog->nr_cells; i++)
		assert_int_equal(catalog->cells[i].selected,
				 catalog->cells[i].legality == CELL_LEGAL);
	catalog__delete(catalog);
}

static void test_exact_name_selects_one(void **state)
{
	(void)state;
	assert_int_equal(selected("pair/task/GFP_KERNEL/64"), 1);
	assert_int_equal(selected("pair/task/GFP_ATOMIC|__GFP_ZERO/64"), 1);
}

static void test_leading_part_selects_at_slashes(void **state)
{
	(void)state;
	assert_int_equal(selected("pair"), 15);
	assert_int_equal(selected("pair/task"), 9);
	assert_int_equal(selected("pair/task/GFP_ATOMIC"), 3);
	assert_int_equal(selected("pai"), -ENOENT);
	assert_int_equal(selected("pair/ta"), -ENOENT);
	assert_int_equal(selected("pair/"), -ENOENT);
	assert_int_equal(selected(""), -ENOENT);
}

static void test_glob_crosses_slashes(void **state)
{
	(void)state;
	assert_int_equal(selected("*"), 30);
	assert_int_equal(selected("pair/*"), 15);
	assert_int_equal(selected("*/64"), 10);
	assert_int_equal(selected("*/4"), -ENOENT);
	assert_int_equal(selected("*ZERO/8"), 4);
	assert_int_equal(selected("p?ir/task/*/[68]*"), 6);
	assert_int_equal(selected("*/GFP_ATOMIC"), 12);
}

static void test_selections_add_up(void **state)
{
	struct catalog *catalog = rows__catalog();

	(void)state;
	assert_int_equal(catalog__select(catalog, "pair/task"), 0);
	assert_int_equal(catalog__select(catalog, "pair/task/GFP_KERNEL"), 0);
	assert_int_equal(catalog->nr_selected, 9);
	assert_int_equal(catalog__select(catalog, "burst"), 0);
	assert_int_equal(catalog->nr_selected, 9 + 15);
	catalog__delete(catalog);
}

static void test_illegal_only_is_told_apart(void **state)
{
	(void)state;
	assert_int_equal(selected("pair/hardirq/GFP_KERNEL"), -EPERM);
	assert_int_equal(selected("pair/nmi"), -EPERM);
	assert_int_equal(selected("*/8192"), -EPERM);
	assert_explained("pair/hardirq/GFP_KERNEL",
			 "GFP_KERNEL may sleep, hardirq may not");
	assert_explained("burst/nmi", "nmi is not legal on this kernel");
	assert_explained("*/task/*/8192",
			 "8192 bytes are above this kernel's 4096");
}

static void test_unknown_names_what_is_near(void **state)
{
	(void)state;
	assert_explained("pear/task", "near: pair/task/…");
	assert_explained("pai", "near: pair/…");
	assert_explained("pair/taks/GFP_KERNEL/64",
			 "near: pair/task/GFP_KERNEL/64");
	assert_explained("hardirk", "near: */hardirq");
	assert_explained("burst/hardirq/GFP_ATOMIK",
			 "near: burst/hardirq/GFP_ATOMIC/…");
}

static void assert_not_suggested(const char *pattern, const char *text)
{
	struct catalog *catalog = rows__catalog();
	char why[512];

	catalog__explain(catalog, pattern, why, sizeof(why));
	assert_ptr_equal(strstr(why, "near: "), why);
	assert_null(strstr(why, text));
	catalog__delete(catalog);
}

static void test_nothing_illegal_is_suggested(void **state)
{
	(void)state;
	assert_not_suggested("pair/hardirq/GFP_KERNAL/64",
			     "hardirq/GFP_KERNEL");
	assert_not_suggested("nmj", "nmi");
}

/* What is suggested must be something that works. */
static void test_suggested_word_selects(void **state)
{
	(void)state;
	assert_true(selected("*/hardirq") > 0);
	assert_true(selected("*/GFP_ATOMIC") > 0);
}

static void test_distance_counts_edits(void **state)
{
	static const struct {
		const char *pattern, *name;
		unsigned int distance;
		size_t length;
	} expected[] = {
		{ "pair", "pair", 0, 4 },
		{ "pair", "pair/task/x", 0, 4 },
		{ "pair/task", "pair/task/x", 0, 9 },
		{ "pear", "pair", 2, 4 },
		{ "pir", "pair", 1, 4 },
		{ "paair", "pair", 1, 4 },
		{ "*/65", "pair/task/64", 1, 12 },
		{ "p?ir", "pair", 0, 4 },
		{ "", "pair", 4, 4 },
		{ "*", "pair/task", 0, 4 },
		{ "kitten", "sitting", 3, 7 },
		{ NULL },
	};
	size_t length;
	int i;

	(void)state;
	for (i = 0; expected[i].pattern; i++) {
		assert_int_equal(nearest__distance(expected[i].pattern,
						   expected[i].name, &length),
				 expected[i].distance);
		assert_int_equal(length, expected[i].length);
	}
}

static void test_empty_tables_make_no_cells(void **state)
{
	struct kmb_row *const rows[KMB_NR_TABLES] = {
		rows_scenarios, rows_contexts, rows_gfps, rows_sizes,
	};
	const uint32_t nr_rows[KMB_NR_TABLES] = { 0, 3, 3, 0 };
	struct catalog *catalog = catalog__new(rows, nr_rows, ROWS_MAX_SIZE);

	(void)state;
	assert_non_null(catalog);
	assert_int_equal(catalog->nr_cells, 0);
	assert_int_equal(catalog__select(catalog, NULL), -ENOENT);
	catalog__delete(catalog);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cells_are_the_cross_product),
		cmocka_unit_test(test_cells_know_whether_they_are_legal),
		cmocka_unit_test(test_no_name_selects_all_that_is_legal),
		cmocka_unit_test(test_exact_name_selects_one),
		cmocka_unit_test(test_leading_part_selects_at_slashes),
		cmocka_unit_test(test_glob_crosses_slashes),
		cmocka_unit_test(test_selections_add_up),
		cmocka_unit_test(test_illegal_only_is_told_apart),
		cmocka_unit_test(test_unknown_names_what_is_near),
		cmocka_unit_test(test_nothing_illegal_is_suggested),
		cmocka_unit_test(test_suggested_word_selects),
		cmocka_unit_test(test_distance_counts_edits),
		cmocka_unit_test(test_empty_tables_make_no_cells),
	};

	return cmocka_run_group_tests_name("catalog", tests, NULL, NULL) != 0;
}
