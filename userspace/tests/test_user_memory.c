// SPDX-License-Identifier: GPL-2.0
/*
 * Memory of each kind on the machine at hand, and what the kernel tells of it.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>
#include <cmocka.h>

#include "user_mapping.h"
#include "user_model.h"
#include "user_walk.h"

#define LINES		1024
#define PRESENT		(1ULL << 63)

static const struct user_kind *kind_of(const char *name)
{
	const struct user_kind *kind = user_kinds;

	while (kind->name && strcmp(kind->name, name))
		kind++;
	assert_non_null(kind->name);
	return kind;
}

/* Memory of a kind and what is told of it; skips where there is none. */
static void get(struct user_memory *memory, struct user_mapping *mapping, const char *name)
{
	char why[USER_WHY_LEN] = "";

	if (user_memory__map(memory, kind_of(name), LINES, why)) {
		print_message("%s: %s\n", name, why);
		skip();
	}
	assert_int_equal(user_mapping__look(mapping, memory), 0);
}

static void test_small_pages_are_no_huge_ones(void **state)
{
	struct user_mapping mapping;
	struct user_memory memory;

	(void)state;
	get(&memory, &mapping, "anon-4k");
	assert_int_equal(memory.bytes, LINES * user_page_bytes());
	assert_int_equal(mapping.anon_huge_bytes, 0);
	assert_int_equal(mapping.kernel_page_bytes, user_page_bytes());
	assert_int_equal(mapping.mmu_page_bytes, user_page_bytes());
	user_memory__unmap(&memory);
}

static void test_huge_pages_are_told(void **state)
{
	struct user_mapping mapping;
	struct user_memory memory;
	char why[USER_WHY_LEN];

	(void)state;
	get(&memory, &mapping, "anon-thp");
	assert_int_equal(memory.bytes % USER_HUGE_BYTES, 0);
	assert_int_equal((uintptr_t)memory.start % USER_HUGE_BYTES, 0);
	user_memory__unmap(&memory);
	if (!mapping.anon_huge_bytes) {
		user_memory__why_not_huge(0, memory.bytes, why);
		print_message("anon-thp: %s\n", why);
		skip();
	}
	assert_in_range(mapping.anon_huge_bytes, USER_HUGE_BYTES, memory.bytes);
	if (!mapping.why_no_runs[0])
		assert_in_range(mapping.runs, 1, memory.bytes / USER_HUGE_BYTES);
}

/* The control of the one above: the same memory where the kernel ignores the advice. */
static void test_ignored_advice_is_told(void **state)
{
	struct user_mapping mapping;
	struct user_memory memory;
	char why[USER_WHY_LEN] = "";

	(void)state;
	assert_int_equal(prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0), 0);
	get(&memory, &mapping, "anon-thp");
	user_memory__why_not_huge(mapping.anon_huge_bytes, memory.bytes, why);
	assert_int_equal(prctl(PR_SET_THP_DISABLE, 0, 0, 0, 0), 0);
	user_memory__unmap(&memory);
	assert_int_equal(mapping.anon_huge_bytes, 0);
	assert_non_null(strstr(why, "THP"));
	assert_null(strchr(why, '\n'));
}

/* Two of 64 MiB in huge pages are no measurement of such. */
static void test_memory_that_is_huge_in_part_is_told(void **state)
{
	char why[USER_WHY_LEN];

	(void)state;
	user_memory__why_not_huge(64 << 20, 64 << 20, why);
	assert_string_equal(why, "");
	user_memory__why_not_huge(2 << 20, 64 << 20, why);
	assert_string_equal(why, "only 2048 of 65536 KiB are in huge pages; `echo 1 >/proc/sys/vm/compact_memory' makes room for more");
}

static void test_hugetlb_is_of_2_mib_or_says_why(void **state)
{
	struct user_mapping mapping;
	struct user_memory memory;

	(void)state;
	get(&memory, &mapping, "hugetlb");
	assert_int_equal(mapping.kernel_page_bytes, USER_HUGE_BYTES);
	assert_int_equal(mapping.mmu_page_bytes, USER_HUGE_BYTES);
	user_memory__unmap(&memory);
}

