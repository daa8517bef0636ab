// SPDX-License-Identifier: GPL-2.0
/*
 * The model of a TLB, on geometries so small that a reader can follow each entry.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "userspace/tlb/tlb.h"

#define KIB	(1ULL << 10)
#define MIB	(1ULL << 20)
#define GIB	(1ULL << 30)

#define SIZE_4K	(1U << KMB_PAGE_4K)
#define SIZE_2M	(1U << KMB_PAGE_2M)
#define SIZE_1G	(1U << KMB_PAGE_1G)

/* What all addresses are mapped by; calls: how often it was asked. */
static struct {
	struct tlb_translation page;
	bool mapped;
	unsigned int calls;
} tables;

static struct tlb *tlb;

static bool walk(void *arg, uint64_t address, struct tlb_translation *found)
{
	uint64_t size = 1ULL << page_size__shift(tables.page.size);

	(void)arg;
	tables.calls++;
	*found = tables.page;
	found->frame += address & -size;
	return tables.mapped;
}

static void map(enum kmb_page_size size, bool global, uint64_t frame)
{
	tables.page = (struct tlb_translation){ size, global, frame, 4 - size };
	tables.mapped = true;
}

static void use(const struct tlb_geometry *geometry)
{
	tlb__delete(tlb);
	tlb = tlb__new(geometry, walk, NULL);
	assert_non_null(tlb);
	map(KMB_PAGE_4K, false, 0);
	tables.calls = 0;
}

/* Loads, each of which begins in another page than the one before. */
static void load(const char *pages)
{
	for (; *pages; pages++)
		tlb__access(tlb, (*pages - 'a') * 4 * KIB, 8, false);
}

static void walk_over(uint64_t pages, uint64_t size, unsigned int passes)
{
	uint64_t i;

	while (passes--)
		for (i = 0; i < pages; i++)
			tlb__access(tlb, i * size, 8, false);
}

static void assert_misses(uint64_t first, uint64_t second)
{
	struct kmb_tlb_counts counts = tlb__counts(tlb);

	assert_int_equal(counts.misses[0], first);
	assert_int_equal(counts.misses[1], second);
}

/* Each miss of the last level is a walk, by page size or unmapped. */
static void assert_all_attributed(void)
{
	struct kmb_tlb_counts counts = tlb__counts(tlb);

	assert_int_equal(counts.walks[KMB_PAGE_4K] + counts.walks[KMB_PAGE_2M] +
			 counts.walks[KMB_PAGE_1G] + counts.unmapped, counts.misses[1]);
}

/* One set each: 2 entries of 4 KiB, 1 of 2 MiB, 1 of 1 GiB; behind them 3 of the first two. */
static const struct tlb_geometry tiny = {
	.name = "tiny", .levels = 2, .nr_arrays = 4, .arrays = {
		{ .level = 0, .sizes = SIZE_4K, .entries = 2, .ways = 2 },
		{ .level = 0, .sizes = SIZE_2M, .entries = 1, .ways = 1 },
		{ .level = 0, .sizes = SIZE_1G, .entries = 1, .ways = 1 },
		{ .level = 1, .sizes = SIZE_4K | SIZE_2M, .entries = 3, .ways = 3 },
	},
};

/* One level of 4 sets of 2 ways for all sizes, and one of 16 entries in a set. */
static const struct tlb_geometry sets = {
	.name = "sets", .levels = 2, .nr_arrays = 2, .arrays = {
		{ .level = 0, .sizes = SIZE_4K | SIZE_2M | SIZE_1G, .entries = 8, .ways = 2 },
		{ .level = 1, .sizes = SIZE_4K | SIZE_2M, .entries = 16, .ways = 16 },
	},
};

/* One entry for all there is. */
static const struct tlb_geometry single = {
	.name = "single", .levels = 1, .nr_arrays = 1, .arrays = {
		{ .level = 0, .sizes = SIZE_4K | SIZE_2M | SIZE_1G, .entries = 1, .ways = 1 },
	},
};

