// SPDX-License-Identifier: GPL-2.0
/*
 * Cases that fail, skip and hang on purpose: what kmalloc_ktap_selftest.ko
 * runs, so that scripts/tests can see that each of them is told.
 *
 * The comparisons that hold are in the first case: one that fails there would
 * be an error of the runner.
 */
#include <kunit/test.h>
#include <linux/delay.h>

#include "../../module/compat.h"
#include "../promises.h"

/* How often .init and .exit were called, to be compared by the next case. */
static unsigned int inits, exits;

static int count_init(struct kunit *test)
{
	kmb_case_begins(test);
	inits++;
	test->priv = kunit_kzalloc(test, 64, GFP_KERNEL);
	return test->priv ? 0 : -ENOMEM;
}

static void count_exit(struct kunit *test)
{
	exits++;
}

static void control_what_holds_passes(struct kunit *test)
{
	const int one = 1, two = 2;

	KUNIT_EXPECT_TRUE(test, one);
	KUNIT_EXPECT_FALSE(test, !one);
	KUNIT_EXPECT_EQ(test, one, 1);
	KUNIT_EXPECT_NE(test, one, two);
	KUNIT_EXPECT_LT(test, one, two);
	KUNIT_EXPECT_LE(test, one, 1);
	KUNIT_EXPECT_GT(test, two, one);
	KUNIT_EXPECT_GE_MSG(test, two, 2, "a message that is not printed");
	KUNIT_EXPECT_PTR_EQ(test, &one, &one);
	KUNIT_EXPECT_PTR_NE(test, &one, &two);
	KUNIT_ASSERT_NOT_NULL(test, test->priv);
	KUNIT_ASSERT_EQ(test, *(u64 *)test->priv, 0);
}

static void control_what_fails_is_told(struct kunit *test)
{
	const int one = 1, two = 2;

	KUNIT_EXPECT_TRUE(test, one == two);
	KUNIT_EXPECT_FALSE(test, one);
	KUNIT_EXPECT_EQ(test, one, 2);
	KUNIT_EXPECT_NE(test, one, 1);
	KUNIT_EXPECT_LT(test, two, one);
	KUNIT_EXPECT_LE(test, two, one);
	KUNIT_EXPECT_GT(test, one, two);
	KUNIT_EXPECT_GE(test, one, two);
	KUNIT_EXPECT_PTR_EQ_MSG(test, (void *)test, NULL, "size %d", 8);
	KUNIT_EXPECT_PTR_NE(test, test, test);
	KUNIT_FAIL(test, "fails on %s", "purpose");
}

static void control_assertion_ends_the_case(struct kunit *test)
{
	KUNIT_ASSERT_EQ_MSG(test, 1 + 1, 3, "an assertion that fails");
	KUNIT_FAIL(test, "was reached after the assertion");
}

/* Of the three cases above, the one that was ended by an assertion, too. */
static void control_exit_is_always_called(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, inits, 4);
	KUNIT_EXPECT_EQ(test, exits, 3);
}

static void control_skip_has_a_reason(struct kunit *test)
{
	kmb_skip(test, "no feature %d", 7);
}

static void control_skip_hides_no_failure(struct kunit *test)
{
	KUNIT_FAIL(test, "before the skip");
	kmb_skip(test, "after the failure");
}

static const int rows[] = { 3, 4, 5 };

static void name_row(const int *row, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "row %d", *row);
}

KUNIT_ARRAY_PARAM(row, rows, name_row);

static void control_each_row_has_its_result(struct kunit *test)
{
	const int *row = test->param_value;

	KUNIT_EXPECT_EQ(test, rows[test->param_index - KMB_FIRST_PARAM], *row);
	KUNIT_EXPECT_NE(test, *row, 4);
	if (*row == 5)
		kmb_skip(test, "no row 5");
}

static void control_case_that_hangs_is_named(struct kunit *test)
{
	for (;;)
		msleep(1000);
}

static void control_nothing_is_run_after_it(struct kunit *test)
{
}

static struct kunit_case cases[] = {
	KUNIT_CASE(control_what_holds_passes),
	KUNIT_CASE(control_what_fails_is_told),
	KUNIT_CASE(control_assertion_ends_the_case),
	KUNIT_CASE(control_exit_is_always_called),
	KUNIT_CASE(control_skip_has_a_reason),
	KUNIT_CASE(control_skip_hides_no_failure),
	KUNIT_CASE_PARAM(control_each_row_has_its_result, row_gen_params),
	KUNIT_CASE(control_case_that_hangs_is_named),
	KUNIT_CASE(control_nothing_is_run_after_it),
	{}
};

static struct kunit_suite selftest_suite = {
	.name = "ktap_selftest",
	.init = count_init,
	.exit = count_exit,
	.test_cases = cases,
};

kunit_test_suite(selftest_suite);

MODULE_DESCRIPTION("Selftest of kmalloc_ktap.ko");
MODULE_LICENSE("GPL");
