// SPDX-License-Identifier: GPL-2.0
/*
 * How memory is mapped: the size of the page behind each address, and where its
 * frames lie. Contiguous frames are no proof of a large page, so both are looked
 * up in the page tables: those of the process that asks, which have the kernel's
 * part as well, but for arm64, where that has tables of its own that no module
 * gets at.
 *
 * Left out: other architectures, and other pages than those of 4 KiB, 2 MiB and
 * 1 GiB.
 */
#include <linux/errno.h>
#include <linux/irqflags.h>
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/pgtable.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/string.h>

#include "buffer.h"
#include "mapping.h"
#include "refuse.h"

#define NOT_MAPPED	(-1UL)

#if defined(CONFIG_UML) || PAGE_SHIFT != 12
#elif defined(CONFIG_X86_64) || (defined(CONFIG_RISCV) && defined(CONFIG_64BIT))
#define KMB_WALKS_PROCESS
#define KMB_WALKS_KERNEL
#elif defined(CONFIG_ARM64)
#define KMB_WALKS_PROCESS
#endif

#ifdef KMB_WALKS_PROCESS
/* Return: the frame of an address in a page whose frames begin with @first. */
static unsigned long found(unsigned long address, unsigned long first,
			   enum kmb_page_size size, struct kmb_mapped *mapped)
{
	static const unsigned long masks[KMB_PAGE_SIZES] = {
		[KMB_PAGE_4K] = ~PAGE_MASK,
		[KMB_PAGE_2M] = ~PMD_MASK,
		[KMB_PAGE_1G] = ~PUD_MASK,
	};

	mapped->pages[size]++;
	return first + ((address & masks[size]) >> PAGE_SHIFT);
}

static unsigned long look_up_pmd(pmd_t pmd, unsigned long address, struct kmb_mapped *mapped)
{
	pte_t pte;

	if (!pmd_present(pmd))
		return NOT_MAPPED;
	if (pmd_leaf(pmd))
		return found(address, pmd_pfn(pmd), KMB_PAGE_2M, mapped);
	pte = READ_ONCE(*pte_offset_kernel(&pmd, address));
	return pte_present(pte) ? found(address, pte_pfn(pte), KMB_PAGE_4K, mapped) : NOT_MAPPED;
}

/* Each entry is read once: another CPU may split a large page meanwhile. */
static unsigned long look_up_in(pgd_t *pgdp, unsigned long address, struct kmb_mapped *mapped)
{
	pgd_t pgd = READ_ONCE(*pgdp);
	p4d_t *p4dp, p4d;
	pud_t *pudp, pud;

	if (!pgd_present(pgd))
		return NOT_MAPPED;
	p4dp = p4d_offset_lockless(pgdp, pgd, address);
	p4d = READ_ONCE(*p4dp);
	if (!p4d_present(p4d))
		return NOT_MAPPED;
	pudp = pud_offset_lockless(p4dp, p4d, address);
	pud = READ_ONCE(*pudp);
	if (!pud_present(pud))
		return NOT_MAPPED;
	if (pud_leaf(pud))
		return found(address, pud_pfn(pud), KMB_PAGE_1G, mapped);
	return look_up_pmd(READ_ONCE(*pmd_offset_lockless(pudp, pud, address)), address, mapped);
}

/*
 * Nobody frees a page table of a process while interrupts are off, as get_user_pages_fast()
 * has it.
 */
static unsigned long look_up(unsigned long address, struct kmb_mapped *mapped)
{
	unsigned long flags, frame;

	local_irq_save(flags);
	frame = look_up_in(pgd_offset(current->mm, address), address, mapped);
	local_irq_restore(flags);
	return frame;
}
#else
static unsigned long look_up(unsigned long address, struct kmb_mapped *mapped)
{
	return NOT_MAPPED;
}
#endif

/* Of the kernel's part, where a process has it. */
static unsigned long look_up_kernel(const void *address, struct kmb_mapped *mapped)
{
#ifdef KMB_WALKS_KERNEL
	return look_up((unsigned long)address, mapped);
#else
	return NOT_MAPPED;
#endif
}

/**
 * kmb_mapping_frame() - look up the frame of a page of the kernel
 * @page: its address.
 *
 * Return: the frame; -1UL where it could not be looked up.
 */
unsigned long kmb_mapping_frame(const void *page)
{
	struct kmb_mapped ignored = { .runs = 0 };

	return look_up_kernel(page, &ignored);
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
	unsigned long i, frame, last = NOT_MAPPED;

	memset(mapped, 0, sizeof(*mapped));
	for (i = 0; i < buffer->nr_pages; i++, last = frame) {
		frame = look_up_kernel(kmb_buffer_page(buffer, i), mapped);
		if (frame == NOT_MAPPED)
			return false;
		mapped->runs += !i || frame != last + 1;
		cond_resched();
	}
	return true;
}

static int check_look(struct kmb_look *look)
{
	const struct kmb_range ranges[] = {
		{ "start", look->start, PAGE_SIZE, TASK_SIZE - PAGE_SIZE },
		{ "start", look->start % PAGE_SIZE, 0, 0 },
		{ "bytes", look->bytes, PAGE_SIZE, TASK_SIZE - look->start },
		{ "bytes", look->bytes % PAGE_SIZE, 0, 0 },
	};

#ifndef KMB_WALKS_PROCESS
	return kmb_refuse(look->why, -EOPNOTSUPP,
			  "page tables of this architecture are not walked");
#endif
	return kmb_refuse_ranges(look->why, ranges, ARRAY_SIZE(ranges));
}

/**
 * kmb_mapping_look() - look up how memory of the process is mapped
 * @look: the (in) fields as they came from the tool; the rest is filled in.
 *
 * Return: 0; or a negative error, see struct kmb_look.
 */
int kmb_mapping_look(struct kmb_look *look)
{
	unsigned long i, frame, last = NOT_MAPPED;
	int err = check_look(look);

	memset(&look->mapped, 0, sizeof(look->mapped));
	for (i = 0; !err && i < look->bytes / PAGE_SIZE; i++, last = frame) {
		frame = look_up(look->start + i * PAGE_SIZE, &look->mapped);
		if (frame == NOT_MAPPED)
			err = kmb_refuse(look->why, -ENOENT, "page %lu is not in memory", i);
		else if (fatal_signal_pending(current))
			err = kmb_refuse(look->why, -EINTR, "killed at page %lu", i);
		look->mapped.runs += !i || frame != last + 1;
		cond_resched();
	}
	return err;
}
