// SPDX-License-Identifier: GPL-2.0
/*
 * What objects occupy: the slabs or blocks that they lie in, each once.
 *
 * Taken from the objects themselves, not from the kernel's counters, which
 * everybody changes. What could fool a reader: a slab counts as a whole, also
 * where others have objects in it; with many objects that is the first and
 * the last slab.
 */
#include <linux/errno.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/sort.h>

#include "footprint.h"
#include "limits.h"
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
	if (footprint->pad)
		return kmb_refuse(footprint->why, -EINVAL, "pad %u: 0",
				  footprint->pad);
	if (!footprint->size || footprint->size > KMALLOC_MAX_SIZE)
		return kmb_refuse(footprint->why, -EINVAL, "size %llu: 1 to %lu",
				  footprint->size, KMALLOC_MAX_SIZE);
	return kmb_refuse_share(footprint->why, footprint->share,
				footprint->objects *
				kmb_object_bytes(footprint->size));
}

/**
 * kmb_footprint() - hold objects for a moment and see what they occupy
 * @footprint: the (in) fields as they came from the tool; the rest is filled in.
 *
 * Return: 0; or a negative error as struct kmb_run has them. All objects have
 * been freed.
 */
int kmb_footprint(struct kmb_footprint *footprint)
{
	void **objs, **heads;
	u64 i;
	int err;

	footprint->held = 0;
	footprint->blocks = 0;
	footprint->bytes = 0;
	err = check_fields(footprint);
	if (err)
		return err;
	objs = kvcalloc(2 * footprint->objects, sizeof(*objs), GFP_KERNEL);
	if (!objs)
		return -ENOMEM;
	heads = objs + footprint->objects;
	take_objects(objs, footprint);
	memcpy(heads, objs, footprint->held * sizeof(*objs));
	count_blocks(heads, footprint);
	for (i = 0; i < footprint->held; i++)
		kfree(objs[i]);
	kvfree(objs);
	return signal_pending(current) ? -EINTR : 0;
}
