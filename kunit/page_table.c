// SPDX-License-Identifier: GPL-2.0
/*
 * The frame behind a kernel address, as the page tables have it.
 *
 * For an address of the linear map everything else, virt_to_phys() first, is
 * arithmetic and says the same of any memory. Left out: user-mode Linux, whose
 * linear map is the host's, and architectures other than x86-64, arm64 and
 * riscv64. Modules cannot walk on the latter two, as init_mm is not exported.
 */
#include <linux/kasan.h>
#include <linux/mm.h>
#include <linux/pgtable.h>

#include "page_table.h"

#if defined(CONFIG_X86_64) && !defined(CONFIG_UML)
#define HAS_LOOKUP
#elif defined(CONFIG_ARM64) || (defined(CONFIG_RISCV) && defined(CONFIG_64BIT))
#define HAS_INIT_MM
#endif

/**
 * kmb_page_tables_absent() - ask why the linear map cannot be walked here
 *
 * Return: the reason, NULL when it can be walked.
 */
const char *kmb_page_tables_absent(void)
{
	if (IS_ENABLED(CONFIG_UML))
		return "CONFIG_UML: the linear map has no page tables";
#if defined(HAS_LOOKUP) || (defined(HAS_INIT_MM) && !defined(MODULE))
	return NULL;
#elif defined(HAS_INIT_MM)
	return "init_mm is not exported to modules";
#else
	return "no walk of page tables for this architecture";
#endif
}

#if defined(HAS_LOOKUP) || (defined(HAS_INIT_MM) && !defined(MODULE))
static bool found(struct kmb_mapping *mapping, unsigned long address,
		  unsigned long pfn, unsigned long bytes)
{
	mapping->pfn = pfn + ((address & (bytes - 1)) >> PAGE_SHIFT);
	mapping->bytes = bytes;
	return true;
}
#endif

#if defined(HAS_LOOKUP)
static bool walk(unsigned long address, struct kmb_mapping *mapping)
{
	unsigned int level;
	pte_t *pte = lookup_address(address, &level);

	if (!pte || !pte_present(*pte))
		return false;
	switch (level) {
	case PG_LEVEL_4K:
		return found(mapping, address, pte_pfn(*pte), PAGE_SIZE);
	case PG_LEVEL_2M:
		return found(mapping, address, pmd_pfn(*(pmd_t *)pte), PMD_SIZE);
	case PG_LEVEL_1G:
		return found(mapping, address, pud_pfn(*(pud_t *)pte), PUD_SIZE);
	default:
		return false;
	}
}
#elif defined(HAS_INIT_MM) && !defined(MODULE)
static bool walk_pmd(pmd_t *pmd, unsigned long address,
		     struct kmb_mapping *mapping)
{
	pte_t *pte;

	if (pmd_none(*pmd))
		return false;
	if (pmd_leaf(*pmd))
		return found(mapping, address, pmd_pfn(*pmd), PMD_SIZE);
	pte = pte_offset_kernel(pmd, address);
	return pte_present(*pte) &&
	       found(mapping, address, pte_pfn(*pte), PAGE_SIZE);
}

/* No architecture of these maps memory by an entry above a pud. */
static bool walk(unsigned long address, struct kmb_mapping *mapping)
{
	pgd_t *pgd = pgd_offset_k(address);
	p4d_t *p4d;
	pud_t *pud;

	if (pgd_none(*pgd))
		return false;
	p4d = p4d_offset(pgd, address);
	if (p4d_none(*p4d))
		return false;
	pud = pud_offset(p4d, address);
	if (pud_none(*pud))
		return false;
	if (pud_leaf(*pud))
		return found(mapping, address, pud_pfn(*pud), PUD_SIZE);
	return walk_pmd(pmd_offset(pud, address), address, mapping);
}
#else
static bool walk(unsigned long address, struct kmb_mapping *mapping)
{
	return false;
}
#endif

/**
 * kmb_pfn_of() - walk the page tables to a kernel address
 * @address: the address, with or without a tag.
 * @mapping: (out) what is behind it.
 *
 * Return: false when nothing is mapped there or kmb_page_tables_absent().
 */
bool kmb_pfn_of(const void *address, struct kmb_mapping *mapping)
{
	return walk((unsigned long)kasan_reset_tag(address), mapping);
}

/**
 * kmb_walk_to_break() - look where the frames of an object cease to be in order
 * @object: the object.
 * @pages: how many pages it has.
 * @pfn: the frame that the first of them should have.
 * @sizes: (in/out) gets the bits of the sizes of mappings on the way, all of
 *	   which are powers of 2.
 *
 * Return: a page, counted from 1; 0 when all are @pfn + i.
 */
int kmb_walk_to_break(const void *object, unsigned int pages, unsigned long pfn,
		      unsigned long *sizes)
{
	struct kmb_mapping mapping;
	unsigned int i;

	for (i = 0; i < pages; i++) {
		if (!kmb_pfn_of(object + i * PAGE_SIZE, &mapping) ||
		    mapping.pfn != pfn + i)
			return i + 1;
		*sizes |= mapping.bytes;
	}
	return 0;
}
