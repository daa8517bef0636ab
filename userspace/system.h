/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The machine and the kernel that a measurement is of.
 */
#ifndef KMBENCH_SYSTEM_H
#define KMBENCH_SYSTEM_H

#include <jansson.h>
#include <stdbool.h>

#include "module/uapi/kmbench.h"

/**
 * struct direct_map - how the kernel's map of all memory is made
 * @known: whether this architecture tells.
 * @bytes: mapped, by the size of the page; enum kmb_page_size.
 * @counts_splits: whether it tells how many large pages of it were broken up.
 * @splits: how many since the boot.
 */
struct direct_map {
	bool known;
	__u64 bytes[KMB_PAGE_SIZES];
	bool counts_splits;
	__u64 splits;
};

json_t *system__describe(const char *root);
struct direct_map system__direct_map(const char *root);

#endif /* KMBENCH_SYSTEM_H */
