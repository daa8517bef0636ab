// SPDX-License-Identifier: GPL-2.0
/*
 * Walks over page tables that are written by hand. The memory is 8 pages, page N
 * at N * 0x1000; the top table is in page 1, and each next one a page further.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "userspace/tlb/page_walk.h"

#define PAGES		8
#define ROOT		0x1000ULL

#define PRESENT		0x1ULL
#define LARGE		0x80ULL
#define GLOBAL		0x100ULL
/* Writable, accessed, dirty and no-execute: bits that say nothing here. */
#define NOISE		0x8000000000000062ULL

/* Indexes 258, 1, 2, 3, 4 into the five tables, top first; offset 0x567. */
#define ADDRESS_5	0xff02008080604567ULL
#define ADDRESS_4	0x0000008080604567ULL

static uint64_t memory_words[PAGES * 512];

static const struct guest_memory memory = {
	.base = memory_words, .bytes = sizeof(memory_words),
};

static uint64_t *entry_of(unsigned int page, unsigned int index)
{
	return &memory_words[page * 512 + index];
}

/* Tables for ADDRESS_4, or for ADDRESS_5 with another table in front. */
static void build(unsigned int levels, uint64_t leaf)
{
	unsigned int page = 1;

	memset(memory_words, 0, sizeof(memory_words));
	if (levels == 5) {
		*entry_of(page, 258) = 0x2000 | PRESENT | NOISE;
		page++;
	}
	*entry_of(page, 1) = (page + 1) * 0x1000 | PRESENT | NOISE;
	*entry_of(page + 1, 2) = (page + 2) * 0x1000 | PRESENT | NOISE;
	*entry_of(page + 2, 3) = (page + 3) * 0x1000 | PRESENT | NOISE;
	*entry_of(page + 3, 4) = leaf;
}

static void assert_found(unsigned int levels, uint64_t address, enum kmb_page_size size,
			 bool global, uint64_t frame, unsigned int reads)
{
	struct tlb_translation found;

	assert_true(page_walk__x86_64(&memory, ROOT, levels, address, &found));
	assert_int_equal(found.size, size);
	assert_int_equal(found.global, global);
	assert_true(found.frame == frame);
	assert_int_equal(found.reads, reads);
}

static void assert_none(uint64_t root, unsigned int levels, uint64_t address)
{
	struct tlb_translation found;

	assert_false(page_walk__x86_64(&memory, root, levels, address, &found));
}

static void test_small_page(void **state)
{
	(void)state;
	build(4, 0x000abcdef1234000ULL | PRESENT | NOISE);
	assert_found(4, ADDRESS_4, KMB_PAGE_4K, false, 0x000abcdef1234000ULL, 4);
	/* Bit 7 is a memory type here, bits 52 to 62 are the kernel's. */
	build(4, 0x7ffffffffffff000ULL | PRESENT | LARGE);
	assert_found(4, ADDRESS_4, KMB_PAGE_4K, false, 0x000ffffffffff000ULL, 4);
}

static void test_page_of_2_mib(void **state)
{
	(void)state;
	build(4, 0);
	*entry_of(3, 3) = 0x0000000040200000ULL | PRESENT | LARGE | NOISE;
	assert_found(4, ADDRESS_4, KMB_PAGE_2M, false, 0x40200000, 3);
	/* Bit 12 is a memory type. */
	*entry_of(3, 3) |= 0x1000;
	assert_found(4, ADDRESS_4, KMB_PAGE_2M, false, 0x40200000, 3);
}

static void test_page_of_1_gib(void **state)
{
	(void)state;
	build(4, 0);
	*entry_of(2, 2) = 0x0000000140001000ULL | PRESENT | LARGE | NOISE;
	assert_found(4, ADDRESS_4, KMB_PAGE_1G, false, 0x140000000, 2);
}

static void test_five_levels(void **state)
{
	(void)state;
	build(5, 0x5000 | PRESENT);
	assert_found(5, ADDRESS_5, KMB_PAGE_4K, false, 0x5000, 5);
	*entry_of(4, 3) |= LARGE;
	assert_found(5, ADDRESS_5, KMB_PAGE_2M, false, 0, 4);
	*entry_of(3, 2) |= LARGE;
	assert_found(5, ADDRESS_5, KMB_PAGE_1G, false, 0, 3);
}

static void test_only_what_maps_a_page_makes_it_global(void **state)
{
	(void)state;
	build(4, 0x5000 | PRESENT | GLOBAL);
	assert_found(4, ADDRESS_4, KMB_PAGE_4K, true, 0x5000, 4);
	build(4, 0x5000 | PRESENT);
	*entry_of(1, 1) |= GLOBAL;
	*entry_of(2, 2) |= GLOBAL;
	*entry_of(3, 3) |= GLOBAL;
	assert_found(4, ADDRESS_4, KMB_PAGE_4K, false, 0x5000, 4);
	*entry_of(3, 3) |= LARGE;
	assert_found(4, ADDRESS_4, KMB_PAGE_2M, true, 0, 3);
	*entry_of(3, 3) &= ~GLOBAL;
	assert_found(4, ADDRESS_4, KMB_PAGE_2M, false, 0, 3);
	*entry_of(2, 2) |= LARGE;
	assert_found(4, ADDRESS_4, KMB_PAGE_1G, true, 0, 2);
}