/* Where the module is, its frames are known to root, who alone gets there. */
static void test_lent_memory_is_there_or_says_why(void **state)
{
	struct user_mapping mapping;
	struct user_memory memory;
	char why[USER_WHY_LEN] = "";

	(void)state;
	if (user_memory__map(&memory, kind_of("kmalloc-mapped"), LINES, why)) {
		assert_ptr_equal(strstr(why, "/dev/kmbench: "), why);
		assert_null(strchr(why, '\n'));
		return;
	}
	assert_int_equal(user_mapping__look(&mapping, &memory), 0);
	assert_int_equal(mapping.kernel_page_bytes, user_page_bytes());
	assert_in_range(mapping.runs, 1, LINES);
	user_memory__unmap(&memory);
}

static void test_more_than_there_can_be_is_refused(void **state)
{
	struct user_memory memory;
	char why[USER_WHY_LEN] = "";

	(void)state;
	assert_true(user_memory__map(&memory, kind_of("anon-4k"), SIZE_MAX >> 14, why) < 0);
	assert_non_null(strstr(why, "KiB: "));
	why[0] = '\0';
	assert_true(user_memory__map(&memory, kind_of("hugetlb"), SIZE_MAX >> 14, why) < 0);
	assert_non_null(strstr(why, "hugetlb pages of 2 MiB"));
}

/* Addresses that nobody may touch lie on either side. */
static void test_memory_has_no_neighbour(void **state)
{
	struct user_mapping mapping, other;
	struct user_memory memory[2];

	(void)state;
	get(&memory[0], &mapping, "anon-4k");
	get(&memory[1], &other, "dense");
	assert_int_equal(other.kernel_page_bytes, user_page_bytes());
	assert_int_equal(memory[1].bytes, LINES * USER_LINE_BYTES);
	assert_true(memory[0].start > (char *)memory[0].reserved);
	assert_true(memory[0].start + memory[0].bytes <
		    (char *)memory[0].reserved + memory[0].reserved_bytes);
	assert_int_equal(mprotect(memory[0].start - 1 - ((uintptr_t)memory[0].start - 1) %
				  user_page_bytes(), 1, PROT_NONE), 0);
	user_memory__unmap(&memory[0]);
	user_memory__unmap(&memory[1]);
}

static void test_lines_are_spread_over_the_cache(void **state)
{
	size_t lines_in_page = user_page_bytes() / USER_LINE_BYTES;
	struct user_mapping mapping;
	struct user_memory memory;
	uint8_t used[4096] = { 0 };
	size_t i, offset;

	(void)state;
	get(&memory, &mapping, "anon-4k");
	for (i = 0; i < lines_in_page; i++) {
		offset = (char *)user_memory__line(&memory, i) - memory.start;
		assert_int_equal(offset / user_page_bytes(), i);
		used[offset % user_page_bytes() / USER_LINE_BYTES]++;
	}
	for (i = 0; i < lines_in_page; i++)
		assert_int_equal(used[i], 1);
	user_memory__unmap(&memory);
}

static int read_text(struct user_mapping *mapping, const char *text, uintptr_t start,
		     size_t bytes)
{
	FILE *file = fmemopen((void *)text, strlen(text), "r");
	int err;

	assert_non_null(file);
	err = user_mapping__read_smaps(mapping, file, start, bytes);
	fclose(file);
	return err;
}

/* As Linux 6.1 writes it, some lines left out. */
static const char smaps[] =
	"7f0000000000-7f0000200000 rw-p 00000000 00:00 0\n"
	"Size:               2048 kB\n"
	"KernelPageSize:        4 kB\n"
	"MMUPageSize:           4 kB\n"
	"AnonHugePages:         0 kB\n"
	"VmFlags: rd wr mr mw me ac nh\n"
	"7f0000200000-7f0000400000 rw-p 00000000 00:00 0\n"
	"KernelPageSize:        4 kB\n"
	"MMUPageSize:          64 kB\n"
	"AnonHugePages:      2048 kB\n";