/* That of the project's figures. */
static const struct tlb_geometry generic = {
	.name = "generic", .levels = 2, .nr_arrays = 4, .arrays = {
		{ .level = 0, .sizes = SIZE_4K, .entries = 64, .ways = 4 },
		{ .level = 0, .sizes = SIZE_2M, .entries = 32, .ways = 4 },
		{ .level = 0, .sizes = SIZE_1G, .entries = 4, .ways = 4 },
		{ .level = 1, .sizes = SIZE_4K | SIZE_2M, .entries = 1536, .ways = 12 },
	},
};

static void test_what_fits_misses_in_the_first_pass_only(void **state)
{
	(void)state;
	use(&tiny);
	walk_over(2, 4 * KIB, 10);
	assert_misses(2, 2);
}

static void test_one_page_too_many_misses_always(void **state)
{
	(void)state;
	use(&tiny);
	walk_over(3, 4 * KIB, 10);
	assert_misses(30, 3);
	use(&tiny);
	walk_over(4, 4 * KIB, 10);
	assert_misses(40, 40);
}

static void test_the_least_recently_used_page_goes(void **state)
{
	(void)state;
	use(&tiny);
	load("abac");
	assert_misses(3, 3);
	/* b went, though a came first. */
	load("a");
	assert_misses(3, 3);
	load("b");
	assert_misses(4, 3);
}

static void test_repeated_accesses_keep_the_order(void **state)
{
	(void)state;
	use(&tiny);
	load("aabbbaaacca");
	assert_misses(3, 3);
	load("b");
	assert_misses(4, 3);
}

static void test_a_hit_is_no_use_of_the_next_level(void **state)
{
	(void)state;
	use(&tiny);
	/* The second level sees a, b, c, d; the second a is answered before it. */
	load("abacd");
	assert_misses(4, 4);
	load("b");
	assert_misses(5, 4);
	load("a");
	assert_misses(6, 5);
}

static void test_a_hit_of_the_second_level_is_a_use_of_it(void **state)
{
	(void)state;
	use(&tiny);
	load("abca");
	assert_misses(4, 3);
	/* b is now older than a. */
	load("da");
	assert_misses(5, 4);
	load("b");
	assert_misses(6, 5);
}

static void test_a_hit_of_the_second_level_fills_the_first(void **state)
{
	(void)state;
	use(&tiny);
	load("abca");
	load("caca");
	assert_misses(4, 3);
	assert_int_equal(tables.calls, 3);
}

static void test_pages_of_one_set_compete(void **state)
{
	(void)state;
	use(&sets);
	walk_over(8, 4 * KIB, 3);
	assert_misses(8, 8);
	use(&sets);
	walk_over(2, 16 * KIB, 3);
	assert_misses(2, 2);
	use(&sets);
	walk_over(3, 16 * KIB, 3);
	assert_misses(9, 3);
}

static void test_a_set_is_chosen_by_number_of_the_page_at_its_size(void **state)
{
	(void)state;
	use(&sets);
	map(KMB_PAGE_2M, false, 0);
	walk_over(8, 2 * MIB, 3);
	assert_misses(8, 8);
	use(&sets);
	map(KMB_PAGE_2M, false, 0);
	walk_over(3, 8 * MIB, 3);
	assert_misses(9, 3);
}

static void test_pages_of_equal_numbers_and_other_sizes_differ(void **state)
{
	struct kmb_tlb_counts counts;

	(void)state;
	use(&sets);
	tlb__access(tlb, 4 * KIB, 8, false);
	map(KMB_PAGE_2M, false, 0);
	tlb__access(tlb, 2 * MIB, 8, false);
	map(KMB_PAGE_1G, false, 0);
	tlb__access(tlb, 1 * GIB, 8, false);
	counts = tlb__counts(tlb);
	assert_int_equal(counts.walks[KMB_PAGE_4K], 1);
	assert_int_equal(counts.walks[KMB_PAGE_2M], 1);
	assert_int_equal(counts.walks[KMB_PAGE_1G], 1);
	assert_int_equal(counts.walk_reads, 4 + 3 + 2);
	assert_all_attributed();
}

