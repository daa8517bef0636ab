/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Memory that the module needs for itself while it measures: from the page
 * allocator.
 *
 * Calls of kmalloc() and kfree() are counted, by the kernel's tracepoints, too,
 * and are to be those of the scenario. kvmalloc(), vmalloc() and their likes end
 * in such calls, which compilers make jumps of: the kernel then takes this
 * module for the caller.
 */
#ifndef _KMBENCH_OWN_H
#define _KMBENCH_OWN_H

#include <linux/gfp.h>

/**
 * kmb_own_alloc() - allocate zeroed pages
 * @size: bytes.
 *
 * Return: the memory, to be freed by kmb_own_free(); NULL: there is none.
 */
static inline void *kmb_own_alloc(size_t size)
{
	return alloc_pages_exact(size, GFP_KERNEL | __GFP_ZERO | __GFP_NOWARN);
}

/**
 * kmb_own_free() - free them
 * @own: of kmb_own_alloc(), or NULL.
 * @size: the same as there.
 */
static inline void kmb_own_free(void *own, size_t size)
{
	if (own)
		free_pages_exact(own, size);
}

#endif /* _KMBENCH_OWN_H */
