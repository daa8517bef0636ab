// SPDX-License-Identifier: GPL-2.0
/*
 * How much is measured, which answers are refused, and what the repetitions
 * of a cell come to. No device: the answers are made up here.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "rows.h"
#include "measurement.h"
#include "profile.h"
#include "summary.h"

static void test_large_objects_are_measured_less(void **state)
{
	const uint64_t budget = 1 << 20;

	(void)state;
	assert_int_equal(measurement__bound(512, 1, budget, 2), 512);
	assert_int_equal(measurement__bound(512, 2048, budget, 2), 512);
	assert_int_equal(measurement__bound(512, 2049, budget, 2), 511);
	assert_int_equal(measurement__bound(512, 4096, budget, 2), 256);
	assert_int_equal(measurement__bound(512, 4 << 20, budget, 2), 2);
	assert_int_equal(measurement__bound(512, UINT64_MAX, budget, 3), 3);
	assert_int_equal(measurement__bound(1, 4 << 20, budget, 2), 1);
	assert_int_equal(measurement__bound(0, 8, budget, 2), 0);
}

static void test_what_takes_long_is_measured_less(void **state)
{
	struct kmb_row pair = { .name = "pair" }, bulk = { .flags = KMB_ROW_SLOW };
	struct kmb_row one = { .flags = KMB_ROW_WHOLE, .value = 1 };
	struct kmb_row many = { .flags = KMB_ROW_WHOLE, .value = 16 };
	struct kmb_row task = { .name = "task" }, rcu = { .flags = KMB_ROW_SLOW };
	const struct {
		struct kmb_row *scenario, *context;
		bool slow;
	} rows[] = {
		{ &pair, &task, false }, { &bulk, &task, true },
		{ &one, &task, false }, { &one, &rcu, true },
		{ &many, &rcu, false }, { &pair, &rcu, false },
	};
	int i;

	(void)state;
	for (i = 0; i < 6; i++)
		assert_int_equal(rows[i].slow, measurement__is_slow(&(struct cell) {
			.row[KMB_TABLE_SCENARIO] = rows[i].scenario,
			.row[KMB_TABLE_CONTEXT] = rows[i].context,
		}));
}

/* A repetition whose samples are these, and as many NULLs. */
static struct repetition repetition_of(const uint64_t *values, size_t nr,
				       uint64_t failed)
{
	uint64_t *counts = calloc(KMB_HIST_BUCKETS, sizeof(*counts));
	struct repetition repetition = { .answer.failed.count = failed };
	struct kmb_run *answer = &repetition.answer;
	size_t i;

	assert_non_null(counts);
	answer->op.min = UINT64_MAX;
	for (i = 0; i < nr; i++) {
		counts[kmb_hist_index(values[i])]++;
		answer->op.count++;
		answer->op.sum += values[i];
		if (values[i] < answer->op.min)
			answer->op.min = values[i];
		if (values[i] > answer->op.max)
			answer->op.max = values[i];
	}
	answer->iterations = nr + failed;
	answer->samplers = 1;
	answer->empty = answer->op;
	answer->clock = answer->op;
	answer->mean = answer->op;
	answer->mean.count = answer->iterations;
	repetition.histogram = histogram__new(counts);
	free(counts);
	return repetition;
}

static void test_sound_answer_is_taken(void **state)
{
	const uint64_t values[] = { 10, 20, 30, 40 };
	struct repetition repetition = repetition_of(values, 4, 2);

	(void)state;
	assert_int_equal(repetition__check(&repetition), 0);
	repetition.answer.iterations = 3;
	repetition.answer.samplers = 2;
	assert_int_equal(repetition__check(&repetition), 0);
	repetition.answer.mean.count = 0;
	assert_int_equal(repetition__check(&repetition), 0);
	histogram__delete(repetition.histogram);
}

static void test_contradictions_are_refused(void **state)
{
	const uint64_t values[] = { 10, 20, 30 };
	struct repetition good = repetition_of(values, 3, 0), bad[8];
	int i;

	(void)state;
	for (i = 0; i < 8; i++)
		bad[i] = good;
	bad[0].answer.iterations = 4;
	bad[1].answer.failed.count = 1;
	bad[2].answer.op.count = 2;
	bad[2].answer.iterations = 2;
	bad[2].answer.mean.count = 2;
	bad[3].answer.op.min = 31;
	bad[4].answer.samplers = 0;
	bad[5].answer.mean.count = 2;
	bad[6].answer.op.sum = 3 * 31;
	bad[7].answer.op.sum = 3 * 9;
	assert_int_equal(repetition__check(&good), 0);
	for (i = 0; i < 8; i++)
		assert_int_equal(repetition__check(&bad[i]), -EBADMSG);
	histogram__delete(good.histogram);
}

