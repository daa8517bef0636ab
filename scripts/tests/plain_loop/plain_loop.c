// SPDX-License-Identifier: GPL-2.0
/*
 * A plain loop of kmalloc() and kfree(), for who stands outside to time. Shares
 * nothing with kmbench.ko, whose figures it is compared with.
 *
 *	echo 'SIZE PAIRS' >/sys/module/plain_loop/parameters/run
 */
#include <linux/kernel.h>
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

static int __init plain_loop_init(void)
{
	return 0;
}
module_init(plain_loop_init);

static void __exit plain_loop_exit(void)
{
}
module_exit(plain_loop_exit);

MODULE_DESCRIPTION("A plain loop of kmalloc() and kfree(), to be timed from outside");
MODULE_LICENSE("GPL");
