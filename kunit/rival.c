// SPDX-License-Identifier: GPL-2.0
/*
 * A task of real-time priority that sleeps: whoever offers the CPU after it was
 * woken loses it, which is seen where preemption is not counted.
 */
#include <linux/err.h>
#include <linux/kthread.h>
#include <linux/sched.h>
#include <linux/smp.h>

#include "rival.h"

static struct task_struct *rival;

static int rival_main(void *unused)
{
	set_current_state(TASK_INTERRUPTIBLE);
	while (!kthread_should_stop()) {
		schedule();
		set_current_state(TASK_INTERRUPTIBLE);
	}
	__set_current_state(TASK_RUNNING);
	return 0;
}

/**
 * kmb_rival_start() - have a rival on this CPU
 *
 * Return: 0, or the error of kthread_create().
 */
int kmb_rival_start(void)
{
	struct task_struct *task = kthread_create(rival_main, NULL, "kmalloc_rival");

	if (IS_ERR(task))
		return PTR_ERR(task);
	kthread_bind(task, raw_smp_processor_id());
	sched_set_fifo(task);
	wake_up_process(task);
	rival = task;
	return 0;
}

/**
 * kmb_rival_stop() - have none any more
 */
void kmb_rival_stop(void)
{
	if (rival)
		kthread_stop(rival);
	rival = NULL;
}

/**
 * kmb_rival_wake() - let the rival want the CPU
 *
 * It does not get it before somebody offers it, where preemption is off.
 */
void kmb_rival_wake(void)
{
	if (rival)
		wake_up_process(rival);
}
