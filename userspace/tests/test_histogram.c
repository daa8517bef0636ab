// SPDX-License-Identifier: GPL-2.0
/*
 * The histogram of the ABI (bounds, error, order) and what the tool makes of
 * one (shrinking, merging, percentiles).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "histogram.h"
#include "module/uapi/kmbench.h"

#define RANDOM_VALUES	1000000

/* xorshift64*: the same values on every machine and in every run. */
static uint64_t next_random(uint64_t *state)
{
	*state ^= *state >> 12;
	*state ^= *state << 25;
	*state ^= *state >> 27;
	return *state * 2685821657736338717ULL;
}

static void assert_value_in_its_bucket(uint64_t value)
{
	uint32_t index = kmb_hist_index(value);
	uint64_t low, high, middle, error;

	assert_true(index < KMB_HIST_BUCKETS);
	low = kmb_hist_low(index);
	high = kmb_hist_high(index);
	assert_true(low <= value && value <= high);
	middle = low + (high - low) / 2;
	error = middle > value ? middle - value : value - middle;
	/* error / value < 1 % */
	assert_true(error <= value / 100);
}

static void test_buckets_tile_all_values(void **state)
{
	uint32_t i;

	(void)state;
	assert_int_equal(kmb_hist_low(0), 0);
	assert_true(kmb_hist_high(KMB_HIST_BUCKETS - 1) == UINT64_MAX);
	for (i = 0; i < KMB_HIST_BUCKETS; i++) {
		assert_int_equal(kmb_hist_index(kmb_hist_low(i)), i);
		assert_int_equal(kmb_hist_index(kmb_hist_high(i)), i);
		if (i)
			assert_true(kmb_hist_low(i) == kmb_hist_high(i - 1) + 1);
	}
}

static void test_small_values_are_exact(void **state)
{
	uint64_t value;

	(void)state;
	for (value = 0; value < 2 * KMB_HIST_SUB; value++) {
		assert_int_equal(kmb_hist_low(kmb_hist_index(value)), value);
		assert_int_equal(kmb_hist_high(kmb_hist_index(value)), value);
	}
}

static void test_error_below_one_percent_at_bounds(void **state)
{
	int bit;

	(void)state;
	for (bit = 0; bit < 64; bit++) {
		assert_value_in_its_bucket(1ULL << bit);
		assert_value_in_its_bucket((1ULL << bit) - 1);
		assert_value_in_its_bucket((1ULL << bit) + 1);
		assert_value_in_its_bucket(UINT64_MAX >> bit);
	}
}

static void test_error_below_one_percent_at_random(void **state)
{
	uint64_t random = 1, value;
	int i;

	(void)state;
	for (i = 0; i < RANDOM_VALUES; i++) {
		value = next_random(&random);
		/* Every order of magnitude is as likely as any other. */
		assert_value_in_its_bucket(value >> (next_random(&random) & 63));
	}
}

static struct histogram *histogram_of(const uint64_t *values, size_t nr)
{
	uint64_t *counts = calloc(KMB_HIST_BUCKETS, sizeof(*counts));
	struct histogram *histogram;
	size_t i;

	assert_non_null(counts);
	for (i = 0; i < nr; i++)
		counts[kmb_hist_index(values[i])]++;
	histogram = histogram__new(counts);
	assert_non_null(histogram);
	free(counts);
	return histogram;
}

static void test_new_keeps_filled_buckets_only(void **state)
{
	const uint64_t values[] = { 7, 0, 7, UINT64_MAX };
	struct histogram *histogram = histogram_of(values, 4);

	(void)state;
	assert_int_equal(histogram->nr, 3);
	assert_int_equal(histogram->buckets[0].index, 0);
	assert_int_equal(histogram->buckets[1].index, 7);
	assert_int_equal(histogram->buckets[1].count, 2);
	assert_int_equal(histogram->buckets[2].index, KMB_HIST_BUCKETS - 1);
	assert_int_equal(histogram__count(histogram), 4);
	histogram__delete(histogram);
}

static void test_merge_is_the_histogram_of_all(void **state)
{
	uint64_t values[300], random = 2;
	struct histogram *a, *b, *sum, *all;
	size_t i;

	(void)state;
	for (i = 0; i < 300; i++)
		values[i] = next_random(&random) % 200;
	a = histogram_of(values, 100);
	b = histogram_of(values + 100, 200);
	all = histogram_of(values, 300);
	sum = histogram__merge(a, b);
	assert_non_null(sum);
	assert_int_equal(sum->nr, all->nr);
	for (i = 0; i < all->nr; i++) {
		assert_int_equal(sum->buckets[i].index, all->buckets[i].index);
		assert_int_equal(sum->buckets[i].count, all->buckets[i].count);
	}
	histogram__delete(a);
	histogram__delete(b);
	histogram__delete(all);
	histogram__delete(sum);
}

