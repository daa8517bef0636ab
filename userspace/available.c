// SPDX-License-Identifier: GPL-2.0
/*
 * How much memory a process may take without harm, from /proc/meminfo.
 */
#include <inttypes.h>
#include <stdio.h>

#include "available.h"

static uint64_t available_bytes(void)
{
	FILE *file = fopen("/proc/meminfo", "re");
	uint64_t kib = 0;
	char line[128];

	while (file && !kib && fgets(line, sizeof(line), file))
		if (sscanf(line, "MemAvailable: %" SCNu64 " kB", &kib) != 1)
			kib = 0;
	if (file)
		fclose(file);
	return kib * 1024;
}

/**
 * available__limit() - how much memory a walk may have
 *
 * Return: bytes; 0: the kernel does not tell what is available.
 */
uint64_t available__limit(void)
{
	return available_bytes() / 100 * AVAILABLE_SHARE;
}
