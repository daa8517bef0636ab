// SPDX-License-Identifier: GPL-2.0
/*
 * Have kmemleak look for leaks now, and read what it found.
 *
 * Its file in debugfs is all the interface that it has. Orders are taken from
 * the memory of a process, so the thread of a case becomes one for a moment;
 * what that needs is not exported, and a module goes without. A mount of
 * debugfs of one's own makes it work before user space runs. Left out: mount
 * options of a debugfs that is mounted already, which another mount resets.
 */
#include <linux/err.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/kthread.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/mount.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/seq_file.h>
#include <linux/string.h>
#include <linux/uaccess.h>
#include <linux/uio.h>

#include "kmemleak.h"

/**
 * kmb_kmemleak_absent() - ask why there is no report
 *
 * Return: the reason, NULL when there is one.
 */
const char *kmb_kmemleak_absent(void)
{
	if (!IS_ENABLED(CONFIG_DEBUG_KMEMLEAK))
		return "CONFIG_DEBUG_KMEMLEAK is off";
	if (!IS_ENABLED(CONFIG_DEBUG_FS))
		return "CONFIG_DEBUG_FS is off: kmemleak has no report";
	if (!IS_BUILTIN(CONFIG_KMALLOC_KUNIT_TEST))
		return "a module cannot give orders to kmemleak";
	return NULL;
}

#if defined(CONFIG_DEBUG_KMEMLEAK) && !defined(MODULE)
/* A change of memory that the first scan saw counts as use of it. */
#define SCANS 2

typedef ssize_t transfer_fn(struct file *file, char *text, size_t size);

static ssize_t with_file(int flags, transfer_fn *transfer, char *text,
			 size_t size)
{
	struct file_system_type *debugfs = get_fs_type("debugfs");
	struct vfsmount *mnt;
	struct file *file;
	ssize_t done;

	if (!debugfs)
		return -ENODEV;
	mnt = kern_mount(debugfs);
	if (IS_ERR(mnt))
		return PTR_ERR(mnt);
	file = file_open_root_mnt(mnt, "kmemleak", flags, 0);
	done = PTR_ERR_OR_ZERO(file);
	if (!done) {
		done = transfer(file, text, size);
		fput(file);
		flush_delayed_fput();
	}
	kern_unmount(mnt);
	return done;
}

/* In a process: write what lies in its own memory. */
static ssize_t write_mapped(struct file *file, char *text, size_t size)
{
	unsigned long at;
	loff_t pos = 0;

	at = vm_mmap(NULL, 0, PAGE_SIZE, PROT_READ | PROT_WRITE,
		     MAP_ANONYMOUS | MAP_PRIVATE, 0);
	if (IS_ERR_VALUE(at))
		return at;
	if (copy_to_user((void __user *)at, text, size))
		return -EFAULT;
	return file->f_op->write(file, (const char __user *)at, size, &pos);
}

static ssize_t write_order(struct file *file, char *text, size_t size)
{
	struct mm_struct *mm = mm_alloc();
	ssize_t done;

	if (!mm)
		return -ENOMEM;
	mm->task_size = TASK_SIZE;
	arch_pick_mmap_layout(mm, &current->signal->rlim[RLIMIT_STACK]);
	kthread_use_mm(mm);
	done = write_mapped(file, text, size);
	kthread_unuse_mm(mm);
	mmput(mm);
	return done;
}

/* Into memory of the kernel, which read() of that file does not. */
static ssize_t read_report(struct file *file, char *text, size_t size)
{
	struct kvec vec = { .iov_base = text, .iov_len = size };
	struct iov_iter iter;
	struct kiocb iocb;
	ssize_t done;

	init_sync_kiocb(&iocb, file);
	iov_iter_kvec(&iter, ITER_DEST, &vec, 1, size);
	do {
		done = seq_read_iter(&iocb, &iter);
	} while (done > 0 && iov_iter_count(&iter));
	return done < 0 ? done : size - iov_iter_count(&iter);
}

/**
 * kmb_kmemleak_scan() - look for leaks now
 *
 * The caller is a kernel thread.
 *
 * Return: 0, -EPERM when kmemleak was switched off or gave up, or another
 * error.
 */
int kmb_kmemleak_scan(void)
{
	char order[] = "scan";
	ssize_t done = 0;
	unsigned int i;

	for (i = 0; i < SCANS && done >= 0; i++)
		done = with_file(O_WRONLY, write_order, order, strlen(order));
	return done < 0 ? done : 0;
}

/**
 * kmb_kmemleak_read() - read what scans have found, and is still allocated
 * @report: (out) as much of the report as fits, ended by a NUL.
 * @size: the size of @report.
 *
 * Return: its length or a negative errno.
 */
ssize_t kmb_kmemleak_read(char *report, size_t size)
{
	ssize_t done = with_file(O_RDONLY, read_report, report, size - 1);

	if (done >= 0)
		report[done] = '\0';
	return done;
}
#endif
