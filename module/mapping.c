// SPDX-License-Identifier: GPL-2.0
/*
 * How memory is mapped: the size of the page behind each address, and where its
 * frames lie. Contiguous frames are no proof of a large page, so both are looked
 * up in the page tables.
 *
 * Left out: architectures other than x86-64, where modules cannot walk them.
 */
#include <linux/mm.h>
#include <linux/pgtable.h>
#include <linux/sched.h>
#include <linux/string.h>

#include "buffer.h"
#include "mapping.h"

#if defined(CONFIG_X86_64) && !defined(CONFIG_UML)
/* Return: the frame of an address, -1UL when it is not mapped. */
static unsigned long look_up(unsigned long address, struct kmb_mapped *mapped)
{
	unsigned int level;
	pte_t *pte = lookup_address(address, &level);
	/* Once: another CPU may split a large page meanwhile. */
	pteval_t value = pte ? pte_val(READ_ONCE(*pte)) : 0;

	if (!(value & _PAGE_PRESENT))
		return -1UL;
	switch (level) {
	case PG_LEVEL_4K:
		mapped->pages[KMB_PAGE_4K]++;
		return pte_pfn(__pte(value));
	case PG_LEVEL_2M:
		mapped->pages[KMB_PAGE_2M]++;
		return pmd_pfn(__pmd(value)) + pte_index(address);
	case PG_LEVEL_1G:
		mapped->pages[KMB_PAGE_1G]++;
		return pud_pfn(__pud(value)) + ((address & ~PUD_MASK) >> PAGE_SHIFT);
	default:
		return -1UL;
	}
}
#else
static unsigned long look_up(unsigned long address, struct kmb_mapped *mapped)
{
	return -1UL;
}
#endif

/**
 * kmb_mapping_frame() - look up the frame of a page
 * @page: its address.
 *
 * Return: the frame; -1UL where it could not be looked up.
 */
unsigned long kmb_mapping_frame(const void *page)
{
	struct kmb_mapped ignored = { .runs = 0 };

	return look_up((unsigned long)page, &ignored);
}

/**
 * kmb_mapping_read() - look up how a buffer is mapped
 * @buffer: the buffer.
 * @mapped: receives it; of no use where it could not be looked up.
 *
 * Return: false where it could not be looked up.
 */
bool kmb_mapping_read(const struct kmb_buffer *buffer, struct kmb_mapped *mapped)
{
	unsigned long i, frame, last = -1UL;

	memset(mapped, 0, sizeof(*mapped));
	for (i = 0; i < buffer->nr_pages; i++, last = frame) {
		frame = look_up((unsigned long)kmb_buffer_page(buffer, i), mapped);
		if (frame == -1UL)
			return false;
		mapped->runs += !i || frame != last + 1;
		cond_resched();
	}
	return true;
}
