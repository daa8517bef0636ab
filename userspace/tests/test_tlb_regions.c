// SPDX-License-Identifier: GPL-2.0
/*
 * Regions of interest: what each counts, whatever others do meanwhile.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "userspace/tlb/regions.h"

/* Counts of which each differs from all others. */
static struct kmb_tlb_counts counted(uint64_t number)
{
	return (struct kmb_tlb_counts){
		.loads = number, .stores = 2 * number, .misses = { 3 * number, 4 * number, 5 * number },
		.walks = { 6 * number, 7 * number, 8 * number }, .walk_reads = 9 * number,
		.unmapped = 10 * number, .flushes = 11 * number, .flushes_all = 12 * number,
		.flushes_page = 13 * number,
	};
}

static bool begin(struct regions *regions, const char *text, uint64_t number)
{
	struct kmb_tlb_counts now = counted(number);
	char name[KMB_TLB_REGION_LEN] = "";

	strcpy(name, text);
	return regions__begin(regions, name, &now);
}

static bool end(struct regions *regions, const char *text, uint64_t number,
		struct kmb_tlb_counts *counts)
{
	struct kmb_tlb_counts now = counted(number);
	char name[KMB_TLB_REGION_LEN] = "";

	strcpy(name, text);
	return regions__end(regions, name, &now, counts);
}

static void assert_counted(struct regions *regions, const char *text, uint64_t number,
			   uint64_t expected)
{
	struct kmb_tlb_counts counts, all = counted(expected);

	assert_true(end(regions, text, number, &counts));
	assert_memory_equal(&counts, &all, sizeof(all));
}

static void test_a_region_counts_from_its_beginning(void **state)
{
	struct regions regions = { 0 };

	(void)state;
	assert_true(begin(&regions, "a", 100));
	assert_counted(&regions, "a", 103, 3);
	assert_true(begin(&regions, "a", 110));
	assert_counted(&regions, "a", 111, 1);
}

static void test_regions_may_lie_within_each_other_or_overlap(void **state)
{
	struct regions regions = { 0 };

	(void)state;
	assert_true(begin(&regions, "outer", 1));
	assert_true(begin(&regions, "inner", 2));
	assert_true(begin(&regions, "", 3));
	assert_counted(&regions, "inner", 4, 2);
	assert_counted(&regions, "outer", 8, 7);
	assert_counted(&regions, "", 9, 6);
}

static void test_a_region_that_begins_again_counts_anew(void **state)
{
	struct kmb_tlb_counts counts;
	struct regions regions = { 0 };

	(void)state;
	assert_true(begin(&regions, "a", 1));
	assert_true(begin(&regions, "a", 5));
	assert_counted(&regions, "a", 6, 1);
	assert_false(end(&regions, "a", 7, &counts));
}

static void test_what_did_not_begin_does_not_end(void **state)
{
	struct kmb_tlb_counts counts = counted(77), before = counts;
	struct regions regions = { 0 };

	(void)state;
	assert_false(end(&regions, "a", 1, &counts));
	assert_true(begin(&regions, "a", 1));
	assert_false(end(&regions, "b", 2, &counts));
	regions__forget(&regions);
	assert_false(end(&regions, "a", 3, &counts));
	assert_memory_equal(&counts, &before, sizeof(before));
}

static void test_too_many_do_not_begin(void **state)
{
	struct regions regions = { 0 };
	char name[16];
	int i;

	(void)state;
	for (i = 0; i < REGIONS_MAX; i++) {
		snprintf(name, sizeof(name), "%d", i);
		assert_true(begin(&regions, name, i));
	}
	assert_false(begin(&regions, "one more", 100));
	/* One of them may begin again, and one that ended leaves room. */
	assert_true(begin(&regions, "3", 100));
	assert_counted(&regions, "0", 100, 100);
	assert_true(begin(&regions, "one more", 100));
	assert_counted(&regions, "3", 101, 1);
}

static char *written(const char *name)
{
	struct kmb_tlb_counts counts = counted(1);
	char *text = NULL;
	size_t size;
	FILE *file = open_memstream(&text, &size);

	assert_non_null(file);
	assert_true(region__write(file, name, "tiny", 2, &counts));
	fclose(file);
	return text;
}

static void test_a_line_has_all_counts(void **state)
{
	char *text = written("a/b");

	(void)state;
	assert_string_equal(text,
			    "{\"region\":\"a/b\",\"model\":{\"geometry\":\"tiny\",\"loads\":1,\"stores\":2,\"misses\":[3,4],\"page_walks\":{\"4K\":6,\"2M\":7,\"1G\":8},\"walk_reads\":9,\"unmapped\":10,\"flushes\":11,\"flushes_all\":12,\"flushes_page\":13}}\n");
	free(text);
}

/* A guest may write what it likes, and no NUL. */
static void test_a_name_is_made_fit_for_a_line(void **state)
{
	char name[KMB_TLB_REGION_LEN], *text;
	struct regions regions = { 0 };
	struct kmb_tlb_counts now = counted(1), counts;

	(void)state;
	memset(name, 'x', sizeof(name));
	memcpy(name, "a\n\"\xff", 4);
	assert_true(regions__begin(&regions, name, &now));
	assert_true(regions__end(&regions, name, &now, &counts));
	text = written(name);
	assert_int_equal(strncmp(text, "{\"region\":\"a?\\\"?xxx", 18), 0);
	assert_non_null(strstr(text, "xxx\",\"model\""));
	free(text);
}

static void test_a_file_that_takes_no_more_is_told(void **state)
{
	struct kmb_tlb_counts counts = counted(1);
	FILE *full = fopen("/dev/full", "w");

	(void)state;
	assert_non_null(full);
	assert_false(region__write(full, "a", "tiny", 2, &counts));
	fclose(full);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_region_counts_from_its_beginning),
		cmocka_unit_test(test_regions_may_lie_within_each_other_or_overlap),
		cmocka_unit_test(test_a_region_that_begins_again_counts_anew),
		cmocka_unit_test(test_what_did_not_begin_does_not_end),
		cmocka_unit_test(test_too_many_do_not_begin),
		cmocka_unit_test(test_a_line_has_all_counts),
		cmocka_unit_test(test_a_name_is_made_fit_for_a_line),
		cmocka_unit_test(test_a_file_that_takes_no_more_is_told),
	};

	return cmocka_run_group_tests_name("tlb regions", tests, NULL, NULL);
}