/* Many numbers, so that some of the two pages share a bucket of the only array's hash. */
static void test_sizes_differ_wherever_they_are_kept(void **state)
{
	uint64_t number;

	(void)state;
	for (number = 1; number < 100; number++) {
		use(&single);
		map(KMB_PAGE_2M, false, 0);
		tlb__access(tlb, number * 2 * MIB, 8, false);
		map(KMB_PAGE_4K, false, 0);
		tlb__access(tlb, number * 4 * KIB, 8, false);
		assert_int_equal(tlb__counts(tlb).walks[KMB_PAGE_4K], 1);
	}
}

static void test_a_large_page_answers_for_all_of_it(void **state)
{
	(void)state;
	use(&tiny);
	map(KMB_PAGE_2M, false, 0);
	walk_over(512, 4 * KIB, 2);
	assert_misses(1, 1);
	tlb__access(tlb, 2 * MIB, 8, false);
	assert_misses(2, 2);
}

static void test_an_access_across_pages_counts_for_each(void **state)
{
	(void)state;
	use(&sets);
	tlb__access(tlb, 0xff8, 8, false);
	assert_int_equal(tlb__counts(tlb).loads, 1);
	assert_misses(1, 1);
	tlb__access(tlb, 0x1ff9, 8, false);
	assert_int_equal(tlb__counts(tlb).loads, 3);
	assert_misses(3, 3);
	tlb__access(tlb, 0x3fff, 2, true);
	assert_int_equal(tlb__counts(tlb).stores, 2);
	assert_misses(5, 5);
	/* 1 byte, a page, 1 byte. */
	tlb__access(tlb, 0x5fff, 4098, true);
	assert_int_equal(tlb__counts(tlb).stores, 5);
	assert_misses(8, 8);
	assert_int_equal(tlb__counts(tlb).loads, 3);
}

static void test_an_access_across_parts_of_a_large_page_misses_once(void **state)
{
	(void)state;
	use(&tiny);
	map(KMB_PAGE_2M, false, 0);
	tlb__access(tlb, 0xfff, 2, false);
	assert_int_equal(tlb__counts(tlb).loads, 2);
	assert_misses(1, 1);
}

static void test_the_last_byte_of_all_addresses_is_an_access(void **state)
{
	(void)state;
	use(&tiny);
	tlb__access(tlb, UINT64_MAX, 1, false);
	tlb__access(tlb, UINT64_MAX - 7, 8, true);
	assert_misses(1, 1);
	/* Goes on at 0, as addresses do. */
	tlb__access(tlb, UINT64_MAX, 2, false);
	tlb__access(tlb, 0, 8, false);
	assert_misses(2, 2);
}

static void test_counts_can_be_reset_alone(void **state)
{
	struct kmb_tlb_counts counts;

	(void)state;
	use(&tiny);
	load("ab");
	tlb__flush_page(tlb);
	tlb__reset_counts(tlb);
	load("ab");
	counts = tlb__counts(tlb);
	assert_int_equal(counts.loads, 2);
	assert_int_equal(counts.flushes_page, 0);
	assert_int_equal(counts.walk_reads, 0);
	assert_misses(0, 0);
}

static void assert_left_of(bool global, void (*forget)(struct tlb *tlb), bool left)
{
	unsigned int level;

	/* With a and b in front of it, c is in the second level alone. */
	for (level = 0; level < 2; level++) {
		use(&tiny);
		map(KMB_PAGE_4K, global, 0);
		load(level ? "cab" : "abc");
		tlb__reset_counts(tlb);
		forget(tlb);
		load("c");
		assert_misses(level || !left, !left);
	}
}

/* Whether a way to forget leaves global pages, and whether others. */
static void assert_left(void (*forget)(struct tlb *tlb), bool global, bool other)
{
	assert_left_of(true, forget, global);
	assert_left_of(false, forget, other);
}

