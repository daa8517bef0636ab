// SPDX-License-Identifier: GPL-2.0
/*
 * What objects occupy: the slabs or blocks that they lie in, each once.
 *
 * Taken from the objects themselves, not from the kernel's counters, which
 * everybody changes. What could fool a reader: a slab counts as a whole, also
 * where others have objects in it. Where those that are partly used are filled
 * up before, it is the first and the last slab.
 */
#include <linux/errno.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/sort.h>

#include "compat.h"
#include "footprint.h"
#include "limits.h"
#include "partials.h"
#include "refuse.h"
#include "scenario.h"

static int compare_heads(const void *a, const void *b)
{
	const void *x = *(void * const *)a, *y = *(void * const *)b;

	return x < y ? -1 : x > y;
}

/* From here on the array has heads of compound pages. */
static void count_blocks(void **objs, struct kmb_footprint *footprint)
{
	u64 i;

	for (i = 0; i < footprint->held; i++)
		objs[i] = virt_to_head_page(objs[i]);
	sort(objs, footprint->held, sizeof(*objs), compare_heads, NULL);
	for (i = 0; i < footprint->held; i++) {
		if (i && objs[i] == objs[i - 1])
			continue;
		footprint->blocks++;
		footprint->bytes += page_size(objs[i]);
	}
}

static void take_objects(void **objs, struct kmb_footprint *footprint)
{
	gfp_t gfp = kmb_gfp_at(footprint->gfp)->flags | __GFP_NOWARN;
	void *obj;

	while (footprint->held < footprint->objects &&
	       !signal_pending(current)) {
		obj = kmalloc(footprint->size, gfp);
		if (!obj)
			break;
		objs[footprint->held++] = obj;
		cond_resched();
	}
}

static int check_fields(struct kmb_footprint *footprint)
{
	if (footprint->gfp >= kmb_table_rows(KMB_TABLE_GFP))
		return kmb_refuse(footprint->why, -EINVAL, "gfp %u: below %u",
				  footprint->gfp, kmb_table_rows(KMB_TABLE_GFP));
	if (!footprint->objects || footprint->objects > KMB_MAX_FOOTPRINT)
		return kmb_refuse(footprint->why, -EINVAL, "objects %u: 1 to %u",
				  footprint->objects, KMB_MAX_FOOTPRINT);
	if (footprint->flags & ~KMB_FOOTPRINT_FILL)
		return kmb_refuse(footprint->why, -EINVAL, "flags %#x: 0 or %#x",
				  footprint->flags, KMB_FOOTPRINT_FILL);
	if (!footprint->size || footprint->size > KMALLOC_MAX_SIZE)
		return kmb_refuse(footprint->why, -EINVAL, "size %llu: 1 to %lu",
				  footprint->size, KMALLOC_MAX_SIZE);
	return kmb_refuse_share(footprint->why, footprint->share,
				footprint->objects *
				kmb_object_bytes(footprint->size));
}

/* What the objects leave of a share, which was found to suffice for them. */
static u64 bytes_left(const struct kmb_footprint *footprint)
{
	u64 share = kmb_share_bytes(footprint->share);

	return share - min(share, footprint->objects * kmb_object_bytes(footprint->size));
}

static void look_at(void **objs, void **heads, struct kmb_footprint *footprint)
{
	u64 i;

	take_objects(objs, footprint);
	memcpy(heads, objs, footprint->held * sizeof(*objs));
	count_blocks(heads, footprint);
	for (i = 0; i < footprint->held; i++)
		kfree(objs[i]);
}

/**
 * kmb_footprint() - hold objects for a moment and see what they occupy
 * @footprint: the (in) fields as they came from the tool; the rest is filled in.
 * @partials: of the last one; receives what fills up slabs that others use a part of, until
 *	kmb_partials_give_back(). Where a CPU has sheaves nothing: what is measured next gets
 *	its objects from these, and how full they are would be left to chance.
 *
 * Return: 0; or a negative error as struct kmb_run has them. All objects have
 * been freed, but for those of @partials.
 */
int kmb_footprint(struct kmb_footprint *footprint, struct kmb_partials *partials)
{
	void **objs;
	int err;

	kmb_partials_give_back(partials);
	footprint->held = 0;
	footprint->blocks = 0;
	footprint->bytes = 0;
	err = check_fields(footprint);
	if (err)
		return err;
	objs = kvcalloc(2 * footprint->objects, sizeof(*objs), GFP_KERNEL);
	if (!objs)
		return -ENOMEM;
	if (footprint->flags & KMB_FOOTPRINT_FILL)
		kmb_partials_use_up(partials, footprint->size,
				    kmb_gfp_at(footprint->gfp)->flags, bytes_left(footprint));
	look_at(objs, objs + footprint->objects, footprint);
	if (KMB_KMALLOC_HAS_SHEAVES)
		kmb_partials_give_back(partials);
	kvfree(objs);
	return signal_pending(current) ? -EINTR : 0;
}
