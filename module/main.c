// SPDX-License-Identifier: GPL-2.0
/*
 * kmbench.ko: the device /dev/kmbench and its ioctls.
 *
 * All that a request may do is checked here and in scenario.c before anything
 * is touched; the measurement itself is in measure.c. One run at a time: two
 * would measure each other.
 */
#include <linux/capability.h>
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "clock.h"
#include "footprint.h"
#include "inducer.h"
#include "late.h"
#include "limits.h"
#include "loan.h"
#include "mapping.h"
#include "measure.h"
#include "own.h"
#include "partials.h"
#include "refuse.h"
#include "scenario.h"
#include "tlb.h"
#include "together.h"
#include "touch.h"
#include "uapi/kmbench.h"

/**
 * struct kmb_file - an open file of the device
 * @hello: the tool named the right ABI version.
 * @loan: memory that waits for mmap(); NULL: none does.
 * @inducer: what fragments memory; NULL: nothing does.
 * @partials: what fills up slabs that others use a part of.
 */
struct kmb_file {
	bool hello;
	struct kmb_loan *loan;
	struct kmb_inducer *inducer;
	struct kmb_partials partials;
};

static DEFINE_MUTEX(kmb_run_mutex);

static long ioctl_hello(struct kmb_file *file, void __user *arg)
{
	struct kmb_hello hello;

	if (copy_from_user(&hello, arg, sizeof(hello)))
		return -EFAULT;
	if (hello.pad)
		return -EINVAL;
	file->hello = hello.abi_version == KMB_ABI_VERSION;
	hello.abi_version = KMB_ABI_VERSION;
	if (copy_to_user(arg, &hello, sizeof(hello)))
		return -EFAULT;
	return file->hello ? 0 : -EPROTO;
}

static long ioctl_get_info(void __user *arg)
{
	struct kmb_info info = {
		.hist_buckets = KMB_HIST_BUCKETS,
		.max_iterations = KMB_MAX_ITERATIONS,
		.max_footprint = KMB_MAX_FOOTPRINT,
		.max_size = KMALLOC_MAX_SIZE,
		.min_align = ARCH_KMALLOC_MINALIGN,
		.clock_hz = kmb_clock_hz(),
		.clock = KMB_CLOCK_NAME,
	};
	u32 i;

	for (i = 0; i < KMB_NR_TABLES; i++)
		info.nr_rows[i] = kmb_table_rows(i);
	return copy_to_user(arg, &info, sizeof(info)) ? -EFAULT : 0;
}

static long ioctl_get_row(void __user *arg)
{
	struct kmb_row row;
	int err;

	if (copy_from_user(&row, arg, sizeof(row)))
		return -EFAULT;
	err = kmb_table_get(&row);
	if (err)
		return err;
	return copy_to_user(arg, &row, sizeof(row)) ? -EFAULT : 0;
}

/* Return: 0, also where nobody wants it; or else how much was not copied. */
static unsigned long copy_buckets(u64 address, const struct kmb_histogram *hist)
{
	return address ? copy_to_user(u64_to_user_ptr(address), hist->buckets,
				      sizeof(hist->buckets)) : 0;
}

static int copy_result(struct kmb_run *run, const struct kmb_result *result)
{
	run->mean_failed = result->mean_failed;
	run->allocs = result->allocs;
	run->frees = result->frees;
	run->vmalloced = result->vmalloced;
	run->op = result->op.stats;
	run->failed = result->fails.stats;
	run->mean = result->mean;
	run->empty = result->empty.stats;
	run->clock = result->clock;
	run->record = result->record;
	run->together = result->together;
	return copy_buckets(run->histogram, &result->op) ||
	       copy_buckets(run->failures, &result->fails) ? -EFAULT : 0;
}

static int measure_into(struct kmb_run *run, const struct kmb_cell *cell,
			struct kmb_result *result)
{
	bool late = cell->scenario->flags & KMB_ROW_LATE;
	int err;

	err = kmb_late_make_room(cell->held, run->share, late);
	if (err)
		return err;
	kmb_stats_reset(&result->op.stats);
	kmb_stats_reset(&result->fails.stats);
	err = kmb_measure(cell, run->warmup, run->iterations, result);
	if (late)
		kmb_late_add(cell->held);
	if (!err)
		err = kmb_together_check(cell, result, run->why);
	return err ? err : copy_result(run, result);
}

static int measure_cell(struct kmb_run *run, const struct kmb_cell *cell)
{
	struct kmb_result *result;
	int err;

	result = kmb_own_alloc(sizeof(*result));
	if (!result)
		return -ENOMEM;
	err = measure_into(run, cell, result);
	kmb_own_free(result, sizeof(*result));
	return err;
}

/* Whether it can be written is found out before minutes of measuring. */
static int clear_buckets(struct kmb_run *run, const char *field, u64 address)
{
	if (address && clear_user(u64_to_user_ptr(address),
				  sizeof_field(struct kmb_result, op.buckets)))
		return kmb_refuse(run->why, -EFAULT, "%s %#llx: cannot be written",
				  field, address);
	return 0;
}

static int run_cell(struct kmb_run *run)
{
	struct kmb_cell cell;
	int err;

	err = kmb_cell_from_run(&cell, run);
	if (!err)
		err = clear_buckets(run, "histogram", run->histogram);
	if (!err)
		err = clear_buckets(run, "failures", run->failures);
	if (err)
		return err;
	run->held = cell.held;
	run->samplers = kmb_cell_samplers(&cell);
	return run->flags & KMB_RUN_CHECK ? 0 : measure_cell(run, &cell);
}

