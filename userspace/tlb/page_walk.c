// SPDX-License-Identifier: GPL-2.0
/*
 * Page tables of x86-64, as in Intel's manual for software developers, volume
 * 3A, section 4.5 "4-level paging and 5-level paging". Its tables of entries say:
 * bit 0 present; bit 7 of a PDPTE or PDE a page of 1 GiB or 2 MiB instead of a
 * table, of a PML4E or PML5E reserved, and of a PTE a memory type; bit 8 of what
 * maps a page global, which CR4.PGE is taken to allow; bits 12 to 51 the address
 * of table or page, of which those below a large page's size are no part (bit 12
 * is a memory type).
 */
#include "page_walk.h"

#define ENTRY_PRESENT	(1ULL << 0)
#define ENTRY_LARGE	(1ULL << 7)
#define ENTRY_GLOBAL	(1ULL << 8)
#define ENTRY_ADDRESS	0x000ffffffffff000ULL

#define LEVEL_BITS	9
#define LEVEL_PTE	1
#define LEVEL_PDPTE	3

/* Bits of an address that page tables of so many levels translate. */
static unsigned int address__bits(unsigned int levels)
{
	return 12 + LEVEL_BITS * levels;
}

/* All bits from the highest translated one on are the same. */
static bool address__is_canonical(uint64_t address, unsigned int levels)
{
	uint64_t upper = (int64_t)address >> (address__bits(levels) - 1);

	return upper == 0 || upper == UINT64_MAX;
}

static bool entry__maps_page(uint64_t entry, unsigned int level)
{
	return level == LEVEL_PTE || (entry & ENTRY_LARGE);
}

static void translation__set(struct tlb_translation *found, uint64_t entry, unsigned int level)
{
	found->size = level - LEVEL_PTE;
	found->global = entry & ENTRY_GLOBAL;
	found->frame = entry & ENTRY_ADDRESS & -(1ULL << page_size__shift(found->size));
}

/**
 * page_walk__x86_64() - look an address up
 * @memory: the guest's, with its page tables.
 * @root: physical address of the top table; CR3 as it is will do.
 * @levels: of the page tables: 4 or 5.
 * @address: virtual.
 * @found: receives the page; changed in any case.
 *
 * Permissions and reserved bits but bit 7 are not looked at.
 *
 * Return: false: the address is not canonical, an entry is not present or not
 * valid or not in @memory, or @levels is neither 4 nor 5.
 */
bool page_walk__x86_64(const struct guest_memory *memory, uint64_t root, unsigned int levels,
		       uint64_t address, struct tlb_translation *found)
{
	uint64_t index, entry, table = root & ENTRY_ADDRESS;
	unsigned int level;

	found->reads = 0;
	if (levels < 4 || levels > 5 || !address__is_canonical(address, levels))
		return false;
	for (level = levels; level >= LEVEL_PTE; level--) {
		index = (address >> address__bits(level - 1)) & ((1 << LEVEL_BITS) - 1);
		if (!guest_memory__read(memory, table + index * sizeof(entry), &entry))
			return false;
		found->reads++;
		if (!(entry & ENTRY_PRESENT))
			return false;
		if (entry__maps_page(entry, level)) {
			translation__set(found, entry, level);
			return level <= LEVEL_PDPTE;
		}
		table = entry & ENTRY_ADDRESS;
	}
	return false;
}
