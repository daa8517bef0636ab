// SPDX-License-Identifier: GPL-2.0
/*
 * Read and write /proc/sys from the kernel, whether or not it is mounted.
 *
 * Most of these switches are variables that are not exported, so the file is
 * the way that a module shares with built-in code. A mount of procfs of one's
 * own makes it work before user space runs.
 * Left out: files of more than one read() or write().
 */
#include <linux/err.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/kernel.h>
#include <linux/mount.h>
#include <linux/string.h>

#include "sysctl_file.h"

/* Enough for "sys/" and any path below it. */
#define PATH_SIZE 128

typedef ssize_t transfer_fn(struct file *file, void *text, size_t size);

static ssize_t read_text(struct file *file, void *text, size_t size)
{
	loff_t at = 0;

	return kernel_read(file, text, size, &at);
}

static ssize_t write_text(struct file *file, void *text, size_t size)
{
	loff_t at = 0;

	return kernel_write(file, text, size, &at);
}

/*
 * A kernel thread closes it at once, so that the mount goes with kern_unmount().
 * Another task closes it on its way back to user space, and the mount then.
 */
static ssize_t with_file(struct vfsmount *mnt, const char *path, int flags,
			 transfer_fn *transfer, void *text, size_t size)
{
	struct file *file = file_open_root_mnt(mnt, path, flags, 0);
	ssize_t done;

	if (IS_ERR(file))
		return PTR_ERR(file);
	done = transfer(file, text, size);
	fput(file);
	flush_delayed_fput();
	return done;
}

static ssize_t with_proc(const char *path_below_proc_sys, int flags,
			 transfer_fn *transfer, void *text, size_t size)
{
	struct file_system_type *proc = get_fs_type("proc");
	struct vfsmount *mnt;
	char path[PATH_SIZE];
	ssize_t done;

	if (!proc)
		return -ENODEV;
	if (snprintf(path, sizeof(path), "sys/%s", path_below_proc_sys) >=
	    sizeof(path))
		return -ENAMETOOLONG;
	mnt = kern_mount(proc);
	if (IS_ERR(mnt))
		return PTR_ERR(mnt);
	done = with_file(mnt, path, flags, transfer, text, size);
	kern_unmount(mnt);
	return done;
}

/**
 * kmb_sysctl_read() - read a file of /proc/sys
 * @path_below_proc_sys: its name, as "vm/defrag_mode".
 * @text: (out) what is in it, ended by a NUL, without the end of the line.
 * @size: the size of @text.
 *
 * Return: 0, -ENOENT when there is no such file, -ENODEV without procfs, or
 * another error.
 */
int kmb_sysctl_read(const char *path_below_proc_sys, char *text, size_t size)
{
	ssize_t done = with_proc(path_below_proc_sys, O_RDONLY, read_text, text,
				 size - 1);

	if (done < 0)
		return done;
	text[done] = '\0';
	strim(text);
	return 0;
}

/**
 * kmb_sysctl_write() - write a file of /proc/sys
 * @path_below_proc_sys: its name, as "vm/defrag_mode".
 * @text: what to write.
 *
 * Return: 0, -ENOENT when there is no such file, -ENODEV without procfs, or
 * another error.
 */
int kmb_sysctl_write(const char *path_below_proc_sys, const char *text)
{
	size_t size = strlen(text);
	ssize_t done = with_proc(path_below_proc_sys, O_WRONLY, write_text,
				 (void *)text, size);

	if (done < 0)
		return done;
	return done == size ? 0 : -EIO;
}
