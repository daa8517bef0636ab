// SPDX-License-Identifier: GPL-2.0
/*
 * The memory of a guest: reads that cannot leave it, whatever its page tables say.
 */
#include <endian.h>
#include <string.h>

#include "guest_memory.h"

/**
 * guest_memory__read() - read 8 bytes of a little-endian guest
 * @memory: the guest's.
 * @physical: address, aligned or not.
 * @value: receives them.
 *
 * Return: false: some of the bytes are not in @memory; @value is untouched.
 */
bool guest_memory__read(const struct guest_memory *memory, uint64_t physical, uint64_t *value)
{
	uint64_t raw;

	if (memory->bytes < sizeof(raw) || physical > memory->bytes - sizeof(raw))
		return false;
	memcpy(&raw, (const char *)memory->base + physical, sizeof(raw));
	*value = le64toh(raw);
	return true;
}
