// SPDX-License-Identifier: GPL-2.0
/*
 * Flushes of the TLB that really happen, between markers of its model: code of a
 * kernel that marks regions of its own, and shares nothing with kmbench.ko but the
 * markers. What was counted is known outside, by the name of each region.
 *
 * Each region begins when all pages have been read once, and reads each of them
 * once more. Between are no other accesses: what has to be known is in registers.
 */
#include <linux/errno.h>
#include <linux/irqflags.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/string.h>
#include <linux/vmalloc.h>
#include <asm/cpufeature.h>
#include <asm/processor-flags.h>
#include <asm/special_insns.h>

#include "tlb_marker.h"

/* As many as the smallest first level of a TLB that is shipped has room for. */
#define NR_PAGES	16
#define MOVED		3

static struct page *pages[NR_PAGES + 1];
static struct kmb_tlb_mailbox *mailbox;
/* The same pages twice: by entries that a move to cr3 drops, and by global ones. */
static char *local, *global;

static __always_inline void read_all(const char *memory)
{
	const char *page;

	for (page = memory; page < memory + NR_PAGES * PAGE_SIZE; page += PAGE_SIZE)
		READ_ONCE(*page);
}

/* By instructions, not by functions of the kernel, which have accesses of their own. */
static __always_inline void set_cr3(unsigned long value)
{
	asm volatile("mov %0, %%cr3" : : "r" (value) : "memory");
}

static __always_inline void set_cr4(unsigned long value)
{
	asm volatile("mov %0, %%cr4" : : "r" (value) : "memory");
}

static __always_inline void drop_page(const char *page)
{
	asm volatile("invlpg (%0)" : : "r" (page) : "memory");
}

static __always_inline void drop_all(const u64 *descriptor)
{
	asm volatile("invpcid (%0), %1" : : "r" (descriptor), "r" (2UL) : "memory");
}

static void name_region(const char *name)
{
	memset(mailbox->region, 0, sizeof(mailbox->region));
	strscpy(mailbox->region, name, sizeof(mailbox->region));
}

/*
 * _before: what is done before the region begins, once all has been read. _flushes:
 * what is done in it, before all is read once more.
 */
#define REGION(_name, _memory, _before, _flushes) do {			\
	struct kmb_tlb_mailbox *_box = mailbox;				\
	const char *memory = _memory;					\
	unsigned long flags;						\
									\
	name_region(_name);						\
	local_irq_save(flags);						\
	kmb_tlb_say(KMB_TLB_ARM, _box);					\
	read_all(memory);						\
	_before;							\
	kmb_tlb_say(KMB_TLB_BEGIN, _box);				\
	_flushes;							\
	read_all(memory);						\
	kmb_tlb_say(KMB_TLB_END, _box);					\
	kmb_tlb_say(KMB_TLB_DISARM, _box);				\
	local_irq_restore(flags);					\
} while (0)

static void whole(void)
{
	unsigned long cr3 = __read_cr3(), cr4 = __read_cr4();

	REGION("flush/none", local, (void)0, (void)0);
	REGION("flush/cr3-local", local, (void)0, set_cr3(cr3));
	REGION("flush/cr3-global", global, (void)0, set_cr3(cr3));
	REGION("flush/cr3-thrice", local, (void)0,
	       set_cr3(cr3); read_all(memory); set_cr3(cr3); read_all(memory); set_cr3(cr3));
	REGION("flush/cr4-global", global, (void)0, set_cr4(cr4 & ~X86_CR4_PGE); set_cr4(cr4));
	/* What was flushed before a region began is none of its flushes. */
	REGION("flush/before", local, set_cr3(cr3), (void)0);
}

static void all_at_once(void)
{
	static const u64 descriptor[2] __aligned(16);
	const u64 *at = descriptor;

	if (boot_cpu_has(X86_FEATURE_INVPCID))
		REGION("flush/invpcid-global", global, (void)0, drop_all(at));
	else
		pr_info("tlb_flush: no invpcid\n");
}

static pte_t *entry_of(const char *page)
{
	unsigned int level;
	pte_t *entry = lookup_address((unsigned long)page, &level);

	return entry && level == PG_LEVEL_4K ? entry : NULL;
}