static void test_rank_is_the_ceiling(void **state)
{
	(void)state;
	assert_int_equal(histogram__rank(1, 5000), 1);
	assert_int_equal(histogram__rank(2, 5000), 1);
	assert_int_equal(histogram__rank(3, 5000), 2);
	assert_int_equal(histogram__rank(100, 9900), 99);
	assert_int_equal(histogram__rank(101, 9900), 100);
	assert_int_equal(histogram__rank(1000, 9990), 999);
	assert_int_equal(histogram__rank(1000, 9999), 1000);
	assert_int_equal(histogram__rank(10000, 9999), 9999);
	assert_int_equal(histogram__rank(10001, 9999), 10000);
	assert_int_equal(histogram__rank(1, 1), 1);
	assert_true(histogram__rank(UINT64_MAX, 10000) == UINT64_MAX);
}

/* Values below 64 have a bucket each, so that the answers are exact. */
static void test_percentile_finds_the_sample_of_that_rank(void **state)
{
	uint64_t values[50];
	struct histogram *histogram;
	size_t i;

	(void)state;
	for (i = 0; i < 50; i++)
		values[i] = i + 1;
	histogram = histogram_of(values, 50);
	assert_int_equal(histogram__percentile(histogram, 5000, 1, 50), 25);
	assert_int_equal(histogram__percentile(histogram, 9000, 1, 50), 45);
	assert_int_equal(histogram__percentile(histogram, 9900, 1, 50), 50);
	assert_int_equal(histogram__percentile(histogram, 1, 1, 50), 1);
	histogram__delete(histogram);
}

static void test_percentile_is_the_middle_of_the_bucket(void **state)
{
	const uint64_t values[] = { 1000 };
	struct histogram *histogram = histogram_of(values, 1);
	uint32_t index = kmb_hist_index(1000);
	uint64_t low = kmb_hist_low(index), high = kmb_hist_high(index);

	(void)state;
	assert_true(high > low + 1);
	assert_int_equal(histogram__percentile(histogram, 5000, 0, UINT64_MAX),
			 low + (high - low) / 2);
	histogram__delete(histogram);
}

static void test_percentile_stays_within_min_and_max(void **state)
{
	const uint64_t values[] = { 1000000 };
	struct histogram *histogram = histogram_of(values, 1);

	(void)state;
	assert_int_equal(histogram__percentile(histogram, 5000, 1000000,
					       1000000), 1000000);
	assert_int_equal(histogram__percentile(histogram, 5000, 0, 5), 5);
	assert_int_equal(histogram__percentile(histogram, 5000, 2000000,
					       3000000), 2000000);
	histogram__delete(histogram);
}

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

static void test_percentile_is_near_the_exact_one(void **state)
{
	static const uint32_t wanted[] = { 5000, 9000, 9900, 9990, 9999 };
	static uint64_t values[10007];
	struct histogram *histogram;
	uint64_t random = 3, exact, got;
	size_t i;

	(void)state;
	for (i = 0; i < 10007; i++) {
		values[i] = next_random(&random);
		values[i] >>= next_random(&random) & 63;
	}
	histogram = histogram_of(values, 10007);
	qsort(values, 10007, sizeof(values[0]), compare);
	for (i = 0; i < 5; i++) {
		exact = values[histogram__rank(10007, wanted[i]) - 1];
		got = histogram__percentile(histogram, wanted[i], values[0],
					    values[10006]);
		assert_true((got > exact ? got - exact : exact - got) <=
			    exact / 100);
	}
	histogram__delete(histogram);
}

static void test_percentile_of_nothing_is_zero(void **state)
{
	struct histogram *histogram = histogram_of(NULL, 0);

	(void)state;
	assert_int_equal(histogram__count(histogram), 0);
	assert_int_equal(histogram__percentile(histogram, 5000, UINT64_MAX, 0),
			 0);
	histogram__delete(histogram);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_buckets_tile_all_values),
		cmocka_unit_test(test_small_values_are_exact),
		cmocka_unit_test(test_error_below_one_percent_at_bounds),
		cmocka_unit_test(test_error_below_one_percent_at_random),
		cmocka_unit_test(test_new_keeps_filled_buckets_only),
		cmocka_unit_test(test_merge_is_the_histogram_of_all),
		cmocka_unit_test(test_rank_is_the_ceiling),
		cmocka_unit_test(test_percentile_finds_the_sample_of_that_rank),
		cmocka_unit_test(test_percentile_is_the_middle_of_the_bucket),
		cmocka_unit_test(test_percentile_stays_within_min_and_max),
		cmocka_unit_test(test_percentile_is_near_the_exact_one),
		cmocka_unit_test(test_percentile_of_nothing_is_zero),
	};

	return cmocka_run_group_tests_name("histogram", tests, NULL, NULL) != 0;
}
