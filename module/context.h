/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Contexts in which the kernel calls kmalloc(), each as a function that calls
 * another one there and one that tells whether it is there. Their names are
 * rows of tables.h.
 */
#ifndef _KMBENCH_CONTEXT_H
#define _KMBENCH_CONTEXT_H

#include <linux/types.h>

typedef void kmb_context_fn(void *arg);

int kmb_call_there(bool (*here)(void), kmb_context_fn *fn, void *arg);

/* Each tells whether the caller is in that context. */
bool kmb_in_task(void);
bool kmb_in_preemptoff(void);
bool kmb_in_irqsoff(void);
bool kmb_in_spinlock(void);
bool kmb_in_softirq(void);
bool kmb_in_hardirq(void);
bool kmb_in_irqwork(void);
bool kmb_in_rcu(void);

/*
 * Each calls @fn(@arg) once and returns after it returned. From a task that
 * may sleep.
 *
 * Return: 0, or -EIO when the context was not the one that the name promises,
 * in which case @fn was not called.
 */
int kmb_run_in_task(kmb_context_fn *fn, void *arg);
int kmb_run_in_preemptoff(kmb_context_fn *fn, void *arg);
int kmb_run_in_irqsoff(kmb_context_fn *fn, void *arg);
int kmb_run_in_spinlock(kmb_context_fn *fn, void *arg);
int kmb_run_in_softirq(kmb_context_fn *fn, void *arg);
int kmb_run_in_hardirq(kmb_context_fn *fn, void *arg);
int kmb_run_in_irqwork(kmb_context_fn *fn, void *arg);
int kmb_run_in_rcu(kmb_context_fn *fn, void *arg);

#endif /* _KMBENCH_CONTEXT_H */
