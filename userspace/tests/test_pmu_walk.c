// SPDX-License-Identifier: GPL-2.0
/*
 * Groups of events and walks, on the machine at hand. Page faults exist on each
 * one; what a PMU counts is tested in a guest that has one.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <linux/perf_event.h>
#include <cmocka.h>

#include "pmu_walk.h"

#define PAGES	64
/* No kernel knows it. */
#define NO_EVENT	0xffff

static const struct tlb_event faults[] = {
	{ "page-faults", true, PERF_TYPE_SOFTWARE, PERF_COUNT_SW_PAGE_FAULTS, "" },
	{ "minor-faults", true, PERF_TYPE_SOFTWARE, PERF_COUNT_SW_PAGE_FAULTS_MIN, "" },
	{ "none", true, PERF_TYPE_SOFTWARE, NO_EVENT, "" },
};

static struct event_group *group_of(const struct tlb_event *events, unsigned int nr)
{
	struct event_group *group = event_group__new(events, nr, 0, EVENT_MODE_ALL);

	assert_non_null(group);
	return group;
}

static void fault(void)
{
	struct pmu_pages pages;

	assert_int_equal(pmu_pages__new(&pages, PAGES), 0);
	pmu_pages__free(&pages);
}

static void test_group_counts_together_while_started(void **state)
{
	struct event_group *group = group_of(faults, 3);
	struct counter_value values[3];
	int round;

	(void)state;
	for (round = 0; round < 2; round++) {
		event_group__reset(group);
		fault();
		event_group__start(group);
		fault();
		event_group__stop(group);
		fault();
		event_group__read(group, values);
		assert_true(values[0].known && values[1].known);
		assert_in_range(values[0].value, PAGES, PAGES + 8);
		assert_int_equal(values[0].value, values[1].value);
		assert_false(values[2].known);
		assert_non_null(strstr(values[2].why, "ENOENT"));
	}
	event_group__delete(group);
}

static void test_without_a_leader_there_is_no_group(void **state)
{
	const struct tlb_event headless[] = { faults[2], faults[0] };
	struct event_group *group = group_of(headless, 2);
	struct counter_value values[2];

	(void)state;
	event_group__reset(group);
	event_group__start(group);
	fault();
	event_group__stop(group);
	event_group__read(group, values);
	assert_false(values[0].known || values[1].known);
	assert_non_null(strstr(values[1].why, "ENOENT"));
	event_group__delete(group);
}

static void assert_one_cycle(const struct pmu_pages *pages, uint32_t nr)
{
	void **at = (void **)pages->start;
	bool seen[PAGES] = { false };
	uint32_t i, page;

	for (i = 0; i < nr; i++) {
		page = ((char *)at - pages->start) / pages->size;
		assert_true(page < nr && !seen[page]);
		seen[page] = true;
		at = *at;
	}
	assert_ptr_equal(at, pages->start);
}

static void test_walks_are_one_cycle_over_all_pages(void **state)
{
	struct pmu_pages pages;
	char *second[2];
	unsigned int i;

	(void)state;
	assert_int_equal(pmu_pages__new(&pages, PAGES), 0);
	for (i = 0; user_patterns[i].name; i++) {
		assert_int_equal(pmu_pages__lay(&pages, PAGES, &user_patterns[i]), 0);
		assert_one_cycle(&pages, PAGES);
		second[i] = *(void **)pages.start;
		assert_int_equal(pmu_pages__lay(&pages, 1, &user_patterns[i]), 0);
		assert_one_cycle(&pages, 1);
	}
	/* The control: they are two orders, and the first one is in order. */
	assert_ptr_equal(second[0], pages.start + pages.size + 37 * 64);
	assert_ptr_not_equal(second[0], second[1]);
	pmu_pages__free(&pages);
}

static void test_flushed_pages_take_no_fault(void **state)
{
	struct event_group *group = group_of(faults, 1);
	struct counter_value value;
	struct pmu_pages pages;

	(void)state;
	assert_int_equal(pmu_pages__new(&pages, PAGES), 0);
	assert_int_equal(pmu_pages__lay(&pages, PAGES, user_patterns), 0);
	event_group__reset(group);
	assert_int_equal(pmu_pages__flush(&pages, PAGES), 0);
	event_group__start(group);
	pmu_pages__follow(&pages, PAGES);
	event_group__stop(group);
	event_group__read(group, &value);
	assert_true(value.known);
	assert_in_range(value.value, 0, 2);
	event_group__delete(group);
	pmu_pages__free(&pages);
}

