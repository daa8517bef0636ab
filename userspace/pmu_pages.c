// SPDX-License-Identifier: GPL-2.0
/*
 * Pages of user memory to walk over, laid out as module/walk.c lays those of
 * the kernel: each load's value is the address of the next, one in each page,
 * at line 37 * i of page i.
 */
#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

#include "pmu_pages.h"

#define COLOUR_STEP	37
#define LINE_SIZE	64

/**
 * pmu_pages__new() - get memory, each page of it mapped by itself
 * @pages: receives it; to be given back by pmu_pages__free().
 * @nr: how many pages.
 *
 * Return: 0, or a negative error.
 */
int pmu_pages__new(struct pmu_pages *pages, uint32_t nr)
{
	uint32_t i;

	pages->size = sysconf(_SC_PAGESIZE);
	pages->nr = nr;
	pages->start = mmap(NULL, nr * pages->size, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (pages->start == MAP_FAILED)
		return -errno;
	/* A kernel without huge pages does not know the request. */
	madvise(pages->start, nr * pages->size, MADV_NOHUGEPAGE);
	for (i = 0; i < nr; i++)
		pages->start[i * pages->size] = 1;
	return 0;
}

/**
 * pmu_pages__free() - give memory back
 * @pages: of pmu_pages__new().
 */
void pmu_pages__free(struct pmu_pages *pages)
{
	munmap(pages->start, pages->nr * pages->size);
}

static void **line(const void *memory, uint32_t i)
{
	const struct pmu_pages *pages = memory;
	uint32_t colour = COLOUR_STEP * i % (pages->size / LINE_SIZE);

	return (void **)(pages->start + i * pages->size + colour * LINE_SIZE);
}

/**
 * pmu_pages__lay() - write a walk's addresses
 * @pages: the memory.
 * @nr: over how many pages the walk goes, from 1; the first ones.
 * @pattern: of user_patterns.
 *
 * Return: 0, or -ENOMEM.
 */
int pmu_pages__lay(const struct pmu_pages *pages, uint32_t nr,
		   const struct user_pattern *pattern)
{
	return user_pattern__lay(pattern, nr, line, pages);
}

/**
 * pmu_pages__flush() - have the TLB drop what it knows of pages
 * @pages: the memory, which stays mapped: a walk over it takes no fault.
 * @nr: how many of them, from 1; the first ones.
 *
 * Return: 0, or a negative error.
 */
int pmu_pages__flush(const struct pmu_pages *pages, uint32_t nr)
{
	size_t size = nr * pages->size;

	if (mprotect(pages->start, size, PROT_READ) ||
	    mprotect(pages->start, size, PROT_READ | PROT_WRITE))
		return -errno;
	return 0;
}

/**
 * pmu_pages__touch() - load from each page, in order
 * @pages: the memory.
 * @nr: how many of them; the first ones.
 */
void pmu_pages__touch(const struct pmu_pages *pages, uint32_t nr)
{
	uint32_t i;

	for (i = 0; i < nr; i++)
		asm volatile("" : : "r" (pages->start[i * pages->size]));
}

/**
 * pmu_pages__follow() - walk, from page 0
 * @pages: the memory, laid out.
 * @loads: how many.
 */
void pmu_pages__follow(const struct pmu_pages *pages, uint64_t loads)
{
	void **at = (void **)pages->start;

	while (loads--) {
		at = *at;
		/* Nobody needs where it ends, but the loads have to be made. */
		asm volatile("" : "+r" (at));
	}
}
