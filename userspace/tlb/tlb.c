// SPDX-License-Identifier: GPL-2.0
/*
 * The model of a TLB for data.
 *
 * An access asks one level after the other; the first that has the page answers,
 * and those before it take the page over. Where none has it, page tables are
 * walked and each level that can hold the page does. What makes room is always
 * the least recently used entry of the set, in each array by the accesses that
 * reached its level: a hit in the first level is no use of the second.
 *
 * Not modelled: instructions (which share later levels with data), speculation,
 * prefetching, caches of upper page tables, address space identifiers, and the
 * approximations of LRU and the hashed sets that hardware has.
 */
#include <stdlib.h>
#include <string.h>

#include "array.h"
#include "tlb.h"

#define SMALL_SHIFT	12
#define NO_PAGE		UINT64_MAX

/*
 * holders: the array of a level that holds pages of a size, or NULL. now: raised
 * with each access that is looked up. page_flushes: how many there were, ever;
 * an entry whose `checked` is less is to be compared with the page tables. last:
 * number, in 4 KiB, of the page of the last access, which is in the first level
 * and most recent there; NO_PAGE: look.
 */
struct tlb {
	unsigned int levels;
	unsigned int nr_arrays;
	struct tlb_array arrays[GEOMETRY_ARRAYS_MAX];
	struct tlb_array *holders[KMB_TLB_LEVELS_MAX][KMB_PAGE_SIZES];
	tlb_walk_fn *walk;
	void *arg;
	uint64_t now;
	uint64_t page_flushes;
	uint64_t last;
	struct kmb_tlb_counts counts;
};

static bool tlb__add_array(struct tlb *tlb, const struct tlb_geometry_array *wanted)
{
	struct tlb_array *array = &tlb->arrays[tlb->nr_arrays];
	unsigned int size;

	if (!tlb_array__init(array, wanted->entries, wanted->ways))
		return false;
	tlb->nr_arrays++;
	for (size = 0; size < KMB_PAGE_SIZES; size++)
		if (wanted->sizes & (1U << size))
			tlb->holders[wanted->level][size] = array;
	return true;
}

/**
 * tlb__new() - make an empty TLB
 * @geometry: such as geometry__read() accepts; not needed afterwards.
 * @walk: is called for each address that no level has.
 * @arg: for @walk.
 *
 * Return: a TLB, to be freed by tlb__delete(); NULL: no memory.
 */
struct tlb *tlb__new(const struct tlb_geometry *geometry, tlb_walk_fn *walk, void *arg)
{
	struct tlb *tlb = calloc(1, sizeof(*tlb));
	unsigned int i;

	if (!tlb)
		return NULL;
	tlb->levels = geometry->levels;
	tlb->walk = walk;
	tlb->arg = arg;
	tlb->last = NO_PAGE;
	for (i = 0; i < geometry->nr_arrays; i++) {
		if (!tlb__add_array(tlb, &geometry->arrays[i])) {
			tlb__delete(tlb);
			return NULL;
		}
	}
	return tlb;
}

/**
 * tlb__delete() - free a TLB
 * @tlb: of tlb__new(), or NULL.
 */
void tlb__delete(struct tlb *tlb)
{
	unsigned int i;

	if (!tlb)
		return;
	for (i = 0; i < tlb->nr_arrays; i++)
		tlb_array__free(&tlb->arrays[i]);
	free(tlb);
}

/*
 * Whether an entry still says what the page tables do; looked at once after each
 * flush of a page, by a walk that nobody counts, since hardware makes none.
 */
static bool tlb__still_holds(struct tlb *tlb, struct tlb_entry *entry, uint64_t address)
{
	struct tlb_translation found;

	if (entry->checked == tlb->page_flushes)
		return true;
	if (!tlb->walk(tlb->arg, address, &found) || found.size != entry->found.size ||
	    found.global != entry->found.global || found.frame != entry->found.frame)
		return false;
	entry->checked = tlb->page_flushes;
	return true;
}

/*
 * The entry of a level for an address. After page tables changed and before a
 * flush, there may be two, of different sizes: the smaller page is taken.
 */
static struct tlb_entry *tlb__find(struct tlb *tlb, unsigned int level, uint64_t address)
{
	struct tlb_entry *entry;
	unsigned int size;

	for (size = 0; size < KMB_PAGE_SIZES; size++) {
		struct tlb_array *array = tlb->holders[level][size];

		if (!array)
			continue;
		entry = tlb_array__find(array, size, address >> page_size__shift(size));
		if (!entry)
			continue;
		if (tlb__still_holds(tlb, entry, address)) {
			tlb_array__use(entry, tlb->now);
			return entry;
		}
		tlb_array__drop(array, entry);
	}
	return NULL;
}

