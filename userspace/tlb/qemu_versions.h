/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What versions of QEMU's plugin API do differently.
 */
#ifndef KMBENCH_TLB_QEMU_VERSIONS_H
#define KMBENCH_TLB_QEMU_VERSIONS_H

#include <stddef.h>
#include <stdint.h>

#include "qemu_api.h"

/* What QEMU looks up in a plugin. */
#define QEMU_PUBLIC	__attribute__((visibility("default")))

void qemu__offers(const struct qemu_info *info);
size_t qemu__insn_bytes(const struct qemu_plugin_insn *insn, uint8_t *bytes, size_t max);

#endif /* KMBENCH_TLB_QEMU_VERSIONS_H */
