// SPDX-License-Identifier: GPL-2.0
/*
 * Slabs of a kmalloc() cache of which others use a part.
 *
 * How many there are, what a kernel did since it booted decides: an interrupt that
 * came a moment later is enough. Whether a burst gets its objects from these or has
 * slabs made, and whether slabs that are empty again are kept or given back, depends
 * on it: the same kernel costs a burst of 256 objects of 64 bytes 30 or 54 thousand
 * instructions. So they are filled up before a cell is measured, and stay so until
 * the next one.
 */
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>

#include "compat.h"
#include "limits.h"
#include "partials.h"
#include "refuse.h"

/*
 * Slabs of which a cell gets all objects, one after the other, before no other is taken to be
 * left. Those that are empty and kept come first: up to ten on a node, and on a CPU thirteen of
 * eight objects each; and of those whose objects lie in sheaves, as many as twelve of these have
 * objects of. A small object has so many neighbours in its slab that a sheaf divides them: then
 * none is whole, and it is all of KMB_MAX_PARTIALS.
 */
#define WHOLE_SLABS	(KMB_KMALLOC_HAS_SHEAVES ? 128 : 32)
/* As many as a few slabs and sheaves have of large objects; of small ones each page has many. */
#define FIRST_PAGE_TRIES	256

/* Inlined, so that each call of kmalloc() is that of who counts it, or does not. */
static __always_inline void *take_one(struct kmb_partials *partials, u64 size, gfp_t gfp)
{
	void **obj = kmalloc(max_t(u64, size, sizeof(*obj)), gfp | __GFP_NOWARN);

	if (!obj)
		return NULL;
	*obj = partials->newest;
	partials->newest = obj;
	partials->nr++;
	return obj;
}

/**
 * kmb_partials_use_up() - fill up the partly used slabs that objects could come from
 * @partials: all zero; receives what was taken for it; needs kmb_partials_give_back().
 * @size: of the objects, bytes. Where slabs do not provide them, nothing is taken.
 * @gfp: GFP flags they are allocated with.
 * @bytes: to be taken, at most; KMB_MAX_BATCH_BYTES in any case.
 *
 * On this CPU and its node, as far as that and KMB_MAX_PARTIALS objects are enough, or until
 * there is no memory, or a signal. Where the call site decides which cache an object comes
 * from (CONFIG_RANDOM_KMALLOC_CACHES), it is mostly another one. Sleeps.
 */
void kmb_partials_use_up(struct kmb_partials *partials, u64 size, gfp_t gfp, u64 bytes)
{
	u64 fit = min_t(u64, bytes, KMB_MAX_BATCH_BYTES) / kmb_object_bytes(size);
	u32 limit = min_t(u64, KMB_MAX_PARTIALS, fit);
	u32 in_a_row = 0, whole = 0;
	struct page *slab = NULL;
	void *obj;

	if (size > KMALLOC_MAX_CACHE_SIZE)
		return;
	while (whole < WHOLE_SLABS && partials->nr < limit && !signal_pending(current)) {
		obj = take_one(partials, size, gfp);
		if (!obj)
			break;
		in_a_row = virt_to_head_page(obj) == slab ? in_a_row + 1 : 1;
		slab = virt_to_head_page(obj);
		if (in_a_row == page_size(slab) / ksize(obj))
			whole++;
		cond_resched();
	}
}

static bool is_of_first_page(const void *obj)
{
	return virt_to_page(obj) == virt_to_head_page(obj);
}

/**
 * kmb_partials_first_page() - have the next object be one of the first page of its slab
 * @size: of the objects, bytes. Where slabs do not provide them, nothing is done.
 * @gfp: GFP flags they are allocated with.
 *
 * It takes more instructions to find the slab of an object in one of the other pages, and which
 * object comes first is left to chance. On this CPU, which hands out first what was freed last.
 * Of FIRST_PAGE_TRIES objects none may be one: then it stays as it was. Sleeps.
 *
 * Return: how often it called kmalloc(), and as often kfree().
 */
u32 kmb_partials_first_page(u64 size, gfp_t gfp)
{
	struct kmb_partials others = { .nr = 0 };
	u32 calls = 0;
	void **obj;

	/* Of less than a pointer all are of the first page, and cannot be chained. */
	if (size < sizeof(*obj) || size > KMALLOC_MAX_CACHE_SIZE)
		return 0;
	do {
		obj = take_one(&others, size, gfp);
		calls++;
	} while (obj && !is_of_first_page(obj) && calls < FIRST_PAGE_TRIES);
	if (obj)
		others.newest = *obj;
	kmb_partials_give_back(&others);
	kfree(obj);
	return calls;
}

/**
 * kmb_partials_give_back() - free all that was taken
 * @partials: of kmb_partials_use_up(), or all zero, which it is afterwards. Sleeps.
 */
void kmb_partials_give_back(struct kmb_partials *partials)
{
	void **obj;

	while (partials->newest) {
		obj = partials->newest;
		partials->newest = *obj;
		kfree(obj);
		cond_resched();
	}
	partials->nr = 0;
}
