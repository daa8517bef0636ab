// SPDX-License-Identifier: GPL-2.0
/*
 * How memory of a process is mapped: /proc/self/smaps, /proc/self/pagemap, and, where
 * the module is loaded, a walk of the page tables.
 *
 * The sizes of smaps are those that a mapping is made for: of THP only
 * AnonHugePages tells. Frames are shown to CAP_SYS_ADMIN alone.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "device.h"
#include "tlb_json.h"
#include "user_mapping.h"

#define PAGEMAP_PRESENT	(1ULL << 63)
#define PAGEMAP_FRAME	((1ULL << 55) - 1)

/* Where each field of smaps goes. */
static const struct {
	const char *name;
	size_t offset;
} fields[] = {
	{ "AnonHugePages", offsetof(struct user_mapping, anon_huge_bytes) },
	{ "KernelPageSize", offsetof(struct user_mapping, kernel_page_bytes) },
	{ "MMUPageSize", offsetof(struct user_mapping, mmu_page_bytes) },
	{ NULL, 0 },
};

/* Takes a line if it is a field's; returns which, as a bit. */
static unsigned int take_field(struct user_mapping *mapping, const char *line)
{
	unsigned long kib;
	char name[32];
	int i;

	if (sscanf(line, "%31[^:]: %lu kB", name, &kib) != 2)
		return 0;
	for (i = 0; fields[i].name; i++) {
		if (strcmp(name, fields[i].name))
			continue;
		*(uint64_t *)((char *)mapping + fields[i].offset) = kib * 1024ULL;
		return 1U << i;
	}
	return 0;
}

static unsigned int all_fields(void)
{
	unsigned int i;

	for (i = 0; fields[i].name;)
		i++;
	return (1U << i) - 1;
}

/**
 * user_mapping__read_smaps() - take what smaps says of a mapping
 * @mapping: receives it.
 * @smaps: an open file, at its begin.
 * @start: the mapping's first address.
 * @bytes: how long it is.
 *
 * Return: 0; -ENOENT: it is not there, or not with all that is looked for.
 */
int user_mapping__read_smaps(struct user_mapping *mapping, FILE *smaps,
			     uintptr_t start, size_t bytes)
{
	unsigned long from, to;
	bool within = false;
	unsigned int left = all_fields();
	char line[512];

	while (left && fgets(line, sizeof(line), smaps)) {
		if (sscanf(line, "%lx-%lx ", &from, &to) == 2)
			within = from == start && to == start + bytes;
		else if (within)
			left &= ~take_field(mapping, line);
	}
	return left ? -ENOENT : 0;
}

/**
 * user_mapping__runs() - count runs of contiguous frames
 * @entries: of pagemap, one a page.
 * @nr: how many.
 * @runs: receives their number.
 *
 * Return: 0; -EPERM: frames are hidden; -ENOENT: a page is not there.
 */
int user_mapping__runs(const uint64_t *entries, size_t nr, uint64_t *runs)
{
	uint64_t frame, last = 0;
	size_t i;

	*runs = 0;
	for (i = 0; i < nr; i++) {
		frame = entries[i] & PAGEMAP_FRAME;
		if (!(entries[i] & PAGEMAP_PRESENT))
			return -ENOENT;
		if (!frame)
			return -EPERM;
		*runs += !i || frame != last + 1;
		last = frame;
	}
	return 0;
}

static int read_pagemap(uint64_t *entries, size_t nr, uintptr_t start)
{
	size_t size = nr * sizeof(*entries);
	ssize_t got;
	int fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	int err = 0;

	if (fd < 0)
		return -errno;
	got = pread(fd, entries, size, start / user_page_bytes() * sizeof(*entries));
	if (got < 0)
		err = -errno;
	else if ((size_t)got != size)
		err = -EIO;
	close(fd);
	return err;
}

static void look_for_runs(struct user_mapping *mapping, const struct user_memory *memory)
{
	size_t nr = memory->bytes / user_page_bytes();
	uint64_t *entries = calloc(nr, sizeof(*entries));
	int err = entries ? read_pagemap(entries, nr, (uintptr_t)memory->start) : -ENOMEM;

	if (!err)
		err = user_mapping__runs(entries, nr, &mapping->runs);
	free(entries);
	if (!err)
		return;
	mapping->runs = 0;
	snprintf(mapping->why_no_runs, sizeof(mapping->why_no_runs), "/proc/self/pagemap: %s",
		 err == -EPERM ? "frames are hidden; be root" :
		 err == -ENOENT ? "a page is not in memory; is it swapped out?" : strerror(-err));
}

static void look_at_tables(struct user_mapping *mapping, const struct user_memory *memory)
{
	struct kmb_look look = { .start = (uintptr_t)memory->start, .bytes = memory->bytes };
	struct device device;
	int err = device__open(&device, DEVICE_PATH);

	if (!err)
		err = device__hello(&device);
	if (!err)
		err = device__look(&device, &look);
	device__close(&device);
	mapping->mapped = look.mapped;
	if (err)
		snprintf(mapping->why_no_mapped, sizeof(mapping->why_no_mapped), "%s: %s%s",
			 DEVICE_PATH, look.why[0] ? look.why : strerror(-err),
			 look.why[0] ? "" : device__hint(err));
}

/**
 * user_mapping__look() - look how memory is mapped
 * @mapping: receives it.
 * @memory: the memory.
 *
 * Return: 0; or the negative error of reading /proc/self/smaps.
 */
int user_mapping__look(struct user_mapping *mapping, const struct user_memory *memory)
{
	FILE *smaps = fopen("/proc/self/smaps", "re");
	int err;

	memset(mapping, 0, sizeof(*mapping));
	mapping->is_lent = memory->is_mapped;
	mapping->kernel = memory->mapped;
	if (!smaps)
		return -errno;
	err = user_mapping__read_smaps(mapping, smaps, (uintptr_t)memory->start,
				       memory->bytes);
	fclose(smaps);
	if (err)
		return err;
	look_for_runs(mapping, memory);
	look_at_tables(mapping, memory);
	return 0;
}

/**
 * user_mapping__json() - as an object of JSON
 * @mapping: of user_mapping__look().
 *
 * Return: the object, the caller's.
 */
json_t *user_mapping__json(const struct user_mapping *mapping)
{
	bool known = !mapping->why_no_runs[0];
	bool walked = !mapping->why_no_mapped[0];

	return json_pack("{s:I, s:I, s:I, s:o, s:o, s:o, s:o, s:o}",
			 "anon_huge_bytes", (json_int_t)mapping->anon_huge_bytes,
			 "kernel_page_bytes", (json_int_t)mapping->kernel_page_bytes,
			 "mmu_page_bytes", (json_int_t)mapping->mmu_page_bytes,
			 "runs", known ? json_integer(mapping->runs) : json_null(),
			 "why_no_runs", known ? json_null() :
						json_string(mapping->why_no_runs),
			 "mapped", walked ? tlb_json__mapped(&mapping->mapped) : json_null(),
			 "why_no_mapped", walked ? json_null() :
						   json_string(mapping->why_no_mapped),
			 "kernel", mapping->is_lent ? tlb_json__mapped(&mapping->kernel) :
						      json_null());
}