static void test_smaps_is_read(void **state)
{
	struct user_mapping mapping = { .runs = 0 };

	(void)state;
	assert_int_equal(read_text(&mapping, smaps, 0x7f0000200000, USER_HUGE_BYTES), 0);
	assert_int_equal(mapping.anon_huge_bytes, 2 << 20);
	assert_int_equal(mapping.kernel_page_bytes, 4096);
	assert_int_equal(mapping.mmu_page_bytes, 65536);
	assert_int_equal(read_text(&mapping, smaps, 0x7f0000000000, USER_HUGE_BYTES), 0);
	assert_int_equal(mapping.anon_huge_bytes, 0);
}

static void test_mapping_that_is_not_there_is_told(void **state)
{
	struct user_mapping mapping = { .runs = 0 };

	(void)state;
	assert_int_equal(read_text(&mapping, smaps, 0x7f0000100000, USER_HUGE_BYTES), -ENOENT);
	assert_int_equal(read_text(&mapping, smaps, 0x7f0000100000, USER_HUGE_BYTES / 2), -ENOENT);
	assert_int_equal(read_text(&mapping, smaps, 0x7f0000000000, USER_HUGE_BYTES / 2), -ENOENT);
	assert_int_equal(read_text(&mapping, "7f0000000000-7f0000200000 rw-p\nMMUPageSize: 4 kB\n",
				   0x7f0000000000, USER_HUGE_BYTES), -ENOENT);
}

static void test_runs_are_counted(void **state)
{
	static const uint64_t one[] = { PRESENT | 7, PRESENT | 8, PRESENT | 9 };
	static const uint64_t three[] = { PRESENT | 8, PRESENT | 7, PRESENT | 8 | 1ULL << 61,
					  PRESENT | 10 };
	static const uint64_t hidden[] = { PRESENT, PRESENT };
	static const uint64_t swapped[] = { PRESENT | 7, 8 };
	uint64_t runs;

	(void)state;
	assert_int_equal(user_mapping__runs(one, 3, &runs), 0);
	assert_int_equal(runs, 1);
	assert_int_equal(user_mapping__runs(three, 4, &runs), 0);
	assert_int_equal(runs, 3);
	assert_int_equal(user_mapping__runs(hidden, 2, &runs), -EPERM);
	assert_int_equal(user_mapping__runs(swapped, 2, &runs), -ENOENT);
}

/* Nobody answers a marker here, and it does no harm. */
static void test_without_a_model_there_is_no_answer(void **state)
{
	static const struct user_told told = { .loads = 64, .region = "x" };
	struct user_modelled modelled;
	struct user_memory memory;
	char why[USER_WHY_LEN];

	(void)state;
	assert_int_equal(user_memory__map(&memory, &user_kinds[0], 64, why), 0);
	assert_int_equal(user_walk__lay(&memory, 64, &user_patterns[0]), 0);
	assert_int_equal(user_model__walk(user_memory__line(&memory, 0), &told, &modelled), 0);
	assert_int_equal(modelled.model.answers, 0);
	assert_int_equal(modelled.counts.loads, 0);
	user_memory__unmap(&memory);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_small_pages_are_no_huge_ones),
		cmocka_unit_test(test_huge_pages_are_told),
		cmocka_unit_test(test_ignored_advice_is_told),
		cmocka_unit_test(test_memory_that_is_huge_in_part_is_told),
		cmocka_unit_test(test_hugetlb_is_of_2_mib_or_says_why),
		cmocka_unit_test(test_lent_memory_is_there_or_says_why),
		cmocka_unit_test(test_more_than_there_can_be_is_refused),
		cmocka_unit_test(test_memory_has_no_neighbour),
		cmocka_unit_test(test_lines_are_spread_over_the_cache),
		cmocka_unit_test(test_smaps_is_read),
		cmocka_unit_test(test_mapping_that_is_not_there_is_told),
		cmocka_unit_test(test_runs_are_counted),
		cmocka_unit_test(test_without_a_model_there_is_no_answer),
	};

	return cmocka_run_group_tests_name("user_memory", tests, NULL, NULL) != 0;
}
