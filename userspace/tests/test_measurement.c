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

/* A repetition whose samples are these. */
static struct repetition repetition_of(const uint64_t *values, size_t nr,
				       uint64_t failed)
{
	uint64_t *counts = calloc(KMB_HIST_BUCKETS, sizeof(*counts));
	struct repetition repetition = { .failed = failed };
	size_t i;

	assert_non_null(counts);
	repetition.op.min = UINT64_MAX;
	for (i = 0; i < nr; i++) {
		counts[kmb_hist_index(values[i])]++;
		repetition.op.count++;
		repetition.op.sum += values[i];
		if (values[i] < repetition.op.min)
			repetition.op.min = values[i];
		if (values[i] > repetition.op.max)
			repetition.op.max = values[i];
	}
	repetition.empty = repetition.op;
	repetition.clock = repetition.op;
	repetition.histogram = histogram__new(counts);
	free(counts);
	return repetition;
}

static void test_sound_answer_is_taken(void **state)
{
	const uint64_t values[] = { 10, 20, 30 };
	struct repetition repetition = repetition_of(values, 3, 2);

	(void)state;
	assert_int_equal(repetition__check(&repetition, 5), 0);
	histogram__delete(repetition.histogram);
}

static void test_contradictions_are_refused(void **state)
{
	const uint64_t values[] = { 10, 20, 30 };
	struct repetition good = repetition_of(values, 3, 0), bad;

	(void)state;
	assert_int_equal(repetition__check(&good, 4), -EBADMSG);
	bad = good;
	bad.failed = 1;
	assert_int_equal(repetition__check(&bad, 3), -EBADMSG);
	bad = good;
	bad.op.count = 2;
	assert_int_equal(repetition__check(&bad, 2), -EBADMSG);
	bad = good;
	bad.op.min = 31;
	assert_int_equal(repetition__check(&bad, 3), -EBADMSG);
	histogram__delete(good.histogram);
}

static void test_backward_clock_is_refused(void **state)
{
	const uint64_t values[] = { (uint64_t)-5 }, fine[] = { 5 };
	struct repetition repetition = repetition_of(values, 1, 0);
	struct repetition other = repetition_of(fine, 1, 0);

	(void)state;
	repetition.empty = other.empty;
	repetition.clock = other.clock;
	assert_int_equal(repetition__check(&repetition, 1), -ERANGE);
	assert_int_equal(repetition__check(&other, 1), 0);
	other.empty.max = (uint64_t)INT64_MAX + 1;
	assert_int_equal(repetition__check(&other, 1), -ERANGE);
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
	assert_int_equal(summary.percentiles[0], 20);
	assert_int_equal(summary.percentiles[1], 40);
	for (i = 0; i < 3; i++)
		histogram__delete(repetitions[i].histogram);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_large_objects_are_measured_less),
		cmocka_unit_test(test_sound_answer_is_taken),
		cmocka_unit_test(test_contradictions_are_refused),
		cmocka_unit_test(test_backward_clock_is_refused),
		cmocka_unit_test(test_summary_takes_repetitions_together),
	};

	return cmocka_run_group_tests_name("measurement", tests, NULL, NULL) != 0;
}
