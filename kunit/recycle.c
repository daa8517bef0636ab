// SPDX-License-Identifier: GPL-2.0
/*
 * Does memory that was freed come back?
 *
 * A small object does when its address is given out again. A large one need
 * not, as its block may be merged: there so much is taken and freed that the
 * free pages would show if it were lost. Left out: small leaks. One object of
 * a handful that is not freed goes unseen here.
 */
#include <linux/kernel.h>
#include <linux/slab.h>

#include "dirt.h"
#include "promises.h"
#include "recycle.h"

static bool is_among(const void *object, const struct kmb_objects *were)
{
	unsigned int i;

	for (i = 0; i < were->nr; i++)
		if (kasan_reset_tag(were->at[i]) == kasan_reset_tag(object))
			return true;
	return false;
}

/**
 * kmb_lost_since() - count the pages that are gone
 * @before: from kmb_counters_read().
 *
 * Return: how many, see kmb_counters_lost().
 */
long kmb_lost_since(const struct kmb_counters *before)
{
	struct kmb_counters now;

	kmb_counters_read(&now);
	return kmb_counters_lost(before, &now);
}

/**
 * kmb_is_lost() - ask whether that is a leak
 * @pages: how many are gone.
 *
 * Return: whether it is a quarter of KMB_VOLUME, more than a slab or a task
 * keeps for good reasons.
 */
bool kmb_is_lost(long pages)
{
	return pages > (long)(KMB_VOLUME / 4 / PAGE_SIZE);
}

/**
 * kmb_count_back() - count the objects that came back
 * @held: objects.
 * @were: objects that were freed before.
 *
 * Return: how many of @held are among @were, by their addresses.
 */
unsigned int kmb_count_back(const struct kmb_objects *held,
			    const struct kmb_objects *were)
{
	unsigned int i, back = 0;

	for (i = 0; i < held->nr; i++)
		back += is_among(held->at[i], were);
	return back;
}

/* Take a handful and give it back. */
static void turn_over(struct kunit *test,
		      void *(*alloc)(size_t bytes, gfp_t flags), size_t bytes,
		      kmb_give_back_fn *give_back, struct kmb_objects *were)
{
	struct kmb_objects *held = test->priv;

	*were = *kmb_take(test, alloc, bytes, GFP_KERNEL, "GFP_KERNEL");
	if (!were->nr)
		kmb_skip(test, "no free block of %zu bytes", bytes);
	held->nr = 0;
	give_back(were->at, were->nr);
}

static bool address_comes_back(struct kunit *test,
			       void *(*alloc)(size_t bytes, gfp_t flags),
			       size_t bytes, kmb_give_back_fn *give_back)
{
	const struct kmb_objects *given;
	unsigned int try, back = 0;
	struct kmb_objects were;

	if (IS_ENABLED(CONFIG_KASAN_GENERIC))
		kmb_skip(test, "CONFIG_KASAN_GENERIC keeps freed objects in quarantine");
	for (try = 0; try < KMB_TRIES && !back; try++) {
		turn_over(test, alloc, bytes, give_back, &were);
		given = kmb_take(test, alloc, bytes, GFP_KERNEL, "GFP_KERNEL");
		back = kmb_count_back(given, &were);
		kmb_put(test);
	}
	return back;
}

static bool volume_comes_back(struct kunit *test,
			      void *(*alloc)(size_t bytes, gfp_t flags),
			      size_t bytes, kmb_give_back_fn *give_back)
{
	struct kmb_counters before;
	struct kmb_objects were;
	size_t volume = 0;

	kmb_counters_read(&before);
	while (volume < KMB_VOLUME) {
		turn_over(test, alloc, bytes, give_back, &were);
		volume += were.nr * bytes;
	}
	return !kmb_is_lost(kmb_lost_since(&before));
}

/**
 * kmb_comes_back() - ask whether memory that is freed comes back
 * @test: the case, which holds no objects.
 * @alloc: as for kmb_take().
 * @bytes: the size of each object.
 * @give_back: frees a handful, in the way that is in question.
 *
 * Return: whether it does.
 */
bool kmb_comes_back(struct kunit *test,
		    void *(*alloc)(size_t bytes, gfp_t flags), size_t bytes,
		    kmb_give_back_fn *give_back)
{
	/* Where many slabs have room it is others that are given out next. */
	return (bytes <= KMALLOC_MAX_CACHE_SIZE &&
		address_comes_back(test, alloc, bytes, give_back)) ||
	       volume_comes_back(test, alloc, bytes, give_back);
}
