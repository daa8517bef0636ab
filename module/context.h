/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Contexts in which the kernel calls kmalloc(), each as a function that calls
 * another one there. Their names are rows of tables.h.
 */
#ifndef _KMBENCH_CONTEXT_H
#define _KMBENCH_CONTEXT_H

typedef void kmb_context_fn(void *arg);

/*
 * Each calls @fn(@arg) once and returns after it returned.
 *
 * Return: 0, or -EIO when the context was not the one that the name promises,
 * in which case @fn was not called.
 */
int kmb_run_in_task(kmb_context_fn *fn, void *arg);
int kmb_run_in_irqsoff(kmb_context_fn *fn, void *arg);
int kmb_run_in_hardirq(kmb_context_fn *fn, void *arg);

#endif /* _KMBENCH_CONTEXT_H */
