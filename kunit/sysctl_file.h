/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Read and write /proc/sys from the kernel, whether or not it is mounted.
 */
#ifndef _KMBENCH_SYSCTL_FILE_H
#define _KMBENCH_SYSCTL_FILE_H

#include <linux/types.h>

int kmb_sysctl_read(const char *path_below_proc_sys, char *text, size_t size);
int kmb_sysctl_write(const char *path_below_proc_sys, const char *text);

#endif /* _KMBENCH_SYSCTL_FILE_H */
