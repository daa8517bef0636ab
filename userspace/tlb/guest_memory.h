/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The memory of a guest, as far as it can be read from outside.
 */
#ifndef KMBENCH_TLB_GUEST_MEMORY_H
#define KMBENCH_TLB_GUEST_MEMORY_H

#include <stdbool.h>
#include <stdint.h>

/**
 * struct guest_memory - RAM from physical address 0 on
 * @base: where it is mapped here.
 * @bytes: how much of it is.
 */
struct guest_memory {
	const void *base;
	uint64_t bytes;
};

bool guest_memory__read(const struct guest_memory *memory, uint64_t physical, uint64_t *value);

#endif /* KMBENCH_TLB_GUEST_MEMORY_H */
