// SPDX-License-Identifier: GPL-2.0
/*
 * The contexts of tables.h: two functions each.
 *
 * Each makes sure that it truly is where its name says before it calls, since
 * GFP_ATOMIC in process context proves nothing about interrupts. Which
 * allocation is legal in which context is a matter of tables.h.
 *
 * Left out: NMI, where kmalloc() is never legal. Without CONFIG_PREEMPT_COUNT
 * preemption off cannot be told from a task.
 */
#include <linux/completion.h>
#include <linux/errno.h>
#include <linux/hrtimer.h>
#include <linux/interrupt.h>
#include <linux/irq_work.h>
#include <linux/irqflags.h>
#include <linux/percpu.h>
#include <linux/preempt.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/spinlock.h>

#include "compat.h"
#include "context.h"

/**
 * kmb_call_there() - call a function unless this is the wrong context
 * @here: tells whether this is the right one.
 * @fn: what to call.
 * @arg: its argument.
 *
 * Return: 0, or -EIO when @fn was not called.
 */
int kmb_call_there(bool (*here)(void), kmb_context_fn *fn, void *arg)
{
	if (!here())
		return -EIO;
	fn(arg);
	return 0;
}

bool kmb_in_task(void)
{
	return in_task() && !irqs_disabled() && !preempt_count();
}

int kmb_run_in_task(kmb_context_fn *fn, void *arg)
{
	return kmb_call_there(kmb_in_task, fn, arg);
}

bool kmb_in_preemptoff(void)
{
	return in_task() && !irqs_disabled() &&
	       preempt_count() == PREEMPT_DISABLE_OFFSET;
}

int kmb_run_in_preemptoff(kmb_context_fn *fn, void *arg)
{
	int err;

	preempt_disable();
	err = kmb_call_there(kmb_in_preemptoff, fn, arg);
	preempt_enable();
	return err;
}

bool kmb_in_irqsoff(void)
{
	return in_task() && irqs_disabled() && !preempt_count();
}

int kmb_run_in_irqsoff(kmb_context_fn *fn, void *arg)
{
	unsigned long flags;
	int err;

	local_irq_save(flags);
	err = kmb_call_there(kmb_in_irqsoff, fn, arg);
	local_irq_restore(flags);
	return err;
}

/*
 * A lock for each CPU, so that those of a crowd do not wait for each other; and
 * who holds it: with one CPU, a lock need not have a state of its own.
 */
struct owned_lock {
	spinlock_t lock;
	struct task_struct *owner;
};

static DEFINE_PER_CPU(struct owned_lock, locks) = {
	.lock = __SPIN_LOCK_UNLOCKED(locks.lock),
};

bool kmb_in_spinlock(void)
{
	return in_task() && !irqs_disabled() &&
	       preempt_count() == PREEMPT_LOCK_OFFSET &&
	       READ_ONCE(raw_cpu_ptr(&locks)->owner) == current;
}

int kmb_run_in_spinlock(kmb_context_fn *fn, void *arg)
{
	struct owned_lock *mine;
	int err;

	/* On PREEMPT_RT the lock alone would do so too late. */
	migrate_disable();
	mine = raw_cpu_ptr(&locks);
	spin_lock(&mine->lock);
	WRITE_ONCE(mine->owner, current);
	err = kmb_call_there(kmb_in_spinlock, fn, arg);
	WRITE_ONCE(mine->owner, NULL);
	spin_unlock(&mine->lock);
	migrate_enable();
	return err;
}

/* A call that waits for its context, on the stack of the caller. */
struct call {
	struct completion done;
	kmb_context_fn *fn;
	void *arg;
	int err;
};

static void call_init(struct call *call, kmb_context_fn *fn, void *arg)
{
	init_completion(&call->done);
	call->fn = fn;
	call->arg = arg;
}

static void call_fire(struct call *call, bool (*here)(void))
{
	call->err = kmb_call_there(here, call->fn, call->arg);
	complete(&call->done);
}

bool kmb_in_softirq(void)
{
	return in_serving_softirq() && !in_hardirq() && !irqs_disabled();
}

struct softirq_call {
	struct tasklet_struct tasklet;
	struct call call;
};

