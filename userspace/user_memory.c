// SPDX-License-Identifier: GPL-2.0
/*
 * Memory of each kind that a process can have.
 *
 * Which pages there are is the kernel's choice, and looked up afterwards, see
 * user_mapping.c. Line i stands in page i * stride, at (37 * i) mod lines of a page, as
 * module/walk.c has it.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "user_lent.h"
#include "user_memory.h"

#define COLOUR_STEP	37
#define THP_ENABLED	"/sys/kernel/mm/transparent_hugepage/enabled"
#define HUGETLB_FREE	"/sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages"
/* Of linux/mman.h, which clashes with sys/mman.h: log2(2 MiB) << MAP_HUGE_SHIFT. */
#define HUGE_2MB	(21 << 26)

const struct user_kind user_kinds[] = {
	{ .name = "anon-4k", .shows = "anonymous memory, MADV_NOHUGEPAGE",
	  .advice = MADV_NOHUGEPAGE },
	{ .name = "anon-thp", .shows = "anonymous memory, MADV_HUGEPAGE",
	  .advice = MADV_HUGEPAGE, .huge = true },
	{ .name = "hugetlb", .shows = "MAP_HUGETLB of 2 MiB",
	  .map_flags = MAP_HUGETLB | HUGE_2MB, .huge = true },
	{ .name = "kmalloc-mapped", .shows = "kmalloc() in kmbench.ko, mapped into the process",
	  .lent = "kmalloc" },
	{ .name = "dense", .shows = "the control: as many lines, side by side in anon-4k",
	  .advice = MADV_NOHUGEPAGE, .dense = true },
	{ .name = NULL },
};

/**
 * user_page_bytes() - the size of an ordinary page
 *
 * Return: bytes.
 */
size_t user_page_bytes(void)
{
	return sysconf(_SC_PAGESIZE);
}

static size_t round_up(size_t value, size_t unit)
{
	return (value + unit - 1) / unit * unit;
}

/**
 * user_memory__room() - how much memory a walk needs
 * @kind: of it.
 * @lines: how many loads a pass takes.
 *
 * Return: bytes.
 */
size_t user_memory__room(const struct user_kind *kind, size_t lines)
{
	size_t bytes = lines * (kind->dense ? USER_LINE_BYTES : user_page_bytes());

	return round_up(bytes, kind->huge ? USER_HUGE_BYTES : user_page_bytes());
}

static void first_line(const char *path, char *line, size_t size)
{
	FILE *file = fopen(path, "re");

	line[0] = '\0';
	if (!file)
		return;
	if (!fgets(line, size, file))
		line[0] = '\0';
	line[strcspn(line, "\n")] = '\0';
	fclose(file);
}

static void why_no_hugetlb(char why[USER_WHY_LEN])
{
	char nr[32];

	first_line(HUGETLB_FREE, nr, sizeof(nr));
	if (nr[0])
		snprintf(why, USER_WHY_LEN, "%s free hugetlb pages of 2 MiB are too few; `sysctl vm.nr_hugepages=N' makes N",
			 nr);
	else
		snprintf(why, USER_WHY_LEN, "this kernel has no hugetlb pages of 2 MiB; boot one with CONFIG_HUGETLBFS");
}

static void why_ignored(char why[USER_WHY_LEN])
{
	char enabled[64];

	first_line(THP_ENABLED, enabled, sizeof(enabled));
	if (!enabled[0])
		snprintf(why, USER_WHY_LEN, "this kernel has no THP; boot one with CONFIG_TRANSPARENT_HUGEPAGE");
	else if (strstr(enabled, "[never]"))
		snprintf(why, USER_WHY_LEN, "THP is off; `echo madvise >%s' allows it", THP_ENABLED);
	else if (prctl(PR_GET_THP_DISABLE, 0, 0, 0, 0) > 0)
		snprintf(why, USER_WHY_LEN, "THP is off for this process (PR_SET_THP_DISABLE); start it from another one");
	else
		snprintf(why, USER_WHY_LEN, "MADV_HUGEPAGE was ignored: AnonHugePages is 0; `echo 1 >/proc/sys/vm/compact_memory' makes room for huge pages");
}

