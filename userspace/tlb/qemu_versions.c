// SPDX-License-Identifier: GPL-2.0
/*
 * What versions of QEMU's plugin API do differently: which number a plugin has to
 * say, and how an instruction is read.
 */
#include <dlfcn.h>
#include <string.h>

#include "qemu_versions.h"

static int api_version;

QEMU_PUBLIC int qemu_plugin_version = 1;

/* QEMU 9.0 no longer takes version 1, and 8.2 nothing else. */
__attribute__((constructor)) static void choose_version(void)
{
	if (dlsym(RTLD_DEFAULT, "qemu_plugin_read_memory_vaddr"))
		qemu_plugin_version = 4;
	else if (dlsym(RTLD_DEFAULT, "qemu_plugin_scoreboard_new"))
		qemu_plugin_version = 2;
}

/**
 * qemu__offers() - note which version of the API this QEMU has
 * @info: what it says of itself.
 */
void qemu__offers(const struct qemu_info *info)
{
	api_version = info->version.cur;
}

/**
 * qemu__insn_bytes() - read an instruction, after qemu__offers()
 * @insn: the instruction.
 * @bytes: where its bytes go.
 * @max: how many there is room for.
 *
 * Return: how many there are; 0: it is longer.
 */
size_t qemu__insn_bytes(const struct qemu_plugin_insn *insn, uint8_t *bytes, size_t max)
{
	const void *(*pointer_to)(const struct qemu_plugin_insn *insn);
	size_t size = qemu_plugin_insn_size(insn);

	if (size > max)
		return 0;
	if (api_version >= QEMU_PLUGIN_COPIES_INSN)
		return qemu_plugin_insn_data(insn, bytes, size);
	pointer_to = (const void *(*)(const struct qemu_plugin_insn *))(void (*)(void))
		     qemu_plugin_insn_data;
	memcpy(bytes, pointer_to(insn), size);
	return size;
}
