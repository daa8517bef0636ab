// SPDX-License-Identifier: GPL-2.0
/*
 * Counters on the machine at hand. Page faults exist on every machine that
 * allows perf events at all; what else there is, differs, but is never a
 * silent 0.
 */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <cmocka.h>

#include "counters.h"

#define PAGES	64

static unsigned int counter_of(const char *name)
{
	unsigned int i;

	for (i = 0; i < COUNTERS_NR; i++)
		if (!strcmp(counters__name(i), name))
			return i;
	fail_msg("no counter '%s'", name);
	return 0;
}

/* Touches pages that nobody has touched: a fault each. */
static void fault(void)
{
	long page = sysconf(_SC_PAGESIZE);
	char *map = mmap(NULL, PAGES * page, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int i;

	assert_ptr_not_equal(map, MAP_FAILED);
	madvise(map, PAGES * page, MADV_NOHUGEPAGE);
	for (i = 0; i < PAGES; i++)
		map[i * page] = 1;
	munmap(map, PAGES * page);
}

static void test_unknown_counter_says_why(void **state)
{
	struct counters *counters = counters__new();
	struct counter_value values[COUNTERS_NR];
	unsigned int i;

	(void)state;
	assert_non_null(counters);
	counters__reset(counters);
	counters__enable(counters);
	fault();
	counters__disable(counters);
	counters__read(counters, values);
	for (i = 0; i < COUNTERS_NR; i++) {
		assert_int_equal(values[i].known, values[i].why[0] == '\0');
		assert_null(strchr(values[i].why, '\n'));
	}
	counters__delete(counters);
}

static void test_counts_only_while_enabled(void **state)
{
	struct counters *counters = counters__new();
	struct counter_value values[COUNTERS_NR];
	unsigned int faults = counter_of("page-faults");

	(void)state;
	counters__reset(counters);
	fault();
	counters__enable(counters);
	fault();
	counters__disable(counters);
	fault();
	counters__enable(counters);
	fault();
	counters__disable(counters);
	counters__read(counters, values);
	if (!values[faults].known) {
		print_message("page-faults %s\n", values[faults].why);
		skip();
	}
	assert_in_range(values[faults].value, 2 * PAGES, 3 * PAGES - 1);
	counters__delete(counters);
}

static void test_reset_begins_anew(void **state)
{
	struct counters *counters = counters__new();
	struct counter_value values[COUNTERS_NR];
	unsigned int faults = counter_of("page-faults");
	int i;

	(void)state;
	for (i = 0; i < 2; i++) {
		counters__reset(counters);
		counters__enable(counters);
		fault();
		counters__disable(counters);
		counters__read(counters, values);
	}
	if (!values[faults].known) {
		print_message("page-faults %s\n", values[faults].why);
		skip();
	}
	assert_in_range(values[faults].value, PAGES, 2 * PAGES - 1);
	counters__delete(counters);
}

static void test_shared_counter_is_unavailable(void **state)
{
	struct counter_value value;

	(void)state;
	counter_value__set(&value, 7, 100, 100);
	assert_true(value.known);
	assert_int_equal(value.value, 7);
	counter_value__set(&value, 7, 100, 99);
	assert_false(value.known);
	assert_string_equal(value.why, "multiplexed");
	counter_value__set(&value, 7, 100, 0);
	assert_false(value.known);
	assert_string_equal(value.why, "no counter of the PMU took it");
}

static void test_not_enabled_is_unavailable(void **state)
{
	struct counters *counters = counters__new();
	struct counter_value values[COUNTERS_NR];
	unsigned int i;

	(void)state;
	counters__reset(counters);
	counters__read(counters, values);
	for (i = 0; i < COUNTERS_NR; i++)
		assert_false(values[i].known);
	counters__delete(counters);
}

/* The kernel touches pages that nobody has touched: faults of its own. */
static void fault_in_kernel(void)
{
	size_t bytes = PAGES * sysconf(_SC_PAGESIZE);
	int zero = open("/dev/zero", O_RDONLY | O_CLOEXEC);
	char *map = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	assert_ptr_not_equal(map, MAP_FAILED);
	madvise(map, bytes, MADV_NOHUGEPAGE);
	assert_int_equal(read(zero, map, bytes), bytes);
	munmap(map, bytes);
	close(zero);
}

static void test_sides_are_counted_apart(void **state)
{
	struct counter_value values[COUNTERS_SIDES][COUNTERS_NR];
	unsigned int faults = counter_of("page-faults");
	int side;

	(void)state;
	for (side = 0; side < COUNTERS_SIDES; side++) {
		struct counters *counters = counters__new_of(side);

		assert_non_null(counters);
		counters__reset(counters);
		counters__enable(counters);
		fault();
		fault_in_kernel();
		counters__disable(counters);
		counters__read(counters, values[side]);
		counters__delete(counters);
	}
	if (!values[COUNTERS_USER][faults].known || !values[COUNTERS_KERNEL][faults].known) {
		print_message("page-faults %s%s\n", values[COUNTERS_USER][faults].why,
			      values[COUNTERS_KERNEL][faults].why);
		skip();
	}
	assert_in_range(values[COUNTERS_USER][faults].value, PAGES, 2 * PAGES - 1);
	assert_in_range(values[COUNTERS_KERNEL][faults].value, PAGES, 2 * PAGES - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_unknown_counter_says_why),
		cmocka_unit_test(test_counts_only_while_enabled),
		cmocka_unit_test(test_reset_begins_anew),
		cmocka_unit_test(test_shared_counter_is_unavailable),
		cmocka_unit_test(test_not_enabled_is_unavailable),
		cmocka_unit_test(test_sides_are_counted_apart),
	};

	return cmocka_run_group_tests_name("counters", tests, NULL, NULL) != 0;
}
