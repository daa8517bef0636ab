/* SPDX-License-Identifier: GPL-2.0 */
/*
 * One array of a TLB: sets of entries, the least recently used one of which
 * makes room. Pages of several sizes may share it.
 */
#ifndef KMBENCH_TLB_ARRAY_H
#define KMBENCH_TLB_ARRAY_H

#include "translation.h"

/**
 * struct tlb_link - neighbours by age
 * @older: what was used before; of a set, its newest entry.
 * @newer: what was used after; of a set, its oldest entry.
 */
struct tlb_link {
	struct tlb_link *older;
	struct tlb_link *newer;
};

/**
 * struct tlb_entry - a page that an array holds
 * @link: among the entries of its set; free ones are the oldest.
 * @set: these.
 * @page: the page's number: its virtual address divided by its size.
 * @found: what the walk found.
 * @used: when it was last looked for, larger is later; 0: the entry is free.
 * @checked: the owner's, kept from tlb_array__insert() on.
 * @next: the next entry of the same bucket, or NULL.
 */
struct tlb_entry {
	struct tlb_link link;
	struct tlb_link *set;
	uint64_t page;
	struct tlb_translation found;
	uint64_t used;
	uint64_t checked;
	struct tlb_entry *next;
};

/**
 * struct tlb_array - an array
 * @nr: entries in it.
 * @set_mask: sets - 1; the page's number and this is the set.
 * @sets: the sets, each with its entries by age.
 * @entries: the entries, set by set.
 * @buckets: of a hash over size and number of the page, so that none of many
 *	ways is looked at in vain.
 * @bucket_mask: buckets - 1.
 */
struct tlb_array {
	unsigned int nr;
	uint64_t set_mask;
	struct tlb_link *sets;
	struct tlb_entry *entries;
	struct tlb_entry **buckets;
	uint64_t bucket_mask;
};

bool tlb_array__init(struct tlb_array *array, unsigned int entries, unsigned int ways);
void tlb_array__free(struct tlb_array *array);
struct tlb_entry *tlb_array__find(const struct tlb_array *array, enum kmb_page_size size,
				  uint64_t page);
void tlb_array__use(struct tlb_entry *entry, uint64_t now);
struct tlb_entry *tlb_array__insert(struct tlb_array *array, uint64_t page,
				    const struct tlb_translation *found, uint64_t now);
void tlb_array__drop(struct tlb_array *array, struct tlb_entry *entry);
void tlb_array__drop_all(struct tlb_array *array, bool global_too);

#endif /* KMBENCH_TLB_ARRAY_H */
