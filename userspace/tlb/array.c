// SPDX-License-Identifier: GPL-2.0
/*
 * One array of a TLB.
 *
 * A set says where a page may be, the hash only finds it, and a list has its entries
 * by age: 64 entries of one set are otherwise compared for each access to a large page,
 * since it is first looked for among the small ones, and for each page that has to go.
 */
#include <stdlib.h>

#include "array.h"

static struct tlb_entry **array__bucket(const struct tlb_array *array, enum kmb_page_size size,
					uint64_t page)
{
	/* Fibonacci hashing: the upper half depends on all bits of the page. */
	uint64_t hash = (page * KMB_PAGE_SIZES + size) * 0x9e3779b97f4a7c15ULL;

	return &array->buckets[(hash >> 32) & array->bucket_mask];
}

static void link__remove(struct tlb_link *link)
{
	link->older->newer = link->newer;
	link->newer->older = link->older;
}

/* Next to @older, on its newer side. */
static void link__insert(struct tlb_link *link, struct tlb_link *older)
{
	link->older = older;
	link->newer = older->newer;
	older->newer->older = link;
	older->newer = link;
}

static void array__link(struct tlb_array *array, unsigned int ways)
{
	unsigned int i;

	for (i = 0; i <= array->set_mask; i++)
		array->sets[i] = (struct tlb_link){ &array->sets[i], &array->sets[i] };
	for (i = 0; i < array->nr; i++) {
		array->entries[i].set = &array->sets[i / ways];
		link__insert(&array->entries[i].link, array->entries[i].set);
	}
}

/**
 * tlb_array__init() - prepare an empty array
 * @array: the array.
 * @entries: how many it has; a multiple of @ways that is a power of two.
 * @ways: entries of a set, at least 1.
 *
 * Return: true, and @array is to be freed by tlb_array__free(); false: no memory,
 * and there is nothing to be freed.
 */
bool tlb_array__init(struct tlb_array *array, unsigned int entries, unsigned int ways)
{
	uint64_t buckets = 1;

	while (buckets < 2 * (uint64_t)entries)
		buckets *= 2;
	array->nr = entries;
	array->set_mask = entries / ways - 1;
	array->bucket_mask = buckets - 1;
	array->entries = calloc(entries, sizeof(*array->entries));
	array->buckets = calloc(buckets, sizeof(*array->buckets));
	array->sets = calloc(array->set_mask + 1, sizeof(*array->sets));
	if (!array->entries || !array->buckets || !array->sets) {
		tlb_array__free(array);
		return false;
	}
	array__link(array, ways);
	return true;
}

/**
 * tlb_array__free() - free what an array holds
 * @array: of tlb_array__init(), or all zero.
 */
void tlb_array__free(struct tlb_array *array)
{
	free(array->entries);
	free(array->buckets);
	free(array->sets);
	array->sets = NULL;
	array->entries = NULL;
	array->buckets = NULL;
}

/**
 * tlb_array__find() - look for a page; this alone does not make it recent
 * @array: the array.
 * @size: of the page.
 * @page: its number: the virtual address divided by the size.
 *
 * Return: its entry, or NULL.
 */
struct tlb_entry *tlb_array__find(const struct tlb_array *array, enum kmb_page_size size,
				  uint64_t page)
{
	struct tlb_entry *entry = *array__bucket(array, size, page);

	while (entry && (entry->page != page || entry->found.size != size))
		entry = entry->next;
	return entry;
}

/* The link is the first member of an entry. */
static struct tlb_entry *array__oldest(const struct tlb_array *array, uint64_t page)
{
	return (struct tlb_entry *)array->sets[page & array->set_mask].newer;
}

/**
 * tlb_array__use() - make an entry the most recent of its set
 * @entry: an entry.
 * @now: larger than in any call before, and than 0.
 */
void tlb_array__use(struct tlb_entry *entry, uint64_t now)
{
	entry->used = now;
	if (entry->set->older == &entry->link)
		return;
	link__remove(&entry->link);
	link__insert(&entry->link, entry->set->older);
}

/**
 * tlb_array__insert() - hold a page, in place of the least recently used of its set
 * @array: the array, which does not hold the page.
 * @page: the page's number.
 * @found: what the walk found.
 * @now: larger than in any call before, and than 0.
 *
 * Return: the page's entry.
 */
struct tlb_entry *tlb_array__insert(struct tlb_array *array, uint64_t page,
				    const struct tlb_translation *found, uint64_t now)
{
	struct tlb_entry **bucket = array__bucket(array, found->size, page);
	struct tlb_entry *entry = array__oldest(array, page);

	if (entry->used)
		tlb_array__drop(array, entry);
	entry->page = page;
	entry->found = *found;
	tlb_array__use(entry, now);
	entry->next = *bucket;
	*bucket = entry;
	return entry;
}

/**
 * tlb_array__drop() - forget a page
 * @array: the array.
 * @entry: the page's entry in it.
 */
void tlb_array__drop(struct tlb_array *array, struct tlb_entry *entry)
{
	struct tlb_entry **link = array__bucket(array, entry->found.size, entry->page);

	while (*link != entry)
		link = &(*link)->next;
	*link = entry->next;
	entry->used = 0;
	link__remove(&entry->link);
	link__insert(&entry->link, entry->set);
}

/**
 * tlb_array__drop_all() - forget all pages, or all that are not global
 * @array: the array.
 * @global_too: forget global pages as well.
 */
void tlb_array__drop_all(struct tlb_array *array, bool global_too)
{
	unsigned int i;

	for (i = 0; i < array->nr; i++)
		if (array->entries[i].used && (global_too || !array->entries[i].found.global))
			tlb_array__drop(array, &array->entries[i]);
}
