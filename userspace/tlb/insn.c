// SPDX-License-Identifier: GPL-2.0
/*
 * The instructions that a model of the TLB has to know: markers, and those that
 * drop translations. Encodings: Intel SDM vol. 2, "NOP", "MOV - Move to/from
 * Control Registers", "INVLPG", "INVPCID"; which of them drops what: vol. 3A,
 * 4.10.4.1.
 */
#include <string.h>

#include "insn.h"

#define NR(_array)	(sizeof(_array) / sizeof((_array)[0]))

/* Of a ModRM byte: the middle field, and whether it names a register. */
#define MODRM_REG(modrm)	((modrm) >> 3 & 7)
#define MODRM_IS_REG(modrm)	((modrm) >> 6 == 3)

/* Prefixes: operands of another size; bits that widen registers. */
#define OPSIZE		0x66
#define REX		0x40
#define REX_MASK	0xf0

/* nopl disp32(%rax,%rax,1); its displacement follows. */
static const uint8_t marker[] = { 0x0f, 0x1f, 0x84, 0x00 };

/**
 * struct pattern - an instruction that drops translations
 * @opsize: it has the prefix 66.
 * @bytes: of its opcode, without prefixes.
 * @nr: how many.
 * @reg: the middle field of its ModRM byte; -1: any.
 * @memory: the rest of that byte must name memory.
 * @kind: what it is. Moving to cr4 drops all if a bit changes that has to do with
 *	paging. Linux changes others there as well, as TSD when it switches to a task
 *	that may not read the clock; which bits these are, and which of its four kinds an
 *	invpcid is, is in a register, unseen: both are taken for the largest.
 */
static const struct pattern {
	int opsize;
	uint8_t bytes[3];
	size_t nr;
	int reg;
	int memory;
	enum insn_kind kind;
} patterns[] = {
	{ 0, { 0x0f, 0x22 }, 2, 3, 0, INSN_FLUSH },
	{ 0, { 0x0f, 0x22 }, 2, 4, 0, INSN_FLUSH_ALL },
	{ 0, { 0x0f, 0x01 }, 2, 7, 1, INSN_FLUSH_PAGE },
	{ 1, { 0x0f, 0x38, 0x82 }, 3, -1, 1, INSN_FLUSH_ALL },
};

static int pattern__matches(const struct pattern *pattern, int opsize,
			    const uint8_t *bytes, size_t size)
{
	uint8_t modrm;

	if (pattern->opsize != opsize || size <= pattern->nr || memcmp(bytes, pattern->bytes, pattern->nr))
		return 0;
	modrm = bytes[pattern->nr];
	return (pattern->reg < 0 || MODRM_REG(modrm) == pattern->reg) &&
	       !(pattern->memory && MODRM_IS_REG(modrm));
}

/**
 * insn__kind() - what an instruction is to the model
 * @bytes: of the instruction.
 * @size: how many, up to INSN_BYTES_MAX; 0: not known.
 * @command: where an INSN_MARKER's command goes, enum kmb_tlb_command.
 *
 * Return: the kind.
 */
enum insn_kind insn__kind(const uint8_t *bytes, size_t size, uint32_t *command)
{
	uint32_t displacement;
	int opsize;
	size_t i;

	if (size == sizeof(marker) + sizeof(displacement) &&
	    !memcmp(bytes, marker, sizeof(marker))) {
		memcpy(&displacement, bytes + sizeof(marker), sizeof(displacement));
		*command = displacement - KMB_TLB_MARKER;
		return displacement > KMB_TLB_MARKER &&
		       *command <= KMB_TLB_DISARM ? INSN_MARKER : INSN_OTHER;
	}
	opsize = size && *bytes == OPSIZE;
	if (opsize)
		bytes++, size--;
	/* A REX prefix, the last of all, widens registers; it changes none of these. */
	if (size && (*bytes & REX_MASK) == REX)
		bytes++, size--;
	for (i = 0; i < NR(patterns); i++)
		if (pattern__matches(&patterns[i], opsize, bytes, size))
			return patterns[i].kind;
	return INSN_OTHER;
}
