// SPDX-License-Identifier: GPL-2.0
/*
 * The contexts of tables.h: one function each.
 *
 * Each makes sure that it truly is where its name says before it calls, since
 * GFP_ATOMIC in process context proves nothing about interrupts. Which
 * allocation is legal in which context is not known here, but in scenario.c.
 */
#include <linux/completion.h>
#include <linux/errno.h>
#include <linux/hrtimer.h>
#include <linux/irqflags.h>
#include <linux/preempt.h>

#include "compat.h"
#include "context.h"

int kmb_run_in_task(kmb_context_fn *fn, void *arg)
{
	if (!in_task() || irqs_disabled())
		return -EIO;
	if (IS_ENABLED(CONFIG_PREEMPT_COUNT) && !preemptible())
		return -EIO;
	fn(arg);
	return 0;
}

int kmb_run_in_irqsoff(kmb_context_fn *fn, void *arg)
{
	unsigned long flags;
	int err = -EIO;

	local_irq_save(flags);
	if (in_task() && irqs_disabled()) {
		fn(arg);
		err = 0;
	}
	local_irq_restore(flags);
	return err;
}

/* A call that waits for its interrupt, on the stack of the caller. */
struct hardirq_call {
	struct hrtimer timer;
	struct completion done;
	kmb_context_fn *fn;
	void *arg;
	int err;
};

static enum hrtimer_restart hardirq_call_fire(struct hrtimer *timer)
{
	struct hardirq_call *call =
		container_of(timer, struct hardirq_call, timer);

	call->err = -EIO;
	if (in_hardirq()) {
		call->fn(call->arg);
		call->err = 0;
	}
	complete(&call->done);
	return HRTIMER_NORESTART;
}

int kmb_run_in_hardirq(kmb_context_fn *fn, void *arg)
{
	struct hardirq_call call = { .fn = fn, .arg = arg };

	init_completion(&call.done);
	kmb_hrtimer_setup_on_stack(&call.timer, hardirq_call_fire,
				   CLOCK_MONOTONIC, HRTIMER_MODE_REL_PINNED_HARD);
	hrtimer_start(&call.timer, ns_to_ktime(0),
		      HRTIMER_MODE_REL_PINNED_HARD);
	wait_for_completion(&call.done);
	hrtimer_cancel(&call.timer);
	destroy_hrtimer_on_stack(&call.timer);
	return call.err;
}
