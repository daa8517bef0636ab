// SPDX-License-Identifier: GPL-2.0
/*
 * So many objects at once that no array holds them: a list, in which each
 * begins with the address of the next one.
 *
 * Left out: objects that are smaller than an address.
 */
#include <linux/gfp.h>
#include <linux/slab.h>

#include "many.h"
#include "objects.h"

/**
 * kmb_many_push() - put an object at the head of a list
 * @list: the list; NULL is an empty one.
 * @object: the object, or NULL.
 *
 * Return: false for a NULL.
 */
bool kmb_many_push(void ***list, void *object)
{
	void **head = object;

	if (!head)
		return false;
	*head = *list;
	*list = head;
	return true;
}

/**
 * kmb_many_take() - allocate objects with GFP_KERNEL
 * @bytes: the size of each.
 * @total: bytes of all.
 *
 * Return: the list, shorter than that when memory is used up.
 */
void **kmb_many_take(size_t bytes, size_t total)
{
	void **list = NULL;
	size_t taken;

	for (taken = 0; taken < total; taken += bytes)
		if (!kmb_many_push(&list, kmb_kmalloc(bytes, GFP_KERNEL |
						      __GFP_NOWARN)))
			break;
	return list;
}

/**
 * kmb_many_free() - free a list
 * @list: its head, or NULL.
 */
void kmb_many_free(void **list)
{
	void **object;

	while (list) {
		object = list;
		list = *object;
		kfree(object);
	}
}
