/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Markers: how a process talks to the model of the TLB, see module/uapi/kmbench_tlb.h.
 */
#ifndef KMBENCH_USER_MARKER_H
#define KMBENCH_USER_MARKER_H

#include "module/uapi/kmbench_tlb.h"

/**
 * user_marker__say() - have the model carry out a command, if there is one
 * @_command: enum kmb_tlb_command, a constant: it is part of the instruction.
 * @_mailbox: struct kmb_tlb_mailbox *, filled in.
 *
 * It touches no other memory than the mailbox's first word.
 */
#ifdef __x86_64__
#define user_marker__say(_command, _mailbox) do {						\
	unsigned long word_;							\
										\
	asm volatile("nopl %c2(%%rax,%%rax,1)\n\t"				\
		     "movq (%1), %0"						\
		     : "=r" (word_)						\
		     : "r" (_mailbox), "i" (KMB_TLB_MARKER + (_command))		\
		     : "memory");						\
} while (0)
#else
#define user_marker__say(_command, _mailbox)	((void)(_mailbox))
#endif

#endif /* KMBENCH_USER_MARKER_H */