static void test_not_present_at_each_level(void **state)
{
	static const unsigned int indexes[] = { 258, 1, 2, 3, 4 };
	unsigned int level;

	(void)state;
	for (level = 0; level < 5; level++) {
		build(5, 0x5000 | PRESENT);
		assert_found(5, ADDRESS_5, KMB_PAGE_4K, false, 0x5000, 5);
		*entry_of(1 + level, indexes[level]) &= ~PRESENT;
		assert_none(ROOT, 5, ADDRESS_5);
	}
	build(4, 0x5000);
	assert_none(ROOT, 4, ADDRESS_4);
}

static void test_each_index_takes_its_bits(void **state)
{
	static const unsigned int bits[] = { 12, 20, 21, 29, 30, 38, 39, 46, 0 };
	unsigned int i;

	(void)state;
	build(4, 0x5000 | PRESENT);
	for (i = 0; bits[i]; i++)
		assert_none(ROOT, 4, ADDRESS_4 ^ (1ULL << bits[i]));
	assert_found(4, ADDRESS_4 ^ (1ULL << 11), KMB_PAGE_4K, false, 0x5000, 4);
}

static void test_no_page_above_1_gib(void **state)
{
	(void)state;
	build(5, 0x5000 | PRESENT);
	*entry_of(2, 1) |= LARGE;
	assert_none(ROOT, 5, ADDRESS_5);
	build(5, 0x5000 | PRESENT);
	*entry_of(1, 258) |= LARGE;
	assert_none(ROOT, 5, ADDRESS_5);
}

static void test_the_upper_half_is_found(void **state)
{
	(void)state;
	build(4, 0x5000 | PRESENT);
	*entry_of(1, 257) = *entry_of(1, 1);
	assert_found(4, 0xffff808080604567ULL, KMB_PAGE_4K, false, 0x5000, 4);
}

static void test_addresses_that_are_not_canonical(void **state)
{
	(void)state;
	build(4, 0x5000 | PRESENT);
	*entry_of(1, 257) = *entry_of(1, 1);
	assert_none(ROOT, 4, ADDRESS_4 | 1ULL << 48);
	assert_none(ROOT, 4, ADDRESS_4 | 1ULL << 63);
	assert_none(ROOT, 4, ADDRESS_4 | 1ULL << 47);
	assert_none(ROOT, 4, 0x7fff808080604567ULL);
	build(5, 0x5000 | PRESENT);
	assert_none(ROOT, 5, ADDRESS_5 & ~(1ULL << 63));
	assert_none(ROOT, 5, ADDRESS_5 & ~(1ULL << 57));
}

static void test_only_four_and_five_levels(void **state)
{
	(void)state;
	build(4, 0x5000 | PRESENT);
	assert_none(0x2000, 3, 0x80604567);
	assert_none(ROOT, 6, ADDRESS_4);
	assert_none(ROOT, 0, ADDRESS_4);
}

static void test_the_root_may_have_flags(void **state)
{
	struct tlb_translation found;

	(void)state;
	build(4, 0x5000 | PRESENT);
	assert_true(page_walk__x86_64(&memory, 0x8000000000000fffULL | ROOT, 4, ADDRESS_4,
				      &found));
}

static void test_tables_out_of_memory(void **state)
{
	(void)state;
	build(4, 0x5000 | PRESENT);
	assert_none(PAGES * 0x1000, 4, ADDRESS_4);
	assert_none(0x000ffffffffff000ULL, 4, ADDRESS_4);
	*entry_of(3, 3) = PAGES * 0x1000 | PRESENT;
	assert_none(ROOT, 4, ADDRESS_4);
	/* Where the page is does not matter: nobody reads it. */
	build(4, 0x000ffffffffff000ULL | PRESENT);
	assert_found(4, ADDRESS_4, KMB_PAGE_4K, false, 0x000ffffffffff000ULL, 4);
}

static void test_memory_is_read_up_to_its_end(void **state)
{
	static const unsigned char bytes[] = { 1, 2, 3, 4, 5, 6, 7, 8, 9 };
	struct guest_memory small = { .base = bytes, .bytes = 9 };
	uint64_t value = 0;

	(void)state;
	assert_true(guest_memory__read(&small, 0, &value));
	assert_true(value == 0x0807060504030201ULL);
	assert_true(guest_memory__read(&small, 1, &value));
	assert_true(value == 0x0908070605040302ULL);
	assert_false(guest_memory__read(&small, 2, &value));
	assert_false(guest_memory__read(&small, UINT64_MAX, &value));
	assert_false(guest_memory__read(&small, UINT64_MAX - 7, &value));
	small.bytes = 7;
	assert_false(guest_memory__read(&small, 0, &value));
	small.bytes = 0;
	assert_false(guest_memory__read(&small, 0, &value));
	assert_true(value == 0x0908070605040302ULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_small_page),
		cmocka_unit_test(test_page_of_2_mib),
		cmocka_unit_test(test_page_of_1_gib),
		cmocka_unit_test(test_five_levels),
		cmocka_unit_test(test_only_what_maps_a_page_makes_it_global),
		cmocka_unit_test(test_not_present_at_each_level),
		cmocka_unit_test(test_each_index_takes_its_bits),
		cmocka_unit_test(test_no_page_above_1_gib),
		cmocka_unit_test(test_the_upper_half_is_found),
		cmocka_unit_test(test_addresses_that_are_not_canonical),
		cmocka_unit_test(test_only_four_and_five_levels),
		cmocka_unit_test(test_the_root_may_have_flags),
		cmocka_unit_test(test_tables_out_of_memory),
		cmocka_unit_test(test_memory_is_read_up_to_its_end),
	};

	return cmocka_run_group_tests_name("page walk", tests, NULL, NULL) != 0;
}
