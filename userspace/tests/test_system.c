// SPDX-License-Identifier: GPL-2.0
/*
 * The description of a machine, from a made-up /proc and /sys.
 */
#include "root.h"
#include "system.h"

static json_t *describe(void)
{
	json_t *all = system__describe(root__path);

	assert_non_null(all);
	return all;
}

static void test_empty_machine_is_not_guessed(void **state)
{
	json_t *all = describe();

	(void)state;
	assert_string_equal(json_string_value(json_object_get(all, "cmdline")),
			    "");
	assert_string_equal(json_string_value(json_object_get(all, "cpu")),
			    "unknown");
	assert_true(json_is_null(json_object_get(all, "mem_total_kib")));
	assert_true(json_is_null(json_object_get(all, "init_on_alloc")));
	assert_int_equal(json_object_size(json_object_get(all, "mitigations")),
			 0);
	assert_int_equal(json_array_size(json_object_get(all, "debug")), 0);
	assert_int_equal(json_object_size(all), 12);
	json_decref(all);
}

static void test_files_are_read(void **state)
{
	json_t *all;

	(void)state;
	root__put("/proc/cpuinfo", "processor\t: 0\nmodel\t\t: 1\nmodel name\t: Toy CPU\n");
	root__put("/proc/meminfo", "MemFree: 1 kB\nMemTotal:      4321 kB\n");
	root__put("/sys/devices/system/cpu/vulnerabilities/spectre", "Mitigation: x\n");
	all = describe();
	assert_string_equal(json_string_value(json_object_get(all, "cpu")),
			    "Toy CPU");
	assert_int_equal(json_integer_value(json_object_get(all,
							    "mem_total_kib")),
			 4321);
	assert_string_equal(json_string_value(json_object_get(
			    json_object_get(all, "mitigations"), "spectre")),
			    "Mitigation: x");
	json_decref(all);
}

static void assert_init_on_alloc(const char *cmdline, int type)
{
	json_t *all;

	root__put("/proc/cmdline", cmdline);
	all = describe();
	assert_int_equal(json_typeof(json_object_get(all, "init_on_alloc")),
			 type);
	json_decref(all);
}

static void test_init_on_alloc_is_the_last_that_was_said(void **state)
{
	(void)state;
	assert_init_on_alloc("quiet\n", JSON_NULL);
	assert_init_on_alloc("init_on_alloc=1\n", JSON_TRUE);
	assert_init_on_alloc("a init_on_alloc=0 b\n", JSON_FALSE);
	assert_init_on_alloc("init_on_alloc=on\n", JSON_TRUE);
	assert_init_on_alloc("init_on_alloc=off\n", JSON_FALSE);
	assert_init_on_alloc("init_on_alloc=0 init_on_alloc=1\n", JSON_TRUE);
	assert_init_on_alloc("xinit_on_alloc=1\n", JSON_NULL);
	assert_init_on_alloc("init_on_alloc_1\n", JSON_NULL);
	assert_init_on_alloc("init_on_alloc\n", JSON_NULL);
}

static void assert_memory_cgroup(const char *lines, const char *path)
{
	const char *found;
	json_t *all;

	root__put("/proc/self/cgroup", lines);
	all = describe();
	found = json_string_value(json_object_get(all, "memory_cgroup"));
	if (path)
		assert_string_equal(found, path);
	else
		assert_null(found);
	json_decref(all);
}

static void test_memory_cgroup_is_one_that_is_charged(void **state)
{
	(void)state;
	root__put("/sys/fs/cgroup/a/memory.current", "1\n");
	assert_memory_cgroup("0::/\n", NULL);
	assert_memory_cgroup("0::/a\n", "/a");
	assert_memory_cgroup("0::/b\n", NULL);
	assert_memory_cgroup("nonsense\n", NULL);
	assert_memory_cgroup("4:memory:/x\n0::/a\n", "/x");
	assert_memory_cgroup("4:cpu,memory:/x\n", "/x");
	assert_memory_cgroup("4:memory:/\n3:cpuset:/a\n", NULL);
}

static void test_direct_map_is_read(void **state)
{
	struct direct_map map = system__direct_map(root__path);

	(void)state;
	assert_false(map.known);
	root__put("/proc/meminfo", "DirectMap2M:     4096 kB\n");
	assert_false(system__direct_map(root__path).known);
	root__put("/proc/meminfo", "HugeTLB: 1 kB\nDirectMap4k:       12 kB\nDirectMap2M:     4096 kB\n");
	map = system__direct_map(root__path);
	assert_true(map.known);
	assert_int_equal(map.bytes[KMB_PAGE_4K], 12 << 10);
	assert_int_equal(map.bytes[KMB_PAGE_2M], 4 << 20);
	assert_int_equal(map.bytes[KMB_PAGE_1G], 0);
	assert_false(map.counts_splits);
	root__put("/proc/vmstat", "nr_free_pages 7\ndirect_map_level2_splits 5\ndirect_map_level3_splits 2\n");
	map = system__direct_map(root__path);
	assert_true(map.counts_splits);
	assert_int_equal(map.splits, 7);
}

static void test_debug_options_that_are_on_are_listed(void **state)
{
	json_t *all, *debug;

	(void)state;
	root__put("/proc/cmdline", "slub_debug=FZ quiet\n");
	root__put("/sys/kernel/slab/kmalloc-64/red_zone", "1\n");
	root__put("/sys/kernel/slab/kmalloc-64/poison", "0\n");
	all = describe();
	debug = json_object_get(all, "debug");
	assert_int_equal(json_array_size(debug), 2);
	assert_string_equal(json_string_value(json_array_get(debug, 0)),
			    "slub_debug=FZ");
	assert_string_equal(json_string_value(json_array_get(debug, 1)),
			    "kmalloc-64/red_zone");
	json_decref(all);
}

/* JSON is UTF-8; a command line need not be. */
static void test_strange_bytes_do_no_harm(void **state)
{
	json_t *all;

	(void)state;
	root__put("/proc/cmdline", "name=\xff\xfe\n");
	all = describe();
	assert_string_equal(json_string_value(json_object_get(all, "cmdline")),
			    "name=??");
	json_decref(all);
}

#define WITH_ROOT(test) cmocka_unit_test_setup_teardown(test, root__set_up, root__tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_ROOT(test_empty_machine_is_not_guessed),
		WITH_ROOT(test_files_are_read),
		WITH_ROOT(test_init_on_alloc_is_the_last_that_was_said),
		WITH_ROOT(test_memory_cgroup_is_one_that_is_charged),
		WITH_ROOT(test_direct_map_is_read),
		WITH_ROOT(test_debug_options_that_are_on_are_listed),
		WITH_ROOT(test_strange_bytes_do_no_harm),
	};

	return cmocka_run_group_tests_name("system", tests, NULL, NULL) != 0;
}
