/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * How memory is mapped; a part of kmbench.h, and of its version.
 */
#ifndef _UAPI_KMBENCH_MAP_H
#define _UAPI_KMBENCH_MAP_H

#include <linux/types.h>

#include "kmbench_text.h"
#include "kmbench_tlb.h"

/**
 * struct kmb_mapped - how memory is mapped, by a walk of the page tables
 * @pages: (out) of PAGE_SIZE, by the size of the page that maps them, enum
 *	kmb_page_size.
 * @runs: (out) of frames that are contiguous in the order of the addresses.
 */
struct kmb_mapped {
	__u64 pages[KMB_PAGE_SIZES];
	__u64 runs;
};

/**
 * struct kmb_look - look how memory of the calling process is mapped
 * @start: (in) its first address, a multiple of the size of a page.
 * @bytes: (in) how much, likewise, at least one page.
 * @mapped: (out) what the page tables of the process have; of an error, of no use.
 * @why: (out) as in struct kmb_run.
 *
 * Nothing is faulted in.
 *
 * Errors: EPROTO no hello; EINVAL a field is out of its range; ENOENT a page of it is
 * not in memory; EOPNOTSUPP the page tables of this architecture are not walked; EBUSY
 * a run is under way; EINTR the process was killed.
 */
struct kmb_look {
	__u64 start;
	__u64 bytes;
	struct kmb_mapped mapped;
	char why[KMB_TEXT_LEN];
};

#endif /* _UAPI_KMBENCH_MAP_H */
