/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _KMBENCH_TLB_EMPTY_H
#define _KMBENCH_TLB_EMPTY_H

#include <linux/kconfig.h>

/* Interrupts are off, so that it is this CPU's TLB which is walked with next. */
#if defined(CONFIG_X86_64) && !defined(CONFIG_UML)
#include <asm/processor-flags.h>
#include <asm/special_insns.h>

static inline void kmb_tlb_empty(void)
{
	unsigned long cr4 = native_read_cr4();

	/* Any change of this bit drops all, also what is global. */
	asm volatile("mov %0, %%cr4" : : "r"(cr4 ^ X86_CR4_PGE) : "memory");
	asm volatile("mov %0, %%cr4" : : "r"(cr4) : "memory");
}
#elif defined(CONFIG_ARM64) || defined(CONFIG_RISCV)
#include <asm/tlbflush.h>

static inline void kmb_tlb_empty(void)
{
	local_flush_tlb_all();
}
#else
static inline void kmb_tlb_empty(void)
{
}
#endif

#endif /* _KMBENCH_TLB_EMPTY_H */
