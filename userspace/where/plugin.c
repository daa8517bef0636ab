// SPDX-License-Identifier: GPL-2.0
/*
 * Where instructions are spent, as a plugin of QEMU (TCG):
 *
 *	-plugin OBJECT,out=FILE
 *
 * What a guest of x86-64 runs while kmbench.ko times an operation is counted, block
 * by block. FILE has a first line "spans N", and then a line a block: its address in
 * hex, and instructions. One processor, as on the virtual clock.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "blocks.h"
#include "spans.h"
#include "tlb/qemu_versions.h"

#define INSN_BYTES_MAX	15

static struct spans spans;
static struct blocks blocks;
static FILE *out;

static void fail(const char *what)
{
	fprintf(stderr, "kmbench where: %s: %m\n", what);
	_exit(1);
}

static void on_block(unsigned int index, void *arg)
{
	struct block *block = arg;

	(void)index;
	if (spans.begun)
		block->times++;
}

static void on_clock(unsigned int index, void *address)
{
	(void)index;
	spans__clock(&spans, (uint64_t)(uintptr_t)address);
}

static void look_at(struct qemu_plugin_insn *insn)
{
	uint64_t address = qemu_plugin_insn_vaddr(insn);
	uint8_t bytes[INSN_BYTES_MAX];

	if (spans__is_clock(bytes, qemu__insn_bytes(insn, bytes, sizeof(bytes))))
		qemu_plugin_register_vcpu_insn_exec_cb(insn, on_clock,
						       QEMU_PLUGIN_CB_NO_REGS,
						       (void *)(uintptr_t)address);
}

static void on_translation(uint64_t id, struct qemu_plugin_tb *tb)
{
	size_t i, nr = qemu_plugin_tb_n_insns(tb);
	struct block *block = blocks__get(&blocks, qemu_plugin_tb_vaddr(tb), nr);

	(void)id;
	if (!block)
		fail("a block");
	qemu_plugin_register_vcpu_tb_exec_cb(tb, on_block, QEMU_PLUGIN_CB_NO_REGS, block);
	for (i = 0; i < nr; i++)
		look_at(qemu_plugin_tb_get_insn(tb, i));
}

static void on_exit_of_qemu(uint64_t id, void *arg)
{
	(void)id;
	(void)arg;
	fprintf(out, "spans %" PRIu64 "\n", spans.nr);
	if (!blocks__write(&blocks, out) || fclose(out))
		fail("what was counted");
}

static const char *refusal(const struct qemu_info *info, int argc, char **argv)
{
	if (strcmp(info->target_name, "x86_64") || !info->system_emulation)
		return "a machine of x86_64 is needed";
	if (info->max_vcpus > 1)
		return "one processor is needed";
	if (argc != 1 || strncmp(argv[0], "out=", 4))
		return "out=FILE is needed";
	out = fopen(argv[0] + 4, "we");
	return out ? NULL : "out=FILE cannot be opened";
}

/**
 * qemu_plugin_install() - called by QEMU once the plugin is loaded
 * @id: of the plugin.
 * @info: of this QEMU.
 * @argc: number of arguments.
 * @argv: "out=FILE", for what was counted.
 *
 * Return: 0; 1: refused, after a line on stderr.
 */
QEMU_PUBLIC int qemu_plugin_install(uint64_t id, const struct qemu_info *info, int argc,
				    char **argv)
{
	const char *why = refusal(info, argc, argv);

	if (why) {
		fprintf(stderr, "kmbench where: %s\n", why);
		return 1;
	}
	qemu__offers(info);
	qemu_plugin_register_vcpu_tb_trans_cb(id, on_translation);
	qemu_plugin_register_atexit_cb(id, on_exit_of_qemu, NULL);
	return 0;
}