static const struct {
	bool known;
	uint64_t user, kernel;
	bool mixed;
} probes[6] = {
	{ true, 1000, 10, false },
	{ true, 1000, 499, false },
	{ true, 1000, 500, true },
	{ true, 1000, 1000, true },
	/* It cannot be told. */
	{ true, 10, 10, false },
	{ false, 1000, 1000, false },
};

static void test_event_that_mixes_user_and_kernel_is_found(void **state)
{
	struct counter_value values[EVENT_MODES];
	int i;

	(void)state;
	for (i = 0; i < 6; i++) {
		memset(values, 0, sizeof(values));
		values[EVENT_MODE_USER].known = probes[i].known;
		values[EVENT_MODE_USER].value = probes[i].user;
		values[EVENT_MODE_KERNEL].known = true;
		values[EVENT_MODE_KERNEL].value = probes[i].kernel;
		assert_int_equal(!!pmu_probe__mixed(values), probes[i].mixed);
	}
}

static const struct {
	uint32_t type;
	bool known;
	uint64_t all, user;
	bool silent;
} quiet[6] = {
	{ PERF_TYPE_HARDWARE, true, 1000, 900, false },
	{ PERF_TYPE_HARDWARE, true, 0, 0, true },
	{ PERF_TYPE_HW_CACHE, true, 7, 0, true },
	/* It has said why itself; or it may be of other pages; or it is no counter of the PMU. */
	{ PERF_TYPE_HW_CACHE, false, 0, 0, false },
	{ TLB_EVENT_OWN, true, 0, 0, false },
	{ PERF_TYPE_SOFTWARE, true, 0, 0, false },
};

static void test_event_that_stays_at_0_is_found(void **state)
{
	int i;

	(void)state;
	for (i = 0; i < 6; i++) {
		const struct tlb_event event = { .type = quiet[i].type };
		struct counter_value values[EVENT_MODES] = {
			[EVENT_MODE_ALL] = { .known = quiet[i].known, .value = quiet[i].all },
			[EVENT_MODE_USER] = { .known = quiet[i].known, .value = quiet[i].user },
		};

		assert_int_equal(!!pmu_probe__silent(&event, values), quiet[i].silent);
	}
}

/* More events than a group has, one of them not to be counted. */
static void test_each_event_is_walked_for(void **state)
{
	static struct pmu_events events;
	static struct pmu_walk walk = { .pattern = user_patterns, .pages = PAGES,
					.passes = 2 };
	struct pmu_pages pages;
	unsigned int i, mode;

	(void)state;
	events.nr = EVENT_GROUP_MAX + 2;
	for (i = 0; i < events.nr; i++)
		events.event[i] = faults[0];
	for (mode = 0; mode < EVENT_MODES; mode++)
		strcpy(events.why[1][mode], "planted");
	assert_int_equal(pmu_pages__new(&pages, PAGES), 0);
	assert_int_equal(pmu_walk__run(&walk, &events, &pages), 0);
	for (i = 0; i < events.nr; i++) {
		struct counter_value *value =
			&walk.value[PMU_WALK_AGAIN][EVENT_MODE_ALL][i];

		assert_int_equal(value->known, i != 1);
		assert_string_equal(value->why, i == 1 ? "planted" : "");
	}
	assert_int_equal(pmu_walk__loads(&walk, PMU_WALK_AGAIN), 3 * PAGES);
	pmu_pages__free(&pages);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_group_counts_together_while_started),
		cmocka_unit_test(test_without_a_leader_there_is_no_group),
		cmocka_unit_test(test_walks_are_one_cycle_over_all_pages),
		cmocka_unit_test(test_flushed_pages_take_no_fault),
		cmocka_unit_test(test_event_that_mixes_user_and_kernel_is_found),
		cmocka_unit_test(test_event_that_stays_at_0_is_found),
		cmocka_unit_test(test_each_event_is_walked_for),
	};

	return cmocka_run_group_tests_name("pmu_walk", tests, NULL, NULL) != 0;
}
