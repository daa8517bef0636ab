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
	int err = catalog__select(catalog, pattern, CATALOG_ANY_RANK);
	int nr = catalog->nr_selected;

	catalog__delete(catalog);
	return err ? err : nr;
}

static void assert_explained(const char *pattern, const char *expected)
{
	struct catalog *catalog = rows__catalog();
	char why[512];

	assert_true(catalog__select(catalog, pattern, CATALOG_ANY_RANK) < 0);
	catalog__explain(catalog, pattern, why, sizeof(why));
	assert_string_equal(why, expected);
	catalog__delete(catalog);
}

static void test_cells_are_the_cross_product(void **state)
{
	struct catalog *catalog = rows__catalog();

	(void)state;
	assert_int_equal(catalog->nr_cells, 5 * 3 * 3 * 4 * 2);
	assert_string_equal(catalog->cells[0].name, "pair/task/GFP_KERNEL/8");
	assert_string_equal(catalog->cells[1].name,
			    "pair/task/GFP_KERNEL/8/2cpus");
	assert_string_equal(catalog->cells[2].name, "pair/task/GFP_KERNEL/64");
	assert_string_equal(catalog->cells[359].name,
			    "delay/nmi/GFP_ATOMIC|__GFP_ZERO/8192/2cpus");
	catalog__delete(catalog);
}

static void test_cells_know_whether_they_are_legal(void **state)
{
	static const struct {
		const char *name;
		const char *why;
	} expected[] = {
		{ "pair/task/GFP_KERNEL/4096", NULL },
		{ "pair/hardirq/GFP_ATOMIC/64", NULL },
		{ "crowd/hardirq/GFP_ATOMIC/64/2cpus", NULL },
		{ "bulk/task/GFP_ATOMIC/64", NULL },
		{ "pair/hardirq/GFP_KERNEL/64",
		  "gfp GFP_KERNEL may sleep, context hardirq may not" },
		{ "pair/nmi/GFP_ATOMIC/64",
		  "nmi is not legal on this kernel" },
		{ "pair/task/GFP_KERNEL/8192",
		  "8192 bytes are above this kernel's 4096" },
		{ "bulk/hardirq/GFP_ATOMIC/64",
		  "scenario bulk needs interrupts on, in context hardirq they are off" },
		{ "pair/task/GFP_KERNEL/64/2cpus",
		  "pair runs on 1 CPU, not on 2" },
		{ "crowd/task/GFP_KERNEL/8",
		  "crowd takes 16 to 64 bytes, not 8" },
		{ "crowd/task/GFP_KERNEL/4096/2cpus",
		  "crowd takes 16 to 64 bytes, not 4096" },
		{ NULL, NULL },
	};
	struct catalog *catalog = rows__catalog();
	const struct cell *cell;
	char why[256];
	int i;

	(void)state;
	for (i = 0; expected[i].name; i++) {
		cell = rows__cell(catalog, expected[i].name);
		assert_int_equal(cell->legal, !expected[i].why);
		assert_int_equal(cell__explain(cell, ROWS_MAX_SIZE, why,
					       sizeof(why)), !cell->legal);
		if (expected[i].why)
			assert_string_equal(why, expected[i].why);
	}
	catalog__delete(catalog);
}

/*
 * Legal: pair and burst with 3 flags in task and 2 in hardirq, of 3 sizes;
 * crowd likewise, of one size on 1 and 2 CPUs; bulk of 2 sizes in task.
 */
#define LEGAL	(2 * 5 * 3 + 5 * 2 + 3 * 2)

static void test_no_name_selects_all_that_is_legal(void **state)
{
	struct catalog *catalog = rows__catalog();

	(void)state;
	assert_int_equal(catalog__select(catalog, NULL, CATALOG_ANY_RANK), 0);
	assert_int_equal(catalog->nr_selected, LEGAL);
	catalog__delete(catalog);
}

static void test_rank_is_the_sum_over_the_rows(void **state)
{
	struct catalog *catalog = rows__catalog();

	(void)state;
	assert_int_equal(rows__cell(catalog, "pair/task/GFP_KERNEL/8")->rank, 0);
	assert_int_equal(rows__cell(catalog, "burst/hardirq/GFP_ATOMIC|__GFP_ZERO/8")->rank, 3);
	assert_int_equal(catalog__select(catalog, NULL, 0), 0);
	assert_int_equal(catalog->nr_selected, 2 * 3);
	assert_int_equal(catalog__select(catalog, "burst/task/GFP_KERNEL", 0),
			 -ERANGE);
	assert_int_equal(catalog->nr_selected, 2 * 3);
	assert_int_equal(catalog__select(catalog, "burst/task/GFP_KERNEL", 1),
			 0);
	assert_int_equal(catalog->nr_selected, 2 * 3 + 3);
	catalog__delete(catalog);
}