/* A page of `local' becomes another one: unsaid, and with an invlpg. */
static void single(pte_t *entry)
{
	const char *moved = local + MOVED * PAGE_SIZE;
	unsigned long old = pte_val(*entry);
	unsigned long new = (old & ~PTE_PFN_MASK) | page_to_pfn(pages[NR_PAGES]) << PAGE_SHIFT;

	REGION("flush/invlpg-same", local, (void)0, drop_page(moved));
	REGION("flush/moved-unsaid", local, WRITE_ONCE(entry->pte, new), (void)0);
	WRITE_ONCE(entry->pte, old);
	drop_page(moved);
	REGION("flush/invlpg-moved", local, WRITE_ONCE(entry->pte, new), drop_page(moved));
	WRITE_ONCE(entry->pte, old);
	drop_page(moved);
}

/* A region within another, by a mailbox of its own. */
static void within(struct kmb_tlb_mailbox *inner)
{
	struct kmb_tlb_mailbox *outer = mailbox;
	unsigned long flags, cr3 = __read_cr3();
	const char *memory = local;

	*inner = *outer;
	strscpy(inner->region, "flush/inner", sizeof(inner->region));
	name_region("flush/outer");
	local_irq_save(flags);
	kmb_tlb_say(KMB_TLB_ARM, outer);
	kmb_tlb_say(KMB_TLB_BEGIN, outer);
	read_all(memory);
	kmb_tlb_say(KMB_TLB_BEGIN, inner);
	set_cr3(cr3);
	read_all(memory);
	kmb_tlb_say(KMB_TLB_END, inner);
	read_all(memory);
	kmb_tlb_say(KMB_TLB_END, outer);
	kmb_tlb_say(KMB_TLB_DISARM, outer);
	local_irq_restore(flags);
}

static int run(void)
{
	pte_t *entry = entry_of(local + MOVED * PAGE_SIZE), *other = entry_of(global);

	if (!entry || !other || pte_flags(*entry) & _PAGE_GLOBAL)
		return -EINVAL;
	if (!(pte_flags(*other) & _PAGE_GLOBAL)) {
		pr_err("tlb_flush: this kernel has no global pages\n");
		return -EOPNOTSUPP;
	}
	whole();
	all_at_once();
	single(entry);
	within(mailbox + 1);
	pr_info("tlb_flush: %u answers\n", READ_ONCE(mailbox->answers));
	return 0;
}

static void give_back(void)
{
	unsigned int i;

	vunmap(global);
	vunmap(local);
	free_page((unsigned long)mailbox);
	for (i = 0; i <= NR_PAGES; i++)
		if (pages[i])
			__free_page(pages[i]);
}

static int get(void)
{
	unsigned int i;

	for (i = 0; i <= NR_PAGES; i++) {
		pages[i] = alloc_page(GFP_KERNEL | __GFP_ZERO);
		if (!pages[i])
			return -ENOMEM;
	}
	mailbox = (void *)get_zeroed_page(GFP_KERNEL);
	local = vmap(pages, NR_PAGES, VM_MAP,
		     __pgprot(pgprot_val(PAGE_KERNEL) & ~_PAGE_GLOBAL));
	global = vmap(pages, NR_PAGES, VM_MAP, PAGE_KERNEL);
	if (!mailbox || !local || !global)
		return -ENOMEM;
	mailbox->magic = KMB_TLB_MAGIC;
	mailbox->version = KMB_TLB_VERSION;
	mailbox->root = __read_cr3() & CR3_ADDR_MASK;
	mailbox->paging_levels = pgtable_l5_enabled() ? 5 : 4;
	return 0;
}

static int __init tlb_flush_init(void)
{
	int err = get();

	if (!err)
		err = run();
	give_back();
	return err;
}
module_init(tlb_flush_init);

static void __exit tlb_flush_exit(void)
{
}
module_exit(tlb_flush_exit);

MODULE_DESCRIPTION("Flushes of the TLB, in regions of its model");
MODULE_LICENSE("GPL");
