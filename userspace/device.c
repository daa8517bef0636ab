// SPDX-License-Identifier: GPL-2.0
/*
 * The ioctls of /dev/kmbench, one function each.
 *
 * Nothing here knows a scenario, a context or a size: the rows are read from
 * the module and given to catalog.c. What to tell a user about an error is
 * left to session.c and cmd_run.c.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "device.h"

/**
 * device__open() - open the device
 * @device: to be filled; needs device__close() also where this fails.
 * @path: of the device node.
 *
 * Return: 0, or the negative error of open(2).
 */
int device__open(struct device *device, const char *path)
{
	memset(device, 0, sizeof(*device));
	device->fd = open(path, O_RDWR | O_CLOEXEC);
	return device->fd < 0 ? -errno : 0;
}

/**
 * device__hello() - agree on a version of the ABI
 * @device: an open device.
 *
 * Return: 0; -EPROTO: the module speaks another version (device->abi says
 * which); -ENOTTY: this is no kmbench device; or another negative error.
 */
int device__hello(struct device *device)
{
	struct kmb_hello hello = { .abi_version = KMB_ABI_VERSION };
	int err = 0;

	if (ioctl(device->fd, KMB_IOC_HELLO, &hello))
		err = -errno;
	device->abi = hello.abi_version;
	if (!err && device->abi != KMB_ABI_VERSION)
		err = -EPROTO;
	return err;
}

static int device__load_row(struct device *device, uint32_t table,
			    uint32_t index)
{
	struct kmb_row *row = &device->rows[table][index];

	row->table = table;
	row->index = index;
	if (ioctl(device->fd, KMB_IOC_GET_ROW, row))
		return -errno;
	row->name[KMB_NAME_LEN - 1] = '\0';
	row->text[KMB_TEXT_LEN - 1] = '\0';
	return 0;
}

static int device__load_table(struct device *device, uint32_t table)
{
	uint32_t i, nr = device->info.nr_rows[table];
	int err = 0;

	device->rows[table] = calloc(nr ? nr : 1, sizeof(struct kmb_row));
	if (!device->rows[table])
		return -ENOMEM;
	for (i = 0; i < nr && !err; i++)
		err = device__load_row(device, table, i);
	return err;
}

/**
 * device__load() - ask what the module offers
 * @device: a device that answered hello.
 *
 * Return: 0; -EPROTO: its histogram is not the one of this build; -ENOMEM; or
 * the negative error of an ioctl.
 */
int device__load(struct device *device)
{
	uint32_t table;
	int err = 0;

	if (ioctl(device->fd, KMB_IOC_GET_INFO, &device->info))
		return -errno;
	device->info.clock[KMB_NAME_LEN - 1] = '\0';
	if (device->info.hist_buckets != KMB_HIST_BUCKETS)
		return -EPROTO;
	for (table = 0; table < KMB_NR_TABLES && !err; table++)
		err = device__load_table(device, table);
	return err;
}

/**
 * device__run() - measure one cell once
 * @device: a device that answered hello.
 * @run: what to measure; receives the answer, or in why the reason for none.
 *
 * Return: 0, or the negative error that struct kmb_run tells of.
 */
int device__run(const struct device *device, struct kmb_run *run)
{
	int err = ioctl(device->fd, KMB_IOC_RUN, run) ? -errno : 0;

	run->why[KMB_TEXT_LEN - 1] = '\0';
	return err;
}

/**
 * device__footprint() - ask what objects occupy
 * @device: a device that answered hello.
 * @footprint: which objects; receives the answer.
 *
 * Return: 0, or the negative error that struct kmb_footprint tells of.
 */
int device__footprint(const struct device *device,
		      struct kmb_footprint *footprint)
{
	int err = ioctl(device->fd, KMB_IOC_FOOTPRINT, footprint) ? -errno : 0;

	footprint->why[KMB_TEXT_LEN - 1] = '\0';
	return err;
}

/**
 * device__touch() - see what one kmalloc() and one kfree() touch
 * @device: a device that answered hello.
 * @touch: of which size; receives the answer.
 *
 * Return: 0, or the negative error that struct kmb_touch tells of.
 */
int device__touch(const struct device *device, struct kmb_touch *touch)
{
	int err = ioctl(device->fd, KMB_IOC_TOUCH, touch) ? -errno : 0;

	touch->why[KMB_TEXT_LEN - 1] = '\0';
	touch->model.geometry[KMB_TLB_NAME_LEN - 1] = '\0';
	return err;
}

/**
 * device__walk() - walk over memory once
 * @device: a device that answered hello.
 * @walk: how; receives the answer.
 *
 * Return: 0, or the negative error that struct kmb_walk tells of.
 */
int device__walk(const struct device *device, struct kmb_walk *walk)
{
	int err = ioctl(device->fd, KMB_IOC_WALK, walk) ? -errno : 0;

	walk->why[KMB_TEXT_LEN - 1] = '\0';
	walk->model.geometry[KMB_TLB_NAME_LEN - 1] = '\0';
	return err;
}

/**
 * device__lend() - have memory allocated for the next mmap()
 * @device: a device that answered hello.
 * @lend: which; receives the answer.
 *
 * Return: 0, or the negative error that struct kmb_lend tells of.
 */
int device__lend(const struct device *device, struct kmb_lend *lend)
{
	int err = ioctl(device->fd, KMB_IOC_LEND, lend) ? -errno : 0;

	lend->why[KMB_TEXT_LEN - 1] = '\0';
	return err;
}

/**
 * device__frag() - fragment free memory until the device is closed
 * @device: a device that answered hello.
 * @frag: how; receives the answer.
 *
 * Return: 0, or the negative error that struct kmb_frag tells of.
 */
int device__frag(const struct device *device, struct kmb_frag *frag)
{
	int err = ioctl(device->fd, KMB_IOC_FRAG, frag) ? -errno : 0;

	frag->why[KMB_TEXT_LEN - 1] = '\0';
	return err;
}

/**
 * device__look() - look how memory of this process is mapped
 * @device: a device that answered hello.
 * @look: which memory; receives the answer.
 *
 * Return: 0, or the negative error that struct kmb_look tells of.
 */
int device__look(const struct device *device, struct kmb_look *look)
{
	int err = ioctl(device->fd, KMB_IOC_LOOK, look) ? -errno : 0;

	look->why[KMB_TEXT_LEN - 1] = '\0';
	return err;
}

/**
 * device__hint() - what to do about a device that could not be used
 * @err: the negative error of a function of this file.
 *
 * Return: the end of a line, with what separates it; empty where there is none.
 */
const char *device__hint(int err)
{
	switch (-err) {
	case ENOENT:
	case ENODEV:
	case ENXIO:
		return "; load kmbench.ko (insmod kmbench.ko)";
	case EACCES:
	case EPERM:
		return "; be root";
	case EPROTO:
		return "; build module and tool from one tree";
	default:
		return "";
	}
}

/**
 * device__close() - close the device, forget its tables
 * @device: was given to device__open(), with or without success.
 */
void device__close(struct device *device)
{
	uint32_t table;

	for (table = 0; table < KMB_NR_TABLES; table++)
		free(device->rows[table]);
	if (device->fd >= 0)
		close(device->fd);
	memset(device, 0, sizeof(*device));
	device->fd = -1;
}