static void test_selftest_is_selected_by_its_name_alone(void **state)
{
	(void)state;
	assert_int_equal(selected("delay/task/GFP_KERNEL/64"), 1);
	assert_int_equal(selected("delay*"), 10);
	assert_int_equal(selected("d*"), -ENOENT);
}

static void test_flags_are_selected_by_their_name_alone(void **state)
{
	int all = selected("pair/task"), error = 0;

	(void)state;
	rows_gfps[2].flags |= KMB_ROW_BY_NAME;
	if (selected("pair/task") != all - 3)
		error = 1;
	else if (selected("pair/task/GFP_ATOMIC|__GFP_ZERO/64") != 1)
		error = 2;
	rows_gfps[2].flags &= ~KMB_ROW_BY_NAME;
	assert_int_equal(error, 0);
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
	assert_int_equal(selected("*"), LEGAL);
	assert_int_equal(selected("pair/*"), 15);
	assert_int_equal(selected("*/64"), 10 + 10 + 3);
	assert_int_equal(selected("*/4"), -ENOENT);
	assert_int_equal(selected("*ZERO/8"), 4 + 1);
	assert_int_equal(selected("p?ir/task/*/[68]*"), 6);
	assert_int_equal(selected("*/GFP_ATOMIC"), 12 + 4 + 2);
}

static void test_selections_add_up(void **state)
{
	struct catalog *catalog = rows__catalog();

	(void)state;
	assert_int_equal(catalog__select(catalog, "pair/task",
					 CATALOG_ANY_RANK), 0);
	assert_int_equal(catalog__select(catalog, "pair/task/GFP_KERNEL",
					 CATALOG_ANY_RANK), 0);
	assert_int_equal(catalog->nr_selected, 9);
	assert_int_equal(catalog__select(catalog, "burst",
					 CATALOG_ANY_RANK), 0);
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
			 "gfp GFP_KERNEL may sleep, context hardirq may not");
	assert_explained("burst/nmi", "nmi is not legal on this kernel");
	assert_explained("*/task/*/8192",
			 "8192 bytes are above this kernel's 4096");
}

static void test_unknown_names_what_is_near(void **state)
{
	(void)state;
	assert_explained("pear/task", "no scenario 'pear'; near: pair/task/…");
	assert_explained("pai", "no scenario 'pai'; near: pair/…");
	assert_explained("pair/taks/GFP_KERNEL/64",
			 "no context 'taks'; near: pair/task/GFP_KERNEL/64");
	assert_explained("hardirk", "no scenario 'hardirk'; near: */hardirq");
	assert_explained("burst/hardirq/GFP_ATOMIK",
			 "no gfp 'GFP_ATOMIK'; near: burst/hardirq/GFP_ATOMIC/…");
	assert_explained("pair/task/GFP_KERNEL/65",
			 "no size '65'; near: pair/task/GFP_KERNEL/64");
}

static void assert_not_suggested(const char *pattern, const char *text)
{
	struct catalog *catalog = rows__catalog();
	char why[512];

	catalog__explain(catalog, pattern, why, sizeof(why));
	assert_non_null(strstr(why, "near: "));
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
	struct kmb_row *const rows[KMB_NR_CELL_TABLES] = {
		rows_scenarios, rows_contexts, rows_gfps, rows_sizes, rows_cpus,
	};
	const uint32_t nr_rows[KMB_NR_CELL_TABLES] = { 0, 3, 3, 0, 2 };
	struct catalog *catalog = catalog__new(rows, nr_rows, ROWS_MAX_SIZE);

	(void)state;
	assert_non_null(catalog);
	assert_int_equal(catalog->nr_cells, 0);
	assert_int_equal(catalog__select(catalog, NULL, CATALOG_ANY_RANK),
			 -ENOENT);
	catalog__delete(catalog);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cells_are_the_cross_product),
		cmocka_unit_test(test_cells_know_whether_they_are_legal),
		cmocka_unit_test(test_no_name_selects_all_that_is_legal),
		cmocka_unit_test(test_rank_is_the_sum_over_the_rows),
		cmocka_unit_test(test_selftest_is_selected_by_its_name_alone),
		cmocka_unit_test(test_flags_are_selected_by_their_name_alone),
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
