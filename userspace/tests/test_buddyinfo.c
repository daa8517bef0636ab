// SPDX-License-Identifier: GPL-2.0
/*
 * /proc/buddyinfo, as guests had it and as it may be broken.
 */
#include <errno.h>

#include "buddyinfo.h"
#include "root.h"

static int read_text(struct buddyinfo *info, const char *text)
{
	root__put("/proc/buddyinfo", text);
	return buddyinfo__read(info, root__path);
}

static void test_zones_are_read(void **state)
{
	struct buddyinfo info;

	(void)state;
	assert_int_equal(read_text(&info,
				   "Node 0, zone      DMA      0      0      0      0      0      1      1      1      0      1      3\n"
				   "Node 1, zone    DMA32      3      1      3      1      2      2      2      2      2      2    225\n"), 0);
	assert_int_equal(info.nr, 2);
	assert_int_equal(info.zones[1].node, 1);
	assert_string_equal(info.zones[1].name, "DMA32");
	assert_int_equal(info.zones[1].free.nr_orders, 11);
	assert_int_equal(info.zones[1].free.nr[0], 3);
	assert_int_equal(info.zones[1].free.nr[10], 225);
	buddyinfo__free(&info);
}

static void test_kernel_is_not_served_from_all_zones(void **state)
{
	struct free_blocks sum;
	struct buddyinfo info;

	(void)state;
	assert_int_equal(read_text(&info, "Node 0, zone DMA 1 10\nNode 0, zone Normal 2 20\n"
				   "Node 0, zone Movable 100 1000\nNode 0, zone Device 100 1000\n"
				   "Node 1, zone Normal 4 40\nNode 1, zone HighMem 100 1000\n"), 0);
	sum = buddyinfo__of_kernel(&info);
	assert_int_equal(sum.nr_orders, 2);
	assert_int_equal(sum.nr[0], 7);
	assert_int_equal(sum.nr[1], 70);
	buddyinfo__free(&info);
}

static void assert_refused(const char *text)
{
	struct buddyinfo info;

	assert_int_equal(read_text(&info, text), -EBADMSG);
	buddyinfo__free(&info);
}

static void test_what_cannot_be_understood_is_refused(void **state)
{
	(void)state;
	assert_refused("");
	assert_refused("Node 0, zone DMA\n");
	assert_refused("Node 0, zone DMA 1 -1\n");
	assert_refused("Node 0, zone DMA 1 2\nnonsense\n");
	assert_refused("Node 0, zone DMA 1 99999999999999999999999\n");
	assert_refused("Node 0, zone DMA 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1\n");
}

static void test_missing_file_is_told(void **state)
{
	struct buddyinfo info;

	(void)state;
	assert_int_equal(buddyinfo__read(&info, root__path), -ENOENT);
	buddyinfo__free(&info);
}

#define WITH_ROOT(test) cmocka_unit_test_setup_teardown(test, root__set_up, root__tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_ROOT(test_zones_are_read),
		WITH_ROOT(test_kernel_is_not_served_from_all_zones),
		WITH_ROOT(test_what_cannot_be_understood_is_refused),
		WITH_ROOT(test_missing_file_is_told),
	};

	return cmocka_run_group_tests_name("buddyinfo", tests, NULL, NULL) != 0;
}
