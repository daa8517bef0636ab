// SPDX-License-Identifier: GPL-2.0
/*
 * Is memory that was freed given out again? A handful of addresses is noted
 * and objects are taken until one of them is back.
 *
 * Left out: several CPUs, each of which keeps free objects of its own, and
 * KASAN's quarantine: there it may take longer than anyone waits.
 */
#include <linux/mm.h>

#include "freed.h"
#include "many.h"

/* How many others may come before, which is more than a few slabs. */
#define TRIES 512

static unsigned long address_of(const void *object)
{
	return (unsigned long)kasan_reset_tag(object);
}

/**
 * kmb_freed_note() - remember where the objects of a trip are
 * @freed: (out) their addresses.
 * @trip: the trip, before they are freed.
 */
void kmb_freed_note(struct kmb_freed *freed, const struct kmb_trip *trip)
{
	unsigned int i;

	for (i = 0; i < KMB_MAX_STOPS; i++)
		freed->at[i] = i < trip->nr ?
			       address_of(trip->stops[i].object) : 0;
}

static bool was_freed(const struct kmb_freed *freed, const void *object)
{
	unsigned int i;

	for (i = 0; i < KMB_MAX_STOPS; i++)
		if (freed->at[i] && freed->at[i] == address_of(object))
			return true;
	return false;
}

/**
 * kmb_freed_comes_back() - take objects until one is where one was freed
 * @freed: where objects were freed.
 * @bytes: their size, at least that of a pointer.
 * @alloc: the function that had allocated them.
 * @flags: the flags that it had.
 *
 * Return: whether one came back.
 */
bool kmb_freed_comes_back(const struct kmb_freed *freed, size_t bytes,
			  void *(*alloc)(size_t bytes, gfp_t flags),
			  gfp_t flags)
{
	void **list = NULL, *object;
	bool back = false;
	unsigned int i;

	for (i = 0; i < TRIES && !back; i++) {
		object = alloc(bytes, flags);
		if (!kmb_many_push(&list, object))
			break;
		back = was_freed(freed, object);
	}
	kmb_many_free(list);
	return back;
}
