// SPDX-License-Identifier: GPL-2.0
/*
 * /proc/pagetypeinfo, as a guest of 1 GiB had it (Linux 6.1.0-56-cloud-amd64, right
 * after boot), and as it may be broken.
 */
#include <errno.h>

#include "frag_types.h"
#include "pagetypeinfo.h"
#include "root.h"

/* As the kernel ends them. */
#define ROW(_text)	_text "\x20\n"

static const char recorded[] =
	"Page block order: 9\n"
	"Pages per block:  512\n"
	"\n"
	ROW("Free pages count per migrate type at order       0      1      2      3      4      5      6      7      8      9     10")
	ROW("Node    0, zone      DMA, type    Unmovable      0      0      0      0      0      1      1      1      0      0      0")
	ROW("Node    0, zone      DMA, type      Movable      0      0      0      0      0      0      0      0      0      1      3")
	ROW("Node    0, zone      DMA, type  Reclaimable      0      0      0      0      0      0      0      0      0      0      0")
	ROW("Node    0, zone      DMA, type   HighAtomic      0      0      0      0      0      0      0      0      0      0      0")
	ROW("Node    0, zone      DMA, type      Isolate      0      0      0      0      0      0      0      0      0      0      0")
	ROW("Node    0, zone    DMA32, type    Unmovable      1      0      1      0      1      1      1      1      0      0      0")
	ROW("Node    0, zone    DMA32, type      Movable      1      1      1      1      0      1      1      1      1      1    225")
	ROW("Node    0, zone    DMA32, type  Reclaimable      1      0      1      0      1      0      0      0      1      1      0")
	ROW("Node    0, zone    DMA32, type   HighAtomic      0      0      0      0      0      0      0      0      0      0      0")
	ROW("Node    0, zone    DMA32, type      Isolate      0      0      0      0      0      0      0      0      0      0      0")
	"\n"
	ROW("Number of blocks type     Unmovable      Movable  Reclaimable   HighAtomic      Isolate")
	ROW("Node 0, zone      DMA            1            7            0            0            0")
	ROW("Node 0, zone    DMA32           21          477            6            0            0");

static int read_text(struct pagetypeinfo *info, const char *text)
{
	root__put("/proc/pagetypeinfo", text);
	return pagetypeinfo__read(info, root__path);
}

static void test_recorded_one_is_read(void **state)
{
	struct pagetypeinfo info;

	(void)state;
	assert_int_equal(read_text(&info, recorded), 0);
	assert_int_equal(info.pageblock_pages, 512);
	assert_int_equal(info.nr, 10);
	assert_string_equal(info.types[6].zone, "DMA32");
	assert_string_equal(info.types[6].type, "Movable");
	assert_int_equal(info.types[6].free.nr_orders, 11);
	assert_int_equal(info.types[6].free.nr[10], 225);
	assert_int_equal(info.types[6].pageblocks, 477);
	assert_int_equal(info.types[5].pageblocks, 21);
	assert_int_equal(info.types[1].pageblocks, 7);
	assert_false(info.types[6].is_capped);
	pagetypeinfo__free(&info);
}

/* The kernel stops counting a list at 100000. */
static void test_capped_count_is_told(void **state)
{
	struct pagetypeinfo info;

	(void)state;
	assert_int_equal(read_text(&info, "Node    0, zone   Normal, type    Unmovable >100000      2\n"
				   "Node    0, zone   Normal, type      Movable      1      2\n"), 0);
	assert_true(info.types[0].is_capped);
	assert_int_equal(info.types[0].free.nr[0], 100000);
	assert_int_equal(info.types[0].free.nr[1], 2);
	assert_false(info.types[1].is_capped);
	pagetypeinfo__free(&info);
}

static void test_mixed_blocks_are_passed_over(void **state)
{
	char text[sizeof(recorded) + 256];
	struct pagetypeinfo info;

	(void)state;
	snprintf(text, sizeof(text), "%s\n"
		 "Number of mixed blocks   Unmovable      Movable\n"
		 "Node 0, zone      DMA            9            9\n", recorded);
	assert_int_equal(read_text(&info, text), 0);
	assert_int_equal(info.types[0].pageblocks, 1);
	pagetypeinfo__free(&info);
}

static void assert_refused(const char *text)
{
	struct pagetypeinfo info;

	assert_int_equal(read_text(&info, text), -EBADMSG);
	pagetypeinfo__free(&info);
}

static void test_what_cannot_be_understood_is_refused(void **state)
{
	(void)state;
	assert_refused("");
	assert_refused("Node 0, zone DMA, type\n");
	assert_refused("Node 0, zone DMA, type Movable 1 x\n");
	assert_refused("Node 0, zone DMA, type Movable 1\n"
		       "Number of blocks type\n");
	assert_refused("Node 0, zone DMA, type Movable 1\n"
		       "Number of blocks type Movable\n"
		       "Node 0, zone DMA\n");
	assert_refused("Node 0, zone DMA, type Movable 1\n"
		       "Number of blocks type Else\n"
		       "Node 0, zone DMA 1\n");
}

static void test_missing_file_is_told(void **state)
{
	struct pagetypeinfo info;

	(void)state;
	assert_int_equal(pagetypeinfo__read(&info, root__path), -ENOENT);
	pagetypeinfo__free(&info);
}

/* Of all zones of the kernel's, and blocks of the order; larger ones count for more. */
static void test_types_are_summed_over_zones(void **state)
{
	struct frag_types types;

	(void)state;
	root__put("/proc/pagetypeinfo", recorded);
	frag_types__read(&types, root__path, 9);
	assert_int_equal(types.err, 0);
	assert_int_equal(types.nr, 5);
	assert_string_equal(types.types[1].name, "Movable");
	assert_int_equal(types.types[1].suitable, 1 + 2 * 3 + 1 + 2 * 225);
	assert_int_equal(types.types[1].pageblocks, 484);
	assert_int_equal(types.types[0].pages, 32 + 64 + 128 + 1 + 4 + 16 + 32 + 64 + 128);
	frag_types__read(&types, "/nonexistent", 9);
	assert_int_equal(types.err, -ENOENT);
	assert_int_equal(types.nr, 0);
}

#define WITH_ROOT(test) cmocka_unit_test_setup_teardown(test, root__set_up, root__tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_ROOT(test_recorded_one_is_read),
		WITH_ROOT(test_capped_count_is_told),
		WITH_ROOT(test_mixed_blocks_are_passed_over),
		WITH_ROOT(test_what_cannot_be_understood_is_refused),
		WITH_ROOT(test_missing_file_is_told),
		WITH_ROOT(test_types_are_summed_over_zones),
	};

	return cmocka_run_group_tests_name("pagetypeinfo", tests, NULL, NULL) != 0;
}
