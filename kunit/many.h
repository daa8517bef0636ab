/* SPDX-License-Identifier: GPL-2.0 */
/*
 * So many objects at once that no array holds them: a list, in which each
 * begins with the address of the next one.
 */
#ifndef _KMBENCH_MANY_H
#define _KMBENCH_MANY_H

#include <linux/types.h>

bool kmb_many_push(void ***list, void *object);
void **kmb_many_take(size_t bytes, size_t total);
void kmb_many_free(void **list);

#endif /* _KMBENCH_MANY_H */
