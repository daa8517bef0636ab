// SPDX-License-Identifier: GPL-2.0
/*
 * kmbench_fault.ko: breaks the guest in the way that its parameter names, so
 * that what watches over guests can be shown to notice. Never loaded by a
 * measurement.
 */
#include <linux/bug.h>
#include <linux/gfp.h>
#include <linux/irqflags.h>
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/reboot.h>
#include <linux/slab.h>
#include <linux/string.h>

static char *fault = "";
module_param(fault, charp, 0444);
MODULE_PARM_DESC(fault, "how to break: warn, oops, panic, hang, leak, hoard or poweroff");

static void fault_warn(void)
{
	WARN(1, "kmbench_fault: a warning was asked for\n");
}

static void fault_oops(void)
{
	/* A hidden NULL, or the compiler knows better than to store to it. */
	int *null = NULL;

	OPTIMIZER_HIDE_VAR(null);
	WRITE_ONCE(*null, 0);
}

static void fault_panic(void)
{
	panic("kmbench_fault: a panic was asked for");
}

static void fault_hang(void)
{
	local_irq_disable();
	while (true)
		cpu_relax();
}

/* Of a few a stale pointer is left on some stack, and kmemleak believes it. */
static void fault_leak(void)
{
	unsigned int i;
	void *lost;

	for (i = 0; i < 64; i++) {
		lost = kmalloc(64, GFP_KERNEL);
		/* Or the compiler leaves out what nobody uses. */
		OPTIMIZER_HIDE_VAR(lost);
	}
}

/* 4 MiB of pages, which kmemleak does not look at. */
static void fault_hoard(void)
{
	struct page *lost;
	unsigned int i;

	for (i = 0; i < 1024; i++) {
		lost = alloc_page(GFP_KERNEL);
		OPTIMIZER_HIDE_VAR(lost);
	}
}

static const struct {
	const char *name;
	void (*run)(void);
} faults[] = {
	{ "warn", fault_warn },
	{ "oops", fault_oops },
	{ "panic", fault_panic },
	{ "hang", fault_hang },
	{ "leak", fault_leak },
	{ "hoard", fault_hoard },
	{ "poweroff", kernel_power_off },
};

static int __init fault_init(void)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(faults); i++) {
		if (!strcmp(fault, faults[i].name)) {
			faults[i].run();
			return 0;
		}
	}
	pr_err("no fault '%s'; there are: warn oops panic hang leak hoard poweroff\n",
	       fault);
	return -EINVAL;
}
module_init(fault_init);

static void __exit fault_exit(void)
{
}
module_exit(fault_exit);

MODULE_DESCRIPTION("Breaks a guest on purpose, for the tests of kmbench");
MODULE_LICENSE("GPL");
