// SPDX-License-Identifier: GPL-2.0
/*
 * Memory of a process that kmbench.ko allocated: as the kernel's own, but mapped in
 * another place, by pages of the process.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "available.h"
#include "device.h"
#include "user_lent.h"

/* Return: the row; the number of rows where there is none of this name. */
static uint32_t find_kind(const struct device *device, const char *name)
{
	uint32_t i, nr = device->info.nr_rows[KMB_TABLE_KIND];

	for (i = 0; i < nr && strcmp(device->rows[KMB_TABLE_KIND][i].name, name);)
		i++;
	return i;
}

static int map_of(const struct device *device, const struct user_memory *memory,
		  struct kmb_lend *lend)
{
	int err;

	lend->kind = find_kind(device, memory->kind->lent);
	lend->share = AVAILABLE_SHARE;
	lend->bytes = memory->bytes;
	err = device__lend(device, lend);
	if (err)
		return err;
	if (mmap(memory->start, memory->bytes, PROT_READ | PROT_WRITE,
		 MAP_SHARED | MAP_FIXED, device->fd, 0) == MAP_FAILED)
		return -errno;
	return 0;
}

/**
 * user_lent__map() - have the module allocate memory, and map it
 * @memory: where; its kind, start and size are known. Receives how the kernel maps it.
 * @why: receives a line where it fails.
 *
 * Nothing but the mapping keeps it: munmap() gives it back.
 *
 * Return: 0, or a negative error.
 */
int user_lent__map(struct user_memory *memory, char why[USER_WHY_LEN])
{
	struct kmb_lend lend = { .why = "" };
	struct device device;
	int err = device__open(&device, DEVICE_PATH);

	if (!err)
		err = device__hello(&device);
	if (!err)
		err = device__load(&device);
	if (!err)
		err = map_of(&device, memory, &lend);
	device__close(&device);
	memory->is_mapped = !err && lend.is_mapped;
	memory->mapped = lend.mapped;
	if (err)
		snprintf(why, USER_WHY_LEN, "%s: %s%s%s%s", DEVICE_PATH, strerror(-err),
			 lend.why[0] ? ": " : "", lend.why, device__hint(err));
	return err;
}
