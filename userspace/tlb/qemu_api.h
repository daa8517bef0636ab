/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What our plugins use of QEMU's plugin API, include/qemu/qemu-plugin.h there.
 *
 * Debian ships no such header. One object serves API versions 1 (QEMU 4.2 to
 * 8.2) to 5 (10.1): what is used here has not changed but for
 * qemu_plugin_insn_data(), see there.
 */
#ifndef KMBENCH_TLB_QEMU_API_H
#define KMBENCH_TLB_QEMU_API_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* From this version of the API on instructions are copied. */
#define QEMU_PLUGIN_COPIES_INSN		3

#define QEMU_PLUGIN_CB_NO_REGS		0
#define QEMU_PLUGIN_MEM_RW		3

struct qemu_plugin_tb;
struct qemu_plugin_insn;
struct qemu_plugin_hwaddr;

/**
 * struct qemu_info - what QEMU says of itself
 * @target_name: the guest's architecture, as "x86_64".
 * @version: versions of the API that it offers, from min to cur.
 * @system_emulation: a machine, no lone process.
 * @smp_vcpus: processors at the start.
 * @max_vcpus: processors at most.
 */
struct qemu_info {
	const char *target_name;
	struct {
		int min;
		int cur;
	} version;
	bool system_emulation;
	int smp_vcpus;
	int max_vcpus;
};

/* Defined by the plugin; QEMU reads the one and calls the other. */
extern int qemu_plugin_version;
int qemu_plugin_install(uint64_t id, const struct qemu_info *info, int argc,
			char **argv);

void qemu_plugin_register_vcpu_tb_trans_cb(uint64_t id,
					   void (*fn)(uint64_t id, struct qemu_plugin_tb *tb));
void qemu_plugin_register_vcpu_insn_exec_cb(struct qemu_plugin_insn *insn,
					    void (*fn)(unsigned int vcpu, void *arg),
					    int flags, void *arg);
void qemu_plugin_register_vcpu_mem_cb(struct qemu_plugin_insn *insn,
				      void (*fn)(unsigned int vcpu, uint32_t info,
						 uint64_t address, void *arg),
				      int flags, int rw, void *arg);
void qemu_plugin_register_vcpu_tb_exec_cb(struct qemu_plugin_tb *tb,
					  void (*fn)(unsigned int vcpu, void *arg),
					  int flags, void *arg);
void qemu_plugin_register_atexit_cb(uint64_t id, void (*fn)(uint64_t id, void *arg),
				    void *arg);
uint64_t qemu_plugin_tb_vaddr(const struct qemu_plugin_tb *tb);
uint64_t qemu_plugin_insn_vaddr(const struct qemu_plugin_insn *insn);
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *tb);
struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *tb,
						 size_t index);
size_t qemu_plugin_insn_size(const struct qemu_plugin_insn *insn);
/* Before QEMU_PLUGIN_COPIES_INSN it takes the instruction alone, returns a pointer. */
size_t qemu_plugin_insn_data(const struct qemu_plugin_insn *insn, void *bytes,
			     size_t size);
unsigned int qemu_plugin_mem_size_shift(uint32_t info);
bool qemu_plugin_mem_is_store(uint32_t info);
struct qemu_plugin_hwaddr *qemu_plugin_get_hwaddr(uint32_t info,
						  uint64_t address);
bool qemu_plugin_hwaddr_is_io(const struct qemu_plugin_hwaddr *hwaddr);
uint64_t qemu_plugin_hwaddr_phys_addr(const struct qemu_plugin_hwaddr *hwaddr);

#endif /* KMBENCH_TLB_QEMU_API_H */