/**
 * user_memory__why_not_huge() - why memory is not all in the huge pages that it was to be in
 * @huge: bytes of it that are.
 * @bytes: all of it.
 * @why: receives it, with what would help; empty where all is.
 */
void user_memory__why_not_huge(uint64_t huge, uint64_t bytes, char why[USER_WHY_LEN])
{
	why[0] = '\0';
	if (!huge)
		why_ignored(why);
	else if (huge < bytes)
		snprintf(why, USER_WHY_LEN, "only %" PRIu64 " of %" PRIu64 " KiB are in huge pages; `echo 1 >/proc/sys/vm/compact_memory' makes room for more",
			 huge / 1024, bytes / 1024);
}

static int reserve(struct user_memory *memory, size_t unit)
{
	char *hole;

	memory->reserved_bytes = memory->bytes + 2 * unit;
	memory->reserved = mmap(NULL, memory->reserved_bytes, PROT_NONE,
				MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (memory->reserved == MAP_FAILED)
		return -errno;
	hole = memory->reserved;
	memory->start = hole + unit - (size_t)hole % unit;
	return 0;
}

static void why_no_mapping(const struct user_memory *memory, int err, char why[USER_WHY_LEN])
{
	if (memory->kind->map_flags & MAP_HUGETLB)
		why_no_hugetlb(why);
	else
		snprintf(why, USER_WHY_LEN, "mmap of %zu KiB: %s", memory->bytes / 1024,
			 strerror(-err));
}

static int map_own(const struct user_memory *memory, char why[USER_WHY_LEN])
{
	const struct user_kind *kind = memory->kind;
	int err = 0;

	if (mmap(memory->start, memory->bytes, PROT_READ | PROT_WRITE,
		 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | kind->map_flags, -1, 0) == MAP_FAILED) {
		err = -errno;
		why_no_mapping(memory, err, why);
	} else if (kind->advice) {
		/* A kernel that does not know it has no huge pages to advise against. */
		madvise(memory->start, memory->bytes, kind->advice);
	}
	return err;
}

static int map_fixed(struct user_memory *memory, char why[USER_WHY_LEN])
{
	return memory->kind->lent ? user_lent__map(memory, why) : map_own(memory, why);
}

/**
 * user_memory__map() - get memory of a kind
 * @memory: receives it; all its pages are there.
 * @kind: of user_kinds.
 * @lines: how many there shall be room for, from 1.
 * @why: receives a line where it fails.
 *
 * Return: 0; or a negative error, and nothing is held.
 */
int user_memory__map(struct user_memory *memory, const struct user_kind *kind,
		     size_t lines, char why[USER_WHY_LEN])
{
	int err;

	memory->kind = kind;
	memory->is_mapped = false;
	memory->stride = 1;
	memory->bytes = user_memory__room(kind, lines);
	err = reserve(memory, kind->huge ? USER_HUGE_BYTES : user_page_bytes());
	if (err) {
		why_no_mapping(memory, err, why);
		return err;
	}
	err = map_fixed(memory, why);
	if (err)
		user_memory__unmap(memory);
	else
		memset(memory->start, 0, memory->bytes);
	return err;
}

/**
 * user_memory__unmap() - give it back
 * @memory: of user_memory__map().
 */
void user_memory__unmap(struct user_memory *memory)
{
	munmap(memory->reserved, memory->reserved_bytes);
}

/**
 * user_memory__line() - where a load goes
 * @memory: the memory.
 * @i: which line, below those that there is room for.
 *
 * Return: its address.
 */
void **user_memory__line(const struct user_memory *memory, size_t i)
{
	size_t page = user_page_bytes();
	size_t colour = COLOUR_STEP * i % (page / USER_LINE_BYTES) * USER_LINE_BYTES;
	size_t offset = memory->kind->dense ? i * USER_LINE_BYTES : i * memory->stride * page + colour;

	return (void **)(memory->start + offset);
}
