/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _KMBENCH_TLB_EMPTY_H
#define _KMBENCH_TLB_EMPTY_H

#include <linux/kconfig.h>

#if defined(CONFIG_ARM64) || defined(CONFIG_RISCV)
#include <asm/tlbflush.h>

static inline void kmb_tlb_empty(void)
{
	local_flush_tlb_all();
}
#else
/* Nothing that x86 exports to modules empties it. */
static inline void kmb_tlb_empty(void)
{
}
#endif

#endif /* _KMBENCH_TLB_EMPTY_H */
