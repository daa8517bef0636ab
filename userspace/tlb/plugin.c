// SPDX-License-Identifier: GPL-2.0
/*
 * The model as a plugin of QEMU (TCG): it sees each data access of the guest.
 *
 *	-object memory-backend-file,id=ram,share=on,size=...,mem-path=RAM
 *	-machine pc,memory-backend=ram
 *	-plugin OBJECT,ram=RAM,geometry=FILE
 *
 * The guest tells by markers what to count, and finds the counts in its mailbox;
 * see module/uapi/kmbench_tlb.h. Not seen, and so not modelled: what the
 * processor itself reads and writes (page walks, frames of interrupts), and
 * fetches of instructions.
 */
#include <dlfcn.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "geometry.h"
#include "guest_memory.h"
#include "insn.h"
#include "module/uapi/kmbench_tlb.h"
#include "page_walk.h"
#include "qemu_api.h"
#include "tlb.h"

#define PUBLIC		__attribute__((visibility("default")))
#define VCPUS_MAX	64
/* From here on a machine's RAM is not at the physical address of its offset. */
#define RAM_MAX		(3ULL << 30)

/**
 * struct vcpu - a processor of the guest
 * @tlb: its TLB; NULL: not armed so far.
 * @pending: the command of a marker whose mailbox was not seen yet; 0: none.
 * @armed: accesses are modelled.
 * @root: of the guest's page tables.
 * @paging_levels: of these.
 */
struct vcpu {
	struct tlb *tlb;
	uint32_t pending;
	bool armed;
	uint64_t root;
	unsigned int paging_levels;
};

static struct vcpu vcpus[VCPUS_MAX];
static struct tlb_geometry geometry;
static struct guest_memory memory;
static uint8_t *ram;
static int api_version;

PUBLIC int qemu_plugin_version = 1;

/* QEMU 9.0 no longer takes version 1, and 8.2 nothing else. */
__attribute__((constructor)) static void choose_version(void)
{
	if (dlsym(RTLD_DEFAULT, "qemu_plugin_read_memory_vaddr"))
		qemu_plugin_version = 4;
	else if (dlsym(RTLD_DEFAULT, "qemu_plugin_scoreboard_new"))
		qemu_plugin_version = 2;
}

static bool walk(void *arg, uint64_t address, struct tlb_translation *found)
{
	const struct vcpu *vcpu = arg;

	return page_walk__x86_64(&memory, vcpu->root, vcpu->paging_levels, address,
				 found);
}

static void answer(const struct vcpu *vcpu, struct kmb_tlb_mailbox *mailbox,
		   uint32_t command)
{
	mailbox->levels = geometry.levels;
	memcpy(mailbox->geometry, geometry.name, sizeof(mailbox->geometry));
	if (command == KMB_TLB_END)
		mailbox->counts = tlb__counts(vcpu->tlb);
	mailbox->answers++;
}

static void carry_out(struct vcpu *vcpu, struct kmb_tlb_mailbox *mailbox)
{
	uint32_t command = vcpu->pending;

	if (!vcpu->tlb)
		vcpu->tlb = tlb__new(&geometry, walk, vcpu);
	if (!vcpu->tlb)
		return;
	vcpu->root = mailbox->root;
	vcpu->paging_levels = mailbox->paging_levels;
	if (command == KMB_TLB_ARM || command == KMB_TLB_EMPTY)
		tlb__empty(vcpu->tlb);
	if (command == KMB_TLB_BEGIN)
		tlb__reset_counts(vcpu->tlb);
	if (command == KMB_TLB_ARM || command == KMB_TLB_DISARM)
		vcpu->armed = command == KMB_TLB_ARM;
	answer(vcpu, mailbox, command);
}

/* An interrupt may come between a marker and its load, and load something else. */
static struct kmb_tlb_mailbox *mailbox_at(uint32_t info, uint64_t address)
{
	struct qemu_plugin_hwaddr *hwaddr = qemu_plugin_get_hwaddr(info, address);
	struct kmb_tlb_mailbox *mailbox;
	uint64_t physical;

	if (!hwaddr || qemu_plugin_hwaddr_is_io(hwaddr))
		return NULL;
	physical = qemu_plugin_hwaddr_phys_addr(hwaddr);
	if (memory.bytes < sizeof(*mailbox) ||
	    physical > memory.bytes - sizeof(*mailbox))
		return NULL;
	mailbox = (struct kmb_tlb_mailbox *)(ram + physical);
	return mailbox->magic == KMB_TLB_MAGIC &&
	       mailbox->version == KMB_TLB_VERSION ? mailbox : NULL;
}

static void on_access(unsigned int index, uint32_t info,
		      uint64_t address, void *arg)
{
	struct vcpu *vcpu = &vcpus[index];
	struct kmb_tlb_mailbox *mailbox;

	(void)arg;
	if (vcpu->pending) {
		mailbox = mailbox_at(info, address);
		if (mailbox) {
			carry_out(vcpu, mailbox);
			vcpu->pending = 0;
			return;
		}
	}
	if (vcpu->armed)
		tlb__access(vcpu->tlb, address, 1U << qemu_plugin_mem_size_shift(info),
			    qemu_plugin_mem_is_store(info));
}

static void on_marker(unsigned int index, void *command)
{
	vcpus[index].pending = (uint32_t)(uintptr_t)command;
}