static bool tlb__walk(struct tlb *tlb, uint64_t address, struct tlb_translation *found)
{
	if (!tlb->walk(tlb->arg, address, found)) {
		tlb->counts.unmapped++;
		return false;
	}
	tlb->counts.walks[found->size]++;
	tlb->counts.walk_reads += found->reads;
	return true;
}

/* Have the first levels hold a page that they do not, as far as they can. */
static void tlb__fill(struct tlb *tlb, unsigned int levels, uint64_t address,
		      const struct tlb_translation *found)
{
	uint64_t page = address >> page_size__shift(found->size);
	struct tlb_array *array;
	unsigned int level;

	for (level = 0; level < levels; level++) {
		array = tlb->holders[level][found->size];
		if (array)
			tlb_array__insert(array, page, found, tlb->now)->checked =
				tlb->page_flushes;
	}
}

/* An access within one 4 KiB page, which is not that of the access before. */
static void tlb__look_up(struct tlb *tlb, uint64_t address)
{
	struct tlb_entry *entry = NULL;
	struct tlb_translation found;
	unsigned int level;

	tlb->now++;
	tlb->last = NO_PAGE;
	for (level = 0; level < tlb->levels; level++) {
		entry = tlb__find(tlb, level, address);
		if (entry)
			break;
		tlb->counts.misses[level]++;
	}
	if (entry)
		found = entry->found;
	else if (!tlb__walk(tlb, address, &found))
		return;
	tlb__fill(tlb, level, address, &found);
	tlb->last = address >> SMALL_SHIFT;
}

/**
 * tlb__access() - a data access
 * @tlb: the TLB.
 * @address: virtual address of its first byte.
 * @bytes: how many it reads or writes, at least 1; it counts once for each 4 KiB
 *	page that it touches, as does hardware that splits it.
 * @store: it writes.
 */
void tlb__access(struct tlb *tlb, uint64_t address, unsigned int bytes, bool store)
{
	uint64_t small = 1ULL << SMALL_SHIFT;
	uint64_t pages = ((address & (small - 1)) + bytes - 1) / small + 1;

	if (store)
		tlb->counts.stores += pages;
	else
		tlb->counts.loads += pages;
	while (pages--) {
		if (address >> SMALL_SHIFT != tlb->last)
			tlb__look_up(tlb, address);
		address = (address & -small) + small;
	}
}

static void tlb__drop_all(struct tlb *tlb, bool global_too)
{
	unsigned int i;

	tlb->last = NO_PAGE;
	for (i = 0; i < tlb->nr_arrays; i++)
		tlb_array__drop_all(&tlb->arrays[i], global_too);
}

/**
 * tlb__empty() - forget all pages; no flush that is counted
 * @tlb: the TLB.
 */
void tlb__empty(struct tlb *tlb)
{
	tlb__drop_all(tlb, true);
}

/**
 * tlb__flush() - the guest flushed all but global pages
 * @tlb: the TLB.
 */
void tlb__flush(struct tlb *tlb)
{
	tlb->counts.flushes++;
	tlb__drop_all(tlb, false);
}

/**
 * tlb__flush_all() - the guest flushed all pages
 * @tlb: the TLB.
 */
void tlb__flush_all(struct tlb *tlb)
{
	tlb->counts.flushes_all++;
	tlb__drop_all(tlb, true);
}

/**
 * tlb__flush_page() - the guest flushed a page, nobody knows which
 * @tlb: the TLB.
 *
 * A plugin for QEMU sees that invlpg is executed, but no register before QEMU
 * 9.0. So each entry is compared with the page tables when next it is hit: it is
 * gone where size, frame or globality changed. A page that was flushed though
 * nothing had changed thus stays, where hardware would walk once more.
 */
void tlb__flush_page(struct tlb *tlb)
{
	tlb->counts.flushes_page++;
	tlb->page_flushes++;
	tlb->last = NO_PAGE;
}

/**
 * tlb__reset_counts() - count from 0; the TLB keeps its pages
 * @tlb: the TLB.
 */
void tlb__reset_counts(struct tlb *tlb)
{
	memset(&tlb->counts, 0, sizeof(tlb->counts));
}

/**
 * tlb__counts() - what happened since tlb__new() or tlb__reset_counts()
 * @tlb: the TLB.
 *
 * Return: the counts.
 */
struct kmb_tlb_counts tlb__counts(const struct tlb *tlb)
{
	return tlb->counts;
}
