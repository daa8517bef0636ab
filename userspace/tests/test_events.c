// SPDX-License-Identifier: GPL-2.0
/*
 * The kernel's own counters, from a made-up /proc and /sys: which lines and
 * caches are taken, and that what is absent is no 0.
 */
#include <string.h>

#include "rows.h"
#include "events.h"
#include "root.h"

#define SIZE	100
#define CPU	1

static const struct counter_value *find_event(const struct events *events,
					      const char *name)
{
	unsigned int i;

	for (i = 0; i < EVENTS_NR; i++)
		if (!strcmp(events__name(i), name))
			return &events->values[i];
	fail_msg("no event '%s'", name);
	return NULL;
}

static void assert_event(const struct events *events, const char *name,
			 uint64_t value)
{
	const struct counter_value *found = find_event(events, name);

	if (!found->known)
		fail_msg("%s is not known: %s", name, found->why);
	assert_int_equal(found->value, value);
}

static void put_machine(void)
{
	root__put("/proc/vmstat", "nr_free_pages 9\ncompact_stall 3\n"
		  "compact_stall_more 100\nallocstall_dma 1\n"
		  "allocstall_normal 20\npgscan_kswapd 5\npgscan_direct 6\n"
		  "pgscan_direct_throttle 7\npgscan_anon 4\npgscan_file 7\n"
		  "pgscan_anonymous 500\npgscanned 1000\noom_kill 2\n");
	root__put("/proc/stat", "cpu  1 2 3 4 5 6 7 8 9 10\n"
		  "cpu1 11 12 13 14 15 16 17 18 19 20\n"
		  "cpu10 0 0 0 0 0 0 0 1000 0 0\nintr 77 1 2\nctxt 88\n");
}

static void put_cache(const char *name, const char *slowpath)
{
	char path[128];

	snprintf(path, sizeof(path), "/sys/kernel/slab/%s/alloc_slowpath", name);
	root__put(path, slowpath);
}

static void test_objects_of_another_cache_have_no_events_of_slabs(void **state)
{
	struct events events;

	(void)state;
	put_machine();
	root__put("/sys/kernel/slab/kmalloc-8/alloc_slowpath", "5\n");
	root__put("/sys/kernel/slab/kmalloc-128/alloc_slowpath", "5\n");
	events__read(&events, root__path, 8, CPU);
	assert_event(&events, "alloc_slowpath", 5);
	events__read(&events, root__path, 0, CPU);
	assert_false(find_event(&events, "alloc_slowpath")->known);
	assert_event(&events, "interrupts", 77);
}

static void test_lines_are_found(void **state)
{
	struct events events;

	(void)state;
	put_machine();
	events__read(&events, root__path, SIZE, CPU);
	assert_event(&events, "compact_stall", 3);
	assert_event(&events, "allocstall", 21);
	assert_event(&events, "pgscan", 11);
	assert_event(&events, "oom_kill", 2);
	assert_event(&events, "interrupts", 77);
	assert_event(&events, "context_switches", 88);
	assert_event(&events, "steal", 18);
}

static void test_caches_of_the_class_are_added(void **state)
{
	struct events events;

	(void)state;
	put_cache("kmalloc-96", "1000 C0=1000\n");
	put_cache("kmalloc-128", "5 C0=3 C1=2\n");
	put_cache("kmalloc-cg-128", "7\n");
	put_cache("kmalloc-rnd-03-128", "11\n");
	put_cache("kmalloc-1k", "1000\n");
	put_cache("other-128", "1000\n");
	events__read(&events, root__path, SIZE, CPU);
	assert_event(&events, "alloc_slowpath", 23);
	events__read(&events, root__path, 1000, CPU);
	assert_event(&events, "alloc_slowpath", 1000);
}

static void test_absent_is_not_zero(void **state)
{
	struct events events;

	(void)state;
	events__read(&events, root__path, SIZE, CPU);
	assert_false(find_event(&events, "compact_stall")->known);
	assert_non_null(strstr(find_event(&events, "compact_stall")->why,
			       "/proc/vmstat"));
	assert_false(find_event(&events, "alloc_slowpath")->known);
	assert_non_null(strstr(find_event(&events, "alloc_slowpath")->why,
			       "CONFIG_SLUB_STATS"));
	put_cache("kmalloc-128", "5\n");
	events__read(&events, root__path, 1 << 20, CPU);
	assert_false(find_event(&events, "alloc_slowpath")->known);
}

static void test_difference_is_what_came_between(void **state)
{
	struct events before, after, sum;

	(void)state;
	put_machine();
	memset(&sum, 0, sizeof(sum));
	events__read(&before, root__path, SIZE, CPU);
	root__put("/proc/stat", "intr 100\n");
	events__read(&after, root__path, SIZE, CPU);
	events__add_since(&sum, &before, &after);
	events__add_since(&sum, &before, &after);
	assert_event(&sum, "interrupts", 2 * 23);
	assert_event(&sum, "compact_stall", 0);
	assert_false(find_event(&sum, "context_switches")->known);
	assert_false(find_event(&sum, "alloc_slowpath")->known);
}

#define WITH_ROOT(test) \
	cmocka_unit_test_setup_teardown(test, root__set_up, root__tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_ROOT(test_objects_of_another_cache_have_no_events_of_slabs),
		WITH_ROOT(test_lines_are_found),
		WITH_ROOT(test_caches_of_the_class_are_added),
		WITH_ROOT(test_absent_is_not_zero),
		WITH_ROOT(test_difference_is_what_came_between),
	};

	return cmocka_run_group_tests_name("events", tests, NULL, NULL) != 0;
}