static void test_a_flush_spares_global_pages(void **state)
{
	(void)state;
	assert_left(tlb__flush, true, false);
	assert_int_equal(tlb__counts(tlb).flushes, 1);
	assert_int_equal(tlb__counts(tlb).flushes_all, 0);
}

static void test_a_flush_of_all_spares_none(void **state)
{
	(void)state;
	assert_left(tlb__flush_all, false, false);
	assert_int_equal(tlb__counts(tlb).flushes_all, 1);
	assert_int_equal(tlb__counts(tlb).flushes, 0);
}

static void test_emptying_is_no_flush(void **state)
{
	struct kmb_tlb_counts counts;

	(void)state;
	assert_left(tlb__empty, false, false);
	counts = tlb__counts(tlb);
	assert_int_equal(counts.flushes + counts.flushes_all + counts.flushes_page, 0);
}

static void test_a_flush_of_a_page_spares_what_did_not_change(void **state)
{
	(void)state;
	assert_left(tlb__flush_page, true, true);
	assert_int_equal(tlb__counts(tlb).flushes_page, 1);
	use(&tiny);
	load("ab");
	tlb__flush_page(tlb);
	tlb__reset_counts(tlb);
	tables.calls = 0;
	load("ababab");
	assert_misses(0, 0);
	assert_int_equal(tlb__counts(tlb).walk_reads, 0);
	/* Each was compared once. */
	assert_int_equal(tables.calls, 2);
}

/* A change is noticed after a flush that follows it, and not before. */
static void assert_noticed(void (*change)(void), bool mapped)
{
	use(&tiny);
	tlb__flush_page(tlb);
	load("a");
	change();
	load("ba");
	assert_misses(2, 2);
	tlb__flush_page(tlb);
	tlb__reset_counts(tlb);
	/* a goes and makes room for itself, so that b stays. */
	load("aba");
	assert_misses(mapped ? 1 : 3, mapped ? 1 : 3);
	assert_int_equal(tlb__counts(tlb).unmapped, mapped ? 0 : 3);
	assert_all_attributed();
}

static void move(void)
{
	map(KMB_PAGE_4K, false, 1 * GIB);
}

static void make_global(void)
{
	map(KMB_PAGE_4K, true, 0);
}

static void unmap(void)
{
	tables.mapped = false;
}

static void test_a_flush_of_a_page_drops_what_changed(void **state)
{
	(void)state;
	assert_noticed(move, true);
	assert_noticed(make_global, true);
	assert_noticed(unmap, false);
}

static void test_a_flush_of_a_page_drops_another_size(void **state)
{
	(void)state;
	use(&sets);
	load("a");
	map(KMB_PAGE_2M, false, 0);
	tlb__flush_page(tlb);
	load("a");
	assert_misses(2, 2);
	assert_int_equal(tlb__counts(tlb).walks[KMB_PAGE_2M], 1);
	/* Where two sizes are held, one goes and the other answers. */
	use(&sets);
	load("a");
	map(KMB_PAGE_2M, false, 0);
	load("ba");
	assert_misses(2, 2);
	tlb__flush_page(tlb);
	load("a");
	assert_misses(2, 2);
}

static void test_a_flush_of_a_page_reaches_the_second_level(void **state)
{
	(void)state;
	use(&tiny);
	load("abc");
	move();
	tlb__flush_page(tlb);
	tlb__reset_counts(tlb);
	load("a");
	assert_misses(1, 1);
}

static void test_a_size_that_a_level_cannot_hold_is_walked(void **state)
{
	struct kmb_tlb_counts counts;

	(void)state;
	use(&tiny);
	map(KMB_PAGE_1G, false, 0);
	walk_over(2, 1 * GIB, 5);
	counts = tlb__counts(tlb);
	assert_misses(10, 10);
	assert_int_equal(counts.walks[KMB_PAGE_1G], 10);
	assert_int_equal(counts.walk_reads, 20);
	/* Nor did they take entries from others. */
	use(&tiny);
	walk_over(3, 4 * KIB, 1);
	map(KMB_PAGE_1G, false, 0);
	tlb__access(tlb, 4 * GIB, 8, false);
	map(KMB_PAGE_4K, false, 0);
	load("a");
	assert_misses(5, 4);
}