static void softirq_call_fire(struct tasklet_struct *tasklet)
{
	struct softirq_call *softirq =
		container_of(tasklet, struct softirq_call, tasklet);

	call_fire(&softirq->call, kmb_in_softirq);
}

int kmb_run_in_softirq(kmb_context_fn *fn, void *arg)
{
	struct softirq_call softirq;

	call_init(&softirq.call, fn, arg);
	tasklet_setup(&softirq.tasklet, softirq_call_fire);
	tasklet_schedule(&softirq.tasklet);
	wait_for_completion(&softirq.call.done);
	tasklet_kill(&softirq.tasklet);
	return softirq.call.err;
}

/* Of the calls below, the one that this CPU is in. */
static DEFINE_PER_CPU(struct irq_work *, work_here);

/* Its kernel says so itself: it is busy with that work, which waits no more. */
static bool runs_irq_work(void)
{
	struct irq_work *work = raw_cpu_read(work_here);

	return work && irq_work_is_busy(work) && !irq_work_is_pending(work);
}

bool kmb_in_hardirq(void)
{
	return in_hardirq() && irqs_disabled() && !runs_irq_work();
}

struct hardirq_call {
	struct hrtimer timer;
	struct call call;
};

static enum hrtimer_restart hardirq_call_fire(struct hrtimer *timer)
{
	struct hardirq_call *hardirq =
		container_of(timer, struct hardirq_call, timer);

	call_fire(&hardirq->call, kmb_in_hardirq);
	return HRTIMER_NORESTART;
}

/*
 * Not HRTIMER_MODE_HARD, which says that the function takes no spinlock_t and
 * has lockdep watch over it. Only on PREEMPT_RT does this mode avoid the
 * interrupt, and there kmalloc() must, too.
 */
int kmb_run_in_hardirq(kmb_context_fn *fn, void *arg)
{
	struct hardirq_call hardirq;

	call_init(&hardirq.call, fn, arg);
	kmb_hrtimer_setup_on_stack(&hardirq.timer, hardirq_call_fire,
				   CLOCK_MONOTONIC, HRTIMER_MODE_REL_PINNED);
	hrtimer_start(&hardirq.timer, ns_to_ktime(0), HRTIMER_MODE_REL_PINNED);
	wait_for_completion(&hardirq.call.done);
	hrtimer_cancel(&hardirq.timer);
	destroy_hrtimer_on_stack(&hardirq.timer);
	return hardirq.call.err;
}

bool kmb_in_irqwork(void)
{
	return in_hardirq() && irqs_disabled() && runs_irq_work();
}

struct irqwork_call {
	struct irq_work work;
	struct call call;
};

static void irqwork_call_fire(struct irq_work *work)
{
	struct irqwork_call *irqwork =
		container_of(work, struct irqwork_call, work);

	this_cpu_write(work_here, work);
	irqwork->call.err = kmb_call_there(kmb_in_irqwork, irqwork->call.fn,
					   irqwork->call.arg);
	this_cpu_write(work_here, NULL);
	complete(&irqwork->call.done);
}

int kmb_run_in_irqwork(kmb_context_fn *fn, void *arg)
{
	struct irqwork_call irqwork;

	call_init(&irqwork.call, fn, arg);
	init_irq_work(&irqwork.work, irqwork_call_fire);
	irq_work_queue(&irqwork.work);
	wait_for_completion(&irqwork.call.done);
	irq_work_sync(&irqwork.work);
	return irqwork.call.err;
}

/* In a softirq, or in a thread that has switched them off. */
bool kmb_in_rcu(void)
{
	return softirq_count() && !in_hardirq() && !irqs_disabled();
}

struct rcu_call {
	struct rcu_head head;
	struct call call;
};

static void rcu_call_fire(struct rcu_head *head)
{
	struct rcu_call *rcu = container_of(head, struct rcu_call, head);

	call_fire(&rcu->call, kmb_in_rcu);
}

int kmb_run_in_rcu(kmb_context_fn *fn, void *arg)
{
	struct rcu_call rcu;

	call_init(&rcu.call, fn, arg);
	init_rcu_head_on_stack(&rcu.head);
	kmb_call_rcu(&rcu.head, rcu_call_fire);
	wait_for_completion(&rcu.call.done);
	destroy_rcu_head_on_stack(&rcu.head);
	return rcu.call.err;
}
