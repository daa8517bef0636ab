// SPDX-License-Identifier: GPL-2.0
/*
 * What is read of the kernel's files, from made-up ones: where a module is, and
 * how many events came.
 */
#include <errno.h>
#include <string.h>

#include "root.h"
#include "trace.h"

static const char modules[] =
	"virtio_pci 24576 0 - Live 0xffffffffc0120000\n"
	"kmbench_fault 16384 0 - Live 0xffffffffc0130000 (OE)\n"
	"kmbench 69632 0 - Live 0xffffffffc0100000 (OE)\n"
	"virtio_console 40960 2 virtio_pci,kmbench, Live 0xffffffffc0104000\n";

static int find(const char *text, const char *name, struct trace_range *range)
{
	char path[512];

	root__put("/proc/modules", text);
	snprintf(path, sizeof(path), "%s/proc/modules", root__path);
	return trace__find_module(path, name, range);
}

static void test_module_is_found(void **state)
{
	struct trace_range range;

	(void)state;
	assert_int_equal(find(modules, "virtio_pci", &range), 0);
	assert_int_equal(range.start, 0xffffffffc0120000);
	assert_int_equal(range.end, 0xffffffffc0120000 + 24576);
	assert_int_equal(find(modules, "kmbench_fault", &range), 0);
	assert_int_equal(range.start, 0xffffffffc0130000);
}

/* The size is that of code and data, which need not lie together. */
static void test_neighbour_is_not_taken_in(void **state)
{
	struct trace_range range;

	(void)state;
	assert_int_equal(find(modules, "kmbench", &range), 0);
	assert_int_equal(range.start, 0xffffffffc0100000);
	assert_int_equal(range.end, 0xffffffffc0104000);
}

static void test_module_that_is_not_there_is_told(void **state)
{
	struct trace_range range;

	(void)state;
	assert_int_equal(find(modules, "kmb", &range), -ENODEV);
	assert_int_equal(find("", "kmbench", &range), -ENODEV);
	assert_int_equal(find("kmbench 69632 0 - Live 0x0000000000000000 (OE)\n",
			      "kmbench", &range), -EACCES);
	assert_int_equal(trace__find_module("/nowhere", "kmbench", &range),
			 -ENOENT);
}

static int add(const char *text, uint64_t *seen, uint64_t *lost)
{
	char path[512];

	root__put("/stats", text);
	snprintf(path, sizeof(path), "%s/stats", root__path);
	return trace__add_stats(path, seen, lost);
}

static void test_overwritten_events_count(void **state)
{
	uint64_t seen = 1000, lost = 0;

	(void)state;
	assert_int_equal(add("entries: 1\noverrun: 20\ncommit overrun: 0\n"
			     "bytes: 4096\noldest event ts:     1.5\n"
			     "now ts:     2.5\ndropped events: 0\n"
			     "read events: 300\n", &seen, &lost), 0);
	assert_int_equal(seen, 1321);
	assert_int_equal(lost, 0);
}

static void test_lost_events_are_told_from_them(void **state)
{
	uint64_t seen = 0, lost = 0;

	(void)state;
	assert_int_equal(add("entries: 1\noverrun: 0\ncommit overrun: 3\n"
			     "dropped events: 40\nread events: 0\n",
			     &seen, &lost), 0);
	assert_int_equal(seen, 1);
	assert_int_equal(lost, 43);
}

static void test_number_that_is_missing_is_no_zero(void **state)
{
	uint64_t seen = 0, lost = 0;

	(void)state;
	assert_int_equal(add("entries: 1\noverrun: 0\ncommit overrun: 0\n"
			     "read events: 0\n", &seen, &lost), -EBADMSG);
	assert_int_equal(add("", &seen, &lost), -EBADMSG);
	assert_int_equal(trace__add_stats("/nowhere", &seen, &lost), -ENOENT);
}

#define WITH_ROOT(test) \
	cmocka_unit_test_setup_teardown(test, root__set_up, root__tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_ROOT(test_module_is_found),
		WITH_ROOT(test_neighbour_is_not_taken_in),
		WITH_ROOT(test_module_that_is_not_there_is_told),
		WITH_ROOT(test_overwritten_events_count),
		WITH_ROOT(test_lost_events_are_told_from_them),
		WITH_ROOT(test_number_that_is_missing_is_no_zero),
	};

	return cmocka_run_group_tests_name("trace", tests, NULL, NULL) != 0;
}