/* Whatever takes its time, one at a time. */
union kmb_request {
	struct kmb_run run;
	struct kmb_footprint footprint;
	struct kmb_walk walk;
	struct kmb_touch touch;
	struct kmb_lend lend;
	struct kmb_frag frag;
	struct kmb_look look;
};

/**
 * struct kmb_job - an ioctl that is one of them
 * @cmd: its number.
 * @size: bytes of its argument.
 * @why: where in there the reason of a refusal goes.
 * @run: does it.
 */
struct kmb_job {
	unsigned int cmd;
	size_t size;
	size_t why;
	int (*run)(struct kmb_file *file, union kmb_request *request);
};

static int job_run(struct kmb_file *file, union kmb_request *request)
{
	int err = run_cell(&request->run);

	kmb_inducer_settle(file->inducer);
	return err;
}

static int job_footprint(struct kmb_file *file, union kmb_request *request)
{
	return kmb_footprint(&request->footprint, &file->partials);
}

static int job_walk(struct kmb_file *file, union kmb_request *request)
{
	int err = kmb_walk_run(&request->walk);

	kmb_inducer_settle(file->inducer);
	return err;
}

static int job_touch(struct kmb_file *file, union kmb_request *request)
{
	return kmb_touch_run(&request->touch);
}

static int job_lend(struct kmb_file *file, union kmb_request *request)
{
	return kmb_loan_make(&file->loan, &request->lend);
}

static int job_frag(struct kmb_file *file, union kmb_request *request)
{
	return kmb_inducer_make(&file->inducer, &request->frag);
}

static int job_look(struct kmb_file *file, union kmb_request *request)
{
	return kmb_mapping_look(&request->look);
}

#define KMB_JOB(_cmd, _struct, _run) \
	{ .cmd = (_cmd), .size = sizeof(struct _struct), \
	  .why = offsetof(struct _struct, why), .run = (_run) }

static const struct kmb_job kmb_jobs[] = {
	KMB_JOB(KMB_IOC_RUN, kmb_run, job_run),
	KMB_JOB(KMB_IOC_FOOTPRINT, kmb_footprint, job_footprint),
	KMB_JOB(KMB_IOC_WALK, kmb_walk, job_walk),
	KMB_JOB(KMB_IOC_TOUCH, kmb_touch, job_touch),
	KMB_JOB(KMB_IOC_LEND, kmb_lend, job_lend),
	KMB_JOB(KMB_IOC_FRAG, kmb_frag, job_frag),
	KMB_JOB(KMB_IOC_LOOK, kmb_look, job_look),
};

/* The answer goes back also where it is only why there is none. */
static long ioctl_job(struct kmb_file *file, const struct kmb_job *job, void __user *arg)
{
	union kmb_request request;
	char *why = (char *)&request + job->why;
	int err;

	if (copy_from_user(&request, arg, job->size))
		return -EFAULT;
	memset(why, 0, KMB_TEXT_LEN);
	if (mutex_trylock(&kmb_run_mutex)) {
		err = job->run(file, &request);
		mutex_unlock(&kmb_run_mutex);
	} else {
		err = kmb_refuse(why, -EBUSY, "another run is under way");
	}
	return copy_to_user(arg, &request, job->size) ? -EFAULT : err;
}

static long ioctl_any_job(struct kmb_file *file, unsigned int cmd, void __user *arg)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(kmb_jobs); i++)
		if (kmb_jobs[i].cmd == cmd)
			return ioctl_job(file, &kmb_jobs[i], arg);
	return -ENOTTY;
}

static long kmb_ioctl(struct file *filp, unsigned int cmd, unsigned long arg)
{
	struct kmb_file *file = filp->private_data;
	void __user *argp = (void __user *)arg;

	if (cmd == KMB_IOC_HELLO)
		return ioctl_hello(file, argp);
	if (!file->hello)
		return -EPROTO;
	switch (cmd) {
	case KMB_IOC_GET_INFO:
		return ioctl_get_info(argp);
	case KMB_IOC_GET_ROW:
		return ioctl_get_row(argp);
	}
	return ioctl_any_job(file, cmd, argp);
}

static int kmb_open(struct inode *inode, struct file *filp)
{
	struct kmb_file *file;

	if (!capable(CAP_SYS_ADMIN))
		return -EPERM;
	file = kzalloc(sizeof(*file), GFP_KERNEL);
	if (!file)
		return -ENOMEM;
	filp->private_data = file;
	return 0;
}

/* A mapping holds the file, and the file the module. */
static int kmb_mmap(struct file *filp, struct vm_area_struct *vma)
{
	struct kmb_file *file = filp->private_data;

	return kmb_loan_mmap(&file->loan, vma);
}

static int kmb_release(struct inode *inode, struct file *filp)
{
	struct kmb_file *file = filp->private_data;

	kmb_loan_drop(&file->loan);
	kmb_inducer_drop(&file->inducer);
	kmb_partials_give_back(&file->partials);
	kfree(file);
	return 0;
}

static const struct file_operations kmb_fops = {
	.owner = THIS_MODULE,
	.open = kmb_open,
	.release = kmb_release,
	.mmap = kmb_mmap,
	.unlocked_ioctl = kmb_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
};

static struct miscdevice kmb_device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = KMB_DEVICE_NAME,
	.mode = 0600,
	.fops = &kmb_fops,
};

static int __init kmb_init(void)
{
	kmb_tables_init();
	return misc_register(&kmb_device);
}
module_init(kmb_init);

static void __exit kmb_exit(void)
{
	misc_deregister(&kmb_device);
}
module_exit(kmb_exit);

MODULE_DESCRIPTION("What kmalloc() costs, by size, flags and context");
MODULE_LICENSE("GPL");