static void test_an_unmapped_address_fills_nothing(void **state)
{
	struct kmb_tlb_counts counts;

	(void)state;
	use(&tiny);
	load("ab");
	unmap();
	load("cccd");
	counts = tlb__counts(tlb);
	assert_int_equal(counts.unmapped, 4);
	assert_int_equal(counts.walks[KMB_PAGE_4K], 2);
	assert_int_equal(counts.walk_reads, 8);
	assert_misses(6, 6);
	assert_all_attributed();
	load("ab");
	assert_misses(6, 6);
}

/* 4 MiB, 8 passes in steps of 4 KiB. */
static void test_the_figures_of_the_project(void **state)
{
	struct kmb_tlb_counts counts;

	(void)state;
	use(&generic);
	map(KMB_PAGE_2M, true, 0);
	walk_over(1024, 4 * KIB, 8);
	counts = tlb__counts(tlb);
	assert_int_equal(counts.loads, 8192);
	assert_misses(2, 2);
	assert_int_equal(counts.walks[KMB_PAGE_2M], 2);
	use(&generic);
	walk_over(1024, 4 * KIB, 8);
	counts = tlb__counts(tlb);
	assert_misses(8192, 1024);
	assert_int_equal(counts.walks[KMB_PAGE_4K], 1024);
	assert_all_attributed();
}

static int tear_down(void **state)
{
	(void)state;
	tlb__delete(tlb);
	tlb = NULL;
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_fits_misses_in_the_first_pass_only),
		cmocka_unit_test(test_one_page_too_many_misses_always),
		cmocka_unit_test(test_the_least_recently_used_page_goes),
		cmocka_unit_test(test_repeated_accesses_keep_the_order),
		cmocka_unit_test(test_a_hit_is_no_use_of_the_next_level),
		cmocka_unit_test(test_a_hit_of_the_second_level_is_a_use_of_it),
		cmocka_unit_test(test_a_hit_of_the_second_level_fills_the_first),
		cmocka_unit_test(test_pages_of_one_set_compete),
		cmocka_unit_test(test_a_set_is_chosen_by_number_of_the_page_at_its_size),
		cmocka_unit_test(test_pages_of_equal_numbers_and_other_sizes_differ),
		cmocka_unit_test(test_sizes_differ_wherever_they_are_kept),
		cmocka_unit_test(test_a_large_page_answers_for_all_of_it),
		cmocka_unit_test(test_an_access_across_pages_counts_for_each),
		cmocka_unit_test(test_an_access_across_parts_of_a_large_page_misses_once),
		cmocka_unit_test(test_the_last_byte_of_all_addresses_is_an_access),
		cmocka_unit_test(test_counts_can_be_reset_alone),
		cmocka_unit_test(test_a_flush_spares_global_pages),
		cmocka_unit_test(test_a_flush_of_all_spares_none),
		cmocka_unit_test(test_emptying_is_no_flush),
		cmocka_unit_test(test_a_flush_of_a_page_spares_what_did_not_change),
		cmocka_unit_test(test_a_flush_of_a_page_drops_what_changed),
		cmocka_unit_test(test_a_flush_of_a_page_drops_another_size),
		cmocka_unit_test(test_a_flush_of_a_page_reaches_the_second_level),
		cmocka_unit_test(test_a_size_that_a_level_cannot_hold_is_walked),
		cmocka_unit_test(test_an_unmapped_address_fills_nothing),
		cmocka_unit_test(test_the_figures_of_the_project),
	};

	return cmocka_run_group_tests_name("tlb", tests, NULL, tear_down) != 0;
}
