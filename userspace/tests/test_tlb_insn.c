// SPDX-License-Identifier: GPL-2.0
/*
 * Which instructions the model of a TLB takes for what. The bytes are what GNU as
 * makes of the text beside them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "userspace/tlb/insn.h"

#define NR(_array)	(sizeof(_array) / sizeof((_array)[0]))

static const struct {
	const char *text;
	const char *bytes;
	size_t size;
	enum insn_kind kind;
} insns[] = {
	{ "mov %rdi,%cr3", "\x0f\x22\xdf", 3, INSN_FLUSH },
	{ "mov %r9,%cr3", "\x41\x0f\x22\xd9", 4, INSN_FLUSH },
	{ "mov %rax,%cr4", "\x0f\x22\xe0", 3, INSN_FLUSH_ALL },
	{ "mov %rax,%cr0", "\x0f\x22\xc0", 3, INSN_OTHER },
	{ "mov %rax,%cr8", "\x44\x0f\x22\xc0", 4, INSN_OTHER },
	{ "mov %cr3,%rax", "\x0f\x20\xd8", 3, INSN_OTHER },
	{ "invlpg (%rdi)", "\x0f\x01\x3f", 3, INSN_FLUSH_PAGE },
	{ "invlpg (%r10)", "\x41\x0f\x01\x3a", 4, INSN_FLUSH_PAGE },
	{ "invlpg 8(%rsp)", "\x0f\x01\x7c\x24\x08", 5, INSN_FLUSH_PAGE },
	{ "swapgs", "\x0f\x01\xf8", 3, INSN_OTHER },
	{ "lmsw (%rdi)", "\x0f\x01\x37", 3, INSN_OTHER },
	{ "invpcid (%rsp),%rax", "\x66\x0f\x38\x82\x04\x24", 6, INSN_FLUSH_ALL },
	{ "invpcid (%r10),%rax", "\x66\x41\x0f\x38\x82\x02", 6, INSN_FLUSH_ALL },
	{ "no invpcid without its prefix", "\x0f\x38\x82\x04\x24", 5, INSN_OTHER },
	{ "no mov to cr3 with it", "\x66\x0f\x20\xdf", 4, INSN_OTHER },
	{ "invept (%rsp),%rax", "\x66\x0f\x38\x80\x04\x24", 6, INSN_OTHER },
	{ "nopl 0(%rax,%rax,1)", "\x0f\x1f\x84\x00\x00\x00\x00\x00", 8, INSN_OTHER },
	{ "nop", "\x90", 1, INSN_OTHER },
	{ "mov (%rax),%rax", "\x48\x8b\x00", 3, INSN_OTHER },
	{ "a prefix alone", "\x41", 1, INSN_OTHER },
	{ "an opcode cut short", "\x0f\x22", 2, INSN_OTHER },
};

static void test_kinds(void **state)
{
	uint32_t command = 0;
	size_t i;

	(void)state;
	for (i = 0; i < NR(insns); i++)
		if (insn__kind((const uint8_t *)insns[i].bytes, insns[i].size,
			       &command) != insns[i].kind)
			fail_msg("%s is no kind %d", insns[i].text, insns[i].kind);
}

static enum insn_kind kind_of_nop(uint32_t displacement, size_t size, uint32_t *command)
{
	uint8_t bytes[8] = { 0x0f, 0x1f, 0x84, 0x00 };

	memcpy(bytes + 4, &displacement, sizeof(displacement));
	return insn__kind(bytes, size, command);
}

static void test_markers(void **state)
{
	uint32_t command, got;

	(void)state;
	for (command = KMB_TLB_ARM; command <= KMB_TLB_DISARM; command++) {
		got = 0;
		assert_int_equal(kind_of_nop(KMB_TLB_MARKER + command, 8, &got),
				 INSN_MARKER);
		assert_int_equal(got, command);
	}
}

/* No command, one that nobody knows, another displacement, one that is cut short. */
static void test_no_markers(void **state)
{
	uint32_t got;

	(void)state;
	assert_int_equal(kind_of_nop(KMB_TLB_MARKER, 8, &got), INSN_OTHER);
	assert_int_equal(kind_of_nop(KMB_TLB_MARKER + KMB_TLB_DISARM + 1, 8, &got),
			 INSN_OTHER);
	assert_int_equal(kind_of_nop(KMB_TLB_MARKER + 0x10000 + KMB_TLB_ARM, 8, &got),
			 INSN_OTHER);
	assert_int_equal(kind_of_nop(KMB_TLB_MARKER + KMB_TLB_ARM, 7, &got), INSN_OTHER);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_kinds),
		cmocka_unit_test(test_markers),
		cmocka_unit_test(test_no_markers),
	};

	return cmocka_run_group_tests_name("tlb_insn", tests, NULL, NULL);
}
