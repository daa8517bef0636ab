// SPDX-License-Identifier: GPL-2.0
/*
 * The model of a TLB over a trace, for tests that compare it with other models.
 *
 *   tlb-replay GEOMETRY <TRACE
 *
 * TRACE has a line for each event:
 *
 *   l ADDRESS BYTES	a load; ADDRESS is hexadecimal
 *   s ADDRESS BYTES	a store
 *   f, F, p, e		flush all but global, flush all, flush a page, empty
 *
 * There are no page tables; an address says itself what they would:
 *
 *   bits 40, 41	the page's size, as enum kmb_page_size; 3: none is mapped
 *   bit 42		the page is global
 *   bit 43		each p moves the page to another frame
 *   bit 44		of 4 KiB: each odd p makes it a part of a page of 2 MiB, and each
 *			even p takes that apart again
 *
 * A walk reads 4 entries for a page of 4 KiB, 3 for 2 MiB, 2 for 1 GiB. Prints the
 * counts as one JSON object.
 */
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#include "userspace/tlb/tlb.h"

#define LINE_LEN	64

static bool bit(uint64_t address, unsigned int number)
{
	return address >> number & 1;
}

static bool walk(void *arg, uint64_t address, struct tlb_translation *found)
{
	const uint64_t *page_flushes = arg;
	unsigned int size = address >> 40 & 3;

	if (size == KMB_PAGE_SIZES)
		return false;
	if (bit(address, 44) && size == KMB_PAGE_4K && (*page_flushes & 1))
		size = KMB_PAGE_2M;
	found->size = size;
	found->global = bit(address, 42);
	found->frame = address & -(1ULL << page_size__shift(found->size));
	if (bit(address, 43))
		found->frame += *page_flushes << 52;
	found->reads = 4 - size;
	return true;
}

/* Carry a line out; returns false for one that is no event. */
static bool replay(struct tlb *tlb, uint64_t *page_flushes, const char *line)
{
	unsigned int bytes;
	uint64_t address;

	switch (line[0]) {
	case 'l':
	case 's':
		if (sscanf(line + 1, "%" SCNx64 " %u", &address, &bytes) != 2 || !bytes)
			return false;
		tlb__access(tlb, address, bytes, line[0] == 's');
		return true;
	case 'f':
		tlb__flush(tlb);
		return true;
	case 'F':
		tlb__flush_all(tlb);
		return true;
	case 'p':
		++*page_flushes;
		tlb__flush_page(tlb);
		return true;
	case 'e':
		tlb__empty(tlb);
		return true;
	}
	return false;
}

static json_t *array_of(const __u64 *values, unsigned int nr)
{
	json_t *array = json_array();
	unsigned int i;

	for (i = 0; i < nr; i++)
		json_array_append_new(array, json_integer(values[i]));
	return array;
}

/* Returns whether all was written. */
static bool print(const struct kmb_tlb_counts *counts, unsigned int levels)
{
	json_t *all;
	int ret;

	all = json_pack("{s:I, s:I, s:o, s:o, s:I, s:I, s:I, s:I, s:I}",
			"loads", (json_int_t)counts->loads,
			"stores", (json_int_t)counts->stores,
			"misses", array_of(counts->misses, levels),
			"walks", array_of(counts->walks, KMB_PAGE_SIZES),
			"walk_reads", (json_int_t)counts->walk_reads,
			"unmapped", (json_int_t)counts->unmapped,
			"flushes", (json_int_t)counts->flushes,
			"flushes_all", (json_int_t)counts->flushes_all,
			"flushes_page", (json_int_t)counts->flushes_page);
	ret = json_dumpf(all, stdout, JSON_COMPACT);
	json_decref(all);
	return !ret && puts("") >= 0 && !fflush(stdout);
}

/* Returns the number of the first line that is no event, 0 if there is none. */
static unsigned long replay_all(struct tlb *tlb, uint64_t *page_flushes)
{
	unsigned long number = 0;
	char line[LINE_LEN];

	while (fgets(line, sizeof(line), stdin)) {
		number++;
		if (!replay(tlb, page_flushes, line))
			return number;
	}
	return 0;
}

static int run(const struct tlb_geometry *geometry)
{
	uint64_t page_flushes = 0;
	struct tlb *tlb = tlb__new(geometry, walk, &page_flushes);
	struct kmb_tlb_counts counts;
	unsigned long wrong;

	if (!tlb) {
		fprintf(stderr, "tlb-replay: no memory\n");
		return 2;
	}
	wrong = replay_all(tlb, &page_flushes);
	counts = tlb__counts(tlb);
	tlb__delete(tlb);
	if (wrong) {
		fprintf(stderr, "tlb-replay: line %lu of the trace is no event\n", wrong);
		return 2;
	}
	return print(&counts, geometry->levels) ? 0 : 2;
}

int main(int argc, char *argv[])
{
	char why[GEOMETRY_WHY_LEN];
	struct tlb_geometry geometry;

	if (argc != 2) {
		fprintf(stderr, "usage: tlb-replay GEOMETRY <TRACE\n");
		return 2;
	}
	if (geometry__read(argv[1], &geometry, why)) {
		fprintf(stderr, "tlb-replay: %s: %s\n", argv[1], why);
		return 2;
	}
	return run(&geometry);
}
