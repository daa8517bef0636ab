/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Markers: how this module talks to the model of the TLB, see uapi/kmbench_tlb.h.
 */
#ifndef _KMBENCH_TLB_MARKER_H
#define _KMBENCH_TLB_MARKER_H

#include <linux/compiler.h>

#include "uapi/kmbench_tlb.h"

#if defined(CONFIG_X86_64) && !defined(CONFIG_UML)

/**
 * kmb_tlb_say() - have the model carry out a command, if there is one
 * @_command: enum kmb_tlb_command, a constant.
 * @_mailbox: struct kmb_tlb_mailbox *, filled in.
 *
 * A macro, as the command is part of the instruction. It touches no other memory
 * than the mailbox's first word, and nothing moves past it.
 */
#define kmb_tlb_say(_command, _mailbox) do {				\
	unsigned long __word;						\
									\
	asm volatile("nopl %c2(%%rax,%%rax,1)\n\t"			\
		     "movq (%1), %0"					\
		     : "=r" (__word)					\
		     : "r" (_mailbox), "i" (KMB_TLB_MARKER + (_command))	\
		     : "memory");					\
} while (0)

#else

#define kmb_tlb_say(_command, _mailbox)	((void)(_mailbox))

#endif

#endif /* _KMBENCH_TLB_MARKER_H */
