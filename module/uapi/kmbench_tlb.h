/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * What a guest and the model of its TLB (userspace/tlb/, a plugin of QEMU) say
 * to each other.
 *
 * The guest executes a marker, an instruction that does nothing else: nopl
 * KMB_TLB_MARKER + command(%rax,%rax,1) on x86-64. Its next load reads the
 * magic of a mailbox; the model takes the mailbox's physical address from that
 * load, reads what is (in) there and writes what is (out). Neither that load nor
 * the marker is counted. A mailbox lies within one page of RAM below 3 GiB.
 * Without a model nothing is written, so what the guest put into `answers` stays.
 */
#ifndef _UAPI_KMBENCH_TLB_H
#define _UAPI_KMBENCH_TLB_H

#include <linux/types.h>

/* Raised whenever anything in this file changes its meaning or layout. */
#define KMB_TLB_VERSION		2

#define KMB_TLB_MAGIC		0x31424c54626d6bULL	/* "kmbTLB1" */
#define KMB_TLB_NAME_LEN	32
#define KMB_TLB_REGION_LEN	96

/* The displacement of the marker, but for the command: "bmK" at its top. */
#define KMB_TLB_MARKER		0x4b626d00

/* Levels of the TLB that a geometry can have. */
#define KMB_TLB_LEVELS_MAX	3

/**
 * enum kmb_tlb_command - what a marker asks for
 * @KMB_TLB_ARM: model from here on, beginning with an empty TLB.
 * @KMB_TLB_EMPTY: forget all translations, as if all had been flushed; this is no
 *	flush that is counted.
 * @KMB_TLB_BEGIN: the region that the mailbox names begins: count from here on,
 *	beginning with 0. Others may have begun and not ended.
 * @KMB_TLB_END: that region ends, on the processor where it began: write what was
 *	counted into the mailbox. If it has a name, the model also keeps the counts
 *	outside of the guest.
 * @KMB_TLB_DISARM: model no more; regions that did not end are forgotten.
 *
 * Before KMB_TLB_ARM no other is carried out.
 */
enum kmb_tlb_command {
	KMB_TLB_ARM = 1,
	KMB_TLB_EMPTY,
	KMB_TLB_BEGIN,
	KMB_TLB_END,
	KMB_TLB_DISARM,
};

/**
 * enum kmb_page_size - the sizes of a page that x86-64 can map
 * @KMB_PAGE_4K: 4 KiB.
 * @KMB_PAGE_2M: 2 MiB.
 * @KMB_PAGE_1G: 1 GiB.
 * @KMB_PAGE_SIZES: how many there are.
 */
enum kmb_page_size {
	KMB_PAGE_4K,
	KMB_PAGE_2M,
	KMB_PAGE_1G,
	KMB_PAGE_SIZES,
};

/**
 * struct kmb_tlb_counts - what happened between KMB_TLB_BEGIN and KMB_TLB_END
 * @loads: (out) data accesses that read, one that crosses pages counted for each.
 * @stores: (out) data accesses that write, likewise; an atomic one that does both
 *	is both on the virtual clock, and a store where QEMU runs CPUs in parallel.
 * @misses: (out) accesses that no array of the level had a translation for; a level
 *	is asked only when those before it had none. Those of the last level are the
 *	walks: their sum over page sizes, and @unmapped.
 * @walks: (out) page walks, by the size of the page found.
 * @walk_reads: (out) entries of page tables that walks read, without a cache of
 *	upper levels.
 * @unmapped: (out) walks that found no page; 0 where the model is right.
 * @flushes: (out) flushes of all but global translations (mov to cr3).
 * @flushes_all: (out) flushes of all translations (mov to cr4, invpcid).
 * @flushes_page: (out) flushes of a page (invlpg).
 */
struct kmb_tlb_counts {
	__u64 loads;
	__u64 stores;
	__u64 misses[KMB_TLB_LEVELS_MAX];
	__u64 walks[KMB_PAGE_SIZES];
	__u64 walk_reads;
	__u64 unmapped;
	__u64 flushes;
	__u64 flushes_all;
	__u64 flushes_page;
};

/**
 * struct kmb_tlb_mailbox - what a marker hands over
 * @magic: (in) KMB_TLB_MAGIC.
 * @version: (in) KMB_TLB_VERSION; the model ignores others.
 * @paging_levels: (in) of the guest's page tables: 4 or 5.
 * @root: (in) physical address of the top page table, that of cr3; 0: that of the
 *	marker before, and so are @paging_levels.
 * @region: (in) the region's name; ends with a NUL, may be empty.
 * @answers: (out) raised by 1 for each command that the model carried out.
 * @levels: (out) of the modelled TLB, in [1, KMB_TLB_LEVELS_MAX].
 * @geometry: (out) the name of its geometry; ends with a NUL.
 * @counts: (out) written by KMB_TLB_END.
 */
struct kmb_tlb_mailbox {
	__u64 magic;
	__u32 version;
	__u32 paging_levels;
	__u64 root;
	char region[KMB_TLB_REGION_LEN];
	__u32 answers;
	__u32 levels;
	char geometry[KMB_TLB_NAME_LEN];
	struct kmb_tlb_counts counts;
};

#endif /* _UAPI_KMBENCH_TLB_H */