static void on_flush(unsigned int index, void *arg)
{
	struct vcpu *vcpu = &vcpus[index];

	if (!vcpu->armed)
		return;
	switch ((enum insn_kind)(uintptr_t)arg) {
	case INSN_FLUSH:
		tlb__flush(vcpu->tlb);
		break;
	case INSN_FLUSH_ALL:
		tlb__flush_all(vcpu->tlb);
		break;
	default:
		tlb__flush_page(vcpu->tlb);
	}
}

static size_t insn_bytes(const struct qemu_plugin_insn *insn, uint8_t *bytes)
{
	const void *(*pointer_to)(const struct qemu_plugin_insn *insn);
	size_t size = qemu_plugin_insn_size(insn);

	if (size > INSN_BYTES_MAX)
		return 0;
	if (api_version >= QEMU_PLUGIN_COPIES_INSN)
		return qemu_plugin_insn_data(insn, bytes, size);
	pointer_to = (const void *(*)(const struct qemu_plugin_insn *))(void (*)(void))
		     qemu_plugin_insn_data;
	memcpy(bytes, pointer_to(insn), size);
	return size;
}

static void look_at(struct qemu_plugin_insn *insn)
{
	uint8_t bytes[INSN_BYTES_MAX];
	uint32_t command = 0;
	enum insn_kind kind = insn__kind(bytes, insn_bytes(insn, bytes), &command);

	if (kind == INSN_MARKER)
		qemu_plugin_register_vcpu_insn_exec_cb(insn, on_marker,
						       QEMU_PLUGIN_CB_NO_REGS,
						       (void *)(uintptr_t)command);
	else if (kind != INSN_OTHER)
		qemu_plugin_register_vcpu_insn_exec_cb(insn, on_flush,
						       QEMU_PLUGIN_CB_NO_REGS,
						       (void *)(uintptr_t)kind);
	qemu_plugin_register_vcpu_mem_cb(insn, on_access, QEMU_PLUGIN_CB_NO_REGS,
					 QEMU_PLUGIN_MEM_RW, NULL);
}

static void on_translation(uint64_t id, struct qemu_plugin_tb *tb)
{
	size_t i, nr = qemu_plugin_tb_n_insns(tb);

	(void)id;
	for (i = 0; i < nr; i++)
		look_at(qemu_plugin_tb_get_insn(tb, i));
}

static bool map_file(int file, const char *path, char *why)
{
	struct stat status = { .st_size = 0 };

	if (fstat(file, &status) || status.st_size > (off_t)RAM_MAX) {
		snprintf(why, GEOMETRY_WHY_LEN, "ram=%s has %lld bytes: at most %llu", path,
			 (long long)status.st_size, RAM_MAX);
		return false;
	}
	ram = mmap(NULL, status.st_size, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
	if (ram == MAP_FAILED) {
		snprintf(why, GEOMETRY_WHY_LEN, "ram=%s cannot be mapped: %m", path);
		return false;
	}
	memory.base = ram;
	memory.bytes = status.st_size;
	return true;
}

static bool map_ram(const char *path, char *why)
{
	int file = open(path, O_RDWR | O_CLOEXEC);
	bool mapped;

	if (file < 0) {
		snprintf(why, GEOMETRY_WHY_LEN, "ram=%s: %m", path);
		return false;
	}
	mapped = map_file(file, path, why);
	close(file);
	return mapped;
}

static bool set_up(const struct qemu_info *info, int argc, char **argv, char *why)
{
	const char *file = NULL, *path = NULL;
	int i;

	for (i = 0; i < argc; i++)
		if (!strncmp(argv[i], "geometry=", 9))
			file = argv[i] + 9;
		else if (!strncmp(argv[i], "ram=", 4))
			path = argv[i] + 4;
	if (strcmp(info->target_name, "x86_64") || !info->system_emulation)
		snprintf(why, GEOMETRY_WHY_LEN, "guest %s: the model knows a machine of x86_64",
			 info->target_name);
	else if (info->max_vcpus > VCPUS_MAX || info->smp_vcpus > VCPUS_MAX)
		snprintf(why, GEOMETRY_WHY_LEN, "%d processors: the model has at most %d",
			 info->max_vcpus, VCPUS_MAX);
	else if (!file || !path)
		snprintf(why, GEOMETRY_WHY_LEN, "ram=FILE and geometry=FILE are needed");
	else
		return !geometry__read(file, &geometry, why) && map_ram(path, why);
	return false;
}

/**
 * qemu_plugin_install() - called by QEMU once the plugin is loaded
 * @id: of the plugin.
 * @info: of this QEMU.
 * @argc: number of arguments.
 * @argv: "ram=FILE", the guest's memory; "geometry=FILE", that of the TLB.
 *
 * Return: 0; 1: refused, after a line on stderr.
 */
PUBLIC int qemu_plugin_install(uint64_t id, const struct qemu_info *info, int argc,
			       char **argv)
{
	char why[GEOMETRY_WHY_LEN];

	if (!set_up(info, argc, argv, why)) {
		fprintf(stderr, "kmbench TLB model: %s\n", why);
		return 1;
	}
	api_version = info->version.cur;
	qemu_plugin_register_vcpu_tb_trans_cb(id, on_translation);
	return 0;
}
