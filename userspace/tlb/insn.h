/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The instructions of x86-64 that the model looks for.
 */
#ifndef KMBENCH_TLB_INSN_H
#define KMBENCH_TLB_INSN_H

#include <stddef.h>
#include <stdint.h>

#include "module/uapi/kmbench_tlb.h"

/* Bytes of the longest instruction. */
#define INSN_BYTES_MAX	15

/**
 * enum insn_kind - what an instruction is to the model
 * @INSN_OTHER: nothing but its accesses.
 * @INSN_MARKER: a marker of module/uapi/kmbench_tlb.h.
 * @INSN_FLUSH: drops all but global translations.
 * @INSN_FLUSH_ALL: drops all translations.
 * @INSN_FLUSH_PAGE: drops the translation of one page.
 * @INSN_KINDS: how many there are.
 */
enum insn_kind {
	INSN_OTHER,
	INSN_MARKER,
	INSN_FLUSH,
	INSN_FLUSH_ALL,
	INSN_FLUSH_PAGE,
	INSN_KINDS,
};

enum insn_kind insn__kind(const uint8_t *bytes, size_t size, uint32_t *command);

#endif /* KMBENCH_TLB_INSN_H */
