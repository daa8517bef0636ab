// SPDX-License-Identifier: GPL-2.0
/*
 * A plain loop of kmalloc() and kfree(), for who stands outside to time. Shares
 * nothing with kmbench.ko, whose figures it is compared with.
 *
 *	echo 'SIZE PAIRS' >/sys/module/plain_loop/parameters/run
 *
 * What a large block costs is what the page allocator has to split and merge, so
 * whoever is compared has to find blocks of that very size that cannot merge:
 *
 *	echo SIZE >/sys/module/plain_loop/parameters/leave
 */
#include <linux/gfp.h>
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/slab.h>

static int plain_loop_run(const char *text, const struct kernel_param *param)
{
	size_t size;
	u32 pairs;

	if (sscanf(text, "%zu %u", &size, &pairs) != 2)
		return -EINVAL;
	while (pairs--) {
		void *object = kmalloc(size, GFP_KERNEL);

		if (!object)
			return -ENOMEM;
		kfree(object);
	}
	return 0;
}

static const struct kernel_param_ops plain_loop_ops = {
	.set = plain_loop_run,
};
module_param_cb(run, &plain_loop_ops, NULL, 0200);
MODULE_PARM_DESC(run, "SIZE PAIRS: so many pairs of calls for so many bytes");

#define NR_HELD	16

static unsigned long held[NR_HELD];
static unsigned int held_order;

static void give_back(void)
{
	unsigned int i;

	for (i = 0; i < NR_HELD; i++) {
		free_pages(held[i], held_order);
		held[i] = 0;
	}
}

/* Of two blocks that could merge one is held, the other is free. */
static int plain_loop_leave(const char *text, const struct kernel_param *param)
{
	size_t size;
	unsigned int i;

	if (kstrtoul(text, 0, &size) || !size)
		return -EINVAL;
	give_back();
	held_order = get_order(size);
	for (i = 0; i < NR_HELD; i++)
		held[i] = __get_free_pages(GFP_KERNEL | __GFP_NOWARN, held_order);
	for (i = 0; i < NR_HELD; i++) {
		if (!(held[i] >> (PAGE_SHIFT + held_order) & 1))
			continue;
		free_pages(held[i], held_order);
		held[i] = 0;
	}
	return 0;
}

static const struct kernel_param_ops plain_loop_leave_ops = {
	.set = plain_loop_leave,
};
module_param_cb(leave, &plain_loop_leave_ops, NULL, 0200);
MODULE_PARM_DESC(leave, "SIZE: leave blocks of so many bytes free that cannot merge");

static int __init plain_loop_init(void)
{
	return 0;
}
module_init(plain_loop_init);

static void __exit plain_loop_exit(void)
{
	give_back();
}
module_exit(plain_loop_exit);

MODULE_DESCRIPTION("A plain loop of kmalloc() and kfree(), to be timed from outside");
MODULE_LICENSE("GPL");
