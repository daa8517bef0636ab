/* SPDX-License-Identifier: GPL-2.0 */
/*
 * /dev/kmbench, the module's side of the ABI.
 */
#ifndef KMBENCH_DEVICE_H
#define KMBENCH_DEVICE_H

#include <stdint.h>

#include "module/uapi/kmbench.h"

#define DEVICE_PATH	"/dev/" KMB_DEVICE_NAME

/**
 * struct device - an open device
 * @fd: its file descriptor.
 * @abi: the version that the module speaks; known after device__hello().
 * @info: what it offers; known after device__load().
 * @rows: its tables, @info.nr_rows[table] rows each; known after
 *	device__load().
 */
struct device {
	int fd;
	uint32_t abi;
	struct kmb_info info;
	struct kmb_row *rows[KMB_NR_TABLES];
};

int device__open(struct device *device, const char *path);
int device__hello(struct device *device);
int device__load(struct device *device);
int device__run(const struct device *device, struct kmb_run *run);
int device__footprint(const struct device *device,
		      struct kmb_footprint *footprint);
int device__touch(const struct device *device, struct kmb_touch *touch);
int device__walk(const struct device *device, struct kmb_walk *walk);
int device__lend(const struct device *device, struct kmb_lend *lend);
int device__frag(const struct device *device, struct kmb_frag *frag);
int device__look(const struct device *device, struct kmb_look *look);
const char *device__hint(int err);
void device__close(struct device *device);

#endif /* KMBENCH_DEVICE_H */