static void test_backward_clock_is_refused(void **state)
{
	const uint64_t values[] = { (uint64_t)-5 }, fine[] = { 5 };
	struct repetition repetition = repetition_of(values, 1, 0);
	struct repetition other = repetition_of(fine, 1, 0);

	(void)state;
	repetition.answer.empty = other.answer.empty;
	repetition.answer.clock = other.answer.clock;
	assert_int_equal(repetition__check(&repetition), -ERANGE);
	assert_int_equal(repetition__check(&other), 0);
	other.answer.empty.max = (uint64_t)INT64_MAX + 1;
	assert_int_equal(repetition__check(&other), -ERANGE);
	other.answer.empty.max = 5;
	other.answer.mean.max = (uint64_t)INT64_MAX + 1;
	assert_int_equal(repetition__check(&other), -ERANGE);
	histogram__delete(repetition.histogram);
	histogram__delete(other.histogram);
}

static void test_summary_takes_repetitions_together(void **state)
{
	const uint64_t first[] = { 10, 20 }, second[] = { 5, 30, 40 };
	struct repetition repetitions[] = { repetition_of(first, 2, 1),
					    repetition_of(second, 3, 0),
					    repetition_of(NULL, 0, 4) };
	const struct measured_cell measured = { .nr_repetitions = 3,
						.repetitions = repetitions };
	struct cell_summary summary;
	int i;

	(void)state;
	assert_int_equal(measured_cell__summarise(&measured, &summary), 0);
	assert_int_equal(summary.failed, 5);
	assert_int_equal(summary.op.count, 5);
	assert_int_equal(summary.op.sum, 105);
	assert_int_equal(summary.op.min, 5);
	assert_int_equal(summary.op.max, 40);
	assert_int_equal(summary.mean.count, 10);
	assert_int_equal(summary.percentiles[0], 20);
	assert_int_equal(summary.percentiles[1], 40);
	for (i = 0; i < 3; i++)
		histogram__delete(repetitions[i].histogram);
}

/* The summary of two repetitions of one sample each. */
static struct cell_summary summary_of(uint64_t first, uint64_t second)
{
	struct repetition repetitions[] = { repetition_of(&first, 1, 0),
					    repetition_of(&second, 1, 0) };
	const struct measured_cell measured = { .nr_repetitions = 2,
						.repetitions = repetitions };
	struct cell_summary summary;

	assert_int_equal(measured_cell__summarise(&measured, &summary), 0);
	histogram__delete(repetitions[0].histogram);
	histogram__delete(repetitions[1].histogram);
	return summary;
}

static void test_percentile_needs_a_sample_above_it(void **state)
{
	const struct {
		uint64_t count;
		unsigned int has;
	} rows[] = {
		{ 0, 0 }, { 1, 1 }, { 9, 1 }, { 10, 2 }, { 99, 2 }, { 100, 3 },
		{ 999, 3 }, { 1000, 4 }, { 9999, 4 }, { 10000, 5 },
	};
	unsigned int i, j;

	(void)state;
	for (i = 0; i < 10; i++)
		for (j = 0; j < PERCENTILES_NR; j++)
			assert_int_equal(j < rows[i].has,
					 summary__has(&(struct cell_summary) {
						.op.count = rows[i].count }, j));
}

/* What README promises of the distribution; quick stops before it. */
static void test_standard_has_all_percentiles_of_small_objects(void **state)
{
	const struct profile *profile = profile__find("standard");
	const struct profile *less = profile__find("quick");
	struct cell_summary summary = { .op.count = profile->repetitions *
		measurement__bound(profile->iterations, 256, profile->budget, 1) };
	unsigned int i;

	(void)state;
	for (i = 0; i < PERCENTILES_NR; i++)
		assert_true(summary__has(&summary, i));
	summary.op.count = less->repetitions * less->iterations;
	assert_false(summary__has(&summary, PERCENTILES_NR - 1));
}

static void test_repetitions_that_disagree_are_flagged(void **state)
{
	(void)state;
	assert_true(summary_of(40, 40).steady);
	assert_true(summary_of(40, 42).steady);
	assert_int_equal(summary_of(42, 40).spread, 50);
	assert_false(summary_of(40, 43).steady);
	assert_false(summary_of(0, 1).steady);
	assert_true(summary_of(0, 0).steady);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_large_objects_are_measured_less),
		cmocka_unit_test(test_what_takes_long_is_measured_less),
		cmocka_unit_test(test_sound_answer_is_taken),
		cmocka_unit_test(test_contradictions_are_refused),
		cmocka_unit_test(test_backward_clock_is_refused),
		cmocka_unit_test(test_summary_takes_repetitions_together),
		cmocka_unit_test(test_percentile_needs_a_sample_above_it),
		cmocka_unit_test(test_standard_has_all_percentiles_of_small_objects),
		cmocka_unit_test(test_repetitions_that_disagree_are_flagged),
	};

	return cmocka_run_group_tests_name("measurement", tests, NULL, NULL) != 0;
}
