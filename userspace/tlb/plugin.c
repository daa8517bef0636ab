// SPDX-License-Identifier: GPL-2.0
/*
 * The model as a plugin of QEMU (TCG): it sees each data access of the guest.
 *
 *	-object memory-backend-file,id=ram,share=on,size=...,mem-path=RAM
 *	-machine pc,memory-backend=ram
 *	-plugin OBJECT,ram=RAM,geometry=FILE[,regions=FILE]
 *
 * The guest tells by markers what to count, and finds the counts in its mailbox;
 * see module/uapi/kmbench_tlb.h. Those of regions with a name are also written to
 * the file `regions', a line of JSON each time. Not seen, and so not modelled: what the
 * processor itself reads and writes (page walks, frames of interrupts), and
 * fetches of instructions.
 */
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
#include "qemu_versions.h"
#include "regions.h"
#include "tlb.h"

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
 * @regions: that have begun.
 */
struct vcpu {
	struct tlb *tlb;
	uint32_t pending;
	bool armed;
	uint64_t root;
	unsigned int paging_levels;
	struct regions regions;
};

static struct vcpu vcpus[VCPUS_MAX];
static struct tlb_geometry geometry;
static struct guest_memory memory;
static uint8_t *ram;
static FILE *region_file;

static bool walk(void *arg, uint64_t address, struct tlb_translation *found)
{
	const struct vcpu *vcpu = arg;

	return page_walk__x86_64(&memory, vcpu->root, vcpu->paging_levels, address,
				 found);
}

static void answer(struct kmb_tlb_mailbox *mailbox)
{
	mailbox->levels = geometry.levels;
	memcpy(mailbox->geometry, geometry.name, sizeof(mailbox->geometry));
	mailbox->answers++;
}

/* A line that is lost would look like a region that never was. */
static void keep(const struct kmb_tlb_mailbox *mailbox)
{
	if (!region_file || !mailbox->region[0])
		return;
	if (region__write(region_file, mailbox->region, geometry.name, geometry.levels,
			  &mailbox->counts))
		return;
	fprintf(stderr, "kmbench TLB model: regions cannot be written: %m\n");
	_exit(1);
}

static bool end_region(struct vcpu *vcpu, struct kmb_tlb_mailbox *mailbox)
{
	struct kmb_tlb_counts now = tlb__counts(vcpu->tlb);

	if (!regions__end(&vcpu->regions, mailbox->region, &now, &mailbox->counts))
		return false;
	keep(mailbox);
	return true;
}

static bool begin_region(struct vcpu *vcpu, const struct kmb_tlb_mailbox *mailbox)
{
	struct kmb_tlb_counts now = tlb__counts(vcpu->tlb);

	return regions__begin(&vcpu->regions, mailbox->region, &now);
}

static bool arm(struct vcpu *vcpu, bool armed)
{
	regions__forget(&vcpu->regions);
	tlb__empty(vcpu->tlb);
	tlb__reset_counts(vcpu->tlb);
	vcpu->armed = armed;
	return true;
}

static bool obey(struct vcpu *vcpu, struct kmb_tlb_mailbox *mailbox)
{
	switch ((enum kmb_tlb_command)vcpu->pending) {
	case KMB_TLB_ARM:
		return arm(vcpu, true);
	case KMB_TLB_EMPTY:
		tlb__empty(vcpu->tlb);
		return true;
	case KMB_TLB_BEGIN:
		return begin_region(vcpu, mailbox);
	case KMB_TLB_END:
		return end_region(vcpu, mailbox);
	default:
		return arm(vcpu, false);
	}
}

static void carry_out(struct vcpu *vcpu, struct kmb_tlb_mailbox *mailbox)
{
	if (!vcpu->tlb)
		vcpu->tlb = tlb__new(&geometry, walk, vcpu);
	if (!vcpu->tlb || !(vcpu->armed || vcpu->pending == KMB_TLB_ARM))
		return;
	if (mailbox->root) {
		vcpu->root = mailbox->root;
		vcpu->paging_levels = mailbox->paging_levels;
	}
	if (obey(vcpu, mailbox))
		answer(mailbox);
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

static void look_at(struct qemu_plugin_insn *insn)
{
	uint8_t bytes[INSN_BYTES_MAX];
	uint32_t command = 0;
	enum insn_kind kind = insn__kind(bytes, qemu__insn_bytes(insn, bytes, sizeof(bytes)), &command);

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

static bool open_regions(const char *path, char *why)
{
	if (!path)
		return true;
	region_file = fopen(path, "we");
	if (!region_file)
		snprintf(why, GEOMETRY_WHY_LEN, "regions=%s: %m", path);
	return region_file;
}

/**
 * struct arguments - files that the command line names
 * @geometry: of the TLB.
 * @ram: the guest's memory.
 * @regions: for what was counted; NULL: is written nowhere.
 */
struct arguments {
	const char *geometry;
	const char *ram;
	const char *regions;
};

static struct arguments parse(int argc, char **argv)
{
	struct arguments arguments = { .geometry = NULL };
	int i;

	for (i = 0; i < argc; i++)
		if (!strncmp(argv[i], "geometry=", 9))
			arguments.geometry = argv[i] + 9;
		else if (!strncmp(argv[i], "ram=", 4))
			arguments.ram = argv[i] + 4;
		else if (!strncmp(argv[i], "regions=", 8))
			arguments.regions = argv[i] + 8;
	return arguments;
}

static bool set_up(const struct qemu_info *info, const struct arguments *arguments, char *why)
{
	if (strcmp(info->target_name, "x86_64") || !info->system_emulation)
		snprintf(why, GEOMETRY_WHY_LEN, "guest %s: the model knows a machine of x86_64",
			 info->target_name);
	else if (info->max_vcpus > VCPUS_MAX || info->smp_vcpus > VCPUS_MAX)
		snprintf(why, GEOMETRY_WHY_LEN, "%d processors: the model has at most %d",
			 info->max_vcpus, VCPUS_MAX);
	else if (!arguments->geometry || !arguments->ram)
		snprintf(why, GEOMETRY_WHY_LEN, "ram=FILE and geometry=FILE are needed");
	else
		return !geometry__read(arguments->geometry, &geometry, why) &&
		       map_ram(arguments->ram, why) && open_regions(arguments->regions, why);
	return false;
}

/**
 * qemu_plugin_install() - called by QEMU once the plugin is loaded
 * @id: of the plugin.
 * @info: of this QEMU.
 * @argc: number of arguments.
 * @argv: "ram=FILE", the guest's memory; "geometry=FILE", that of the TLB; and
 *	"regions=FILE", if counts are to be kept outside of the guest.
 *
 * Return: 0; 1: refused, after a line on stderr.
 */
QEMU_PUBLIC int qemu_plugin_install(uint64_t id, const struct qemu_info *info, int argc,
			       char **argv)
{
	struct arguments arguments = parse(argc, argv);
	char why[GEOMETRY_WHY_LEN];

	if (!set_up(info, &arguments, why)) {
		fprintf(stderr, "kmbench TLB model: %s\n", why);
		return 1;
	}
	qemu__offers(info);
	qemu_plugin_register_vcpu_tb_trans_cb(id, on_translation);
	return 0;
}
