// SPDX-License-Identifier: GPL-2.0
/*
 * What walking over memory costs: allocates it, looks up how it is mapped, walks,
 * and gives it back.
 */
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/string.h>

#include "buffer.h"
#include "counters.h"
#include "limits.h"
#include "mailbox.h"
#include "mapping.h"
#include "refuse.h"
#include "tlb.h"
#include "walk.h"

static int check_walk(struct kmb_walk *walk)
{
	const struct kmb_range ranges[] = {
		{ "kind", walk->kind, 0, kmb_kinds() - 1 },
		{ "pattern", walk->pattern, 0, kmb_patterns() - 1 },
		{ "passes", walk->passes, 1, KMB_MAX_WALK_LOADS },
		{ "warmup", walk->warmup, 0, KMB_MAX_WALK_LOADS },
		{ "flags", walk->flags, 0, KMB_WALK_FLAGS },
	};

	return kmb_refuse_ranges(walk->why, ranges, ARRAY_SIZE(ranges));
}

/**
 * kmb_refuse_bytes() - refuse a buffer that no kind can have
 * @why: receives the reason, if it is refused.
 * @kind: below kmb_kinds().
 * @bytes: how much.
 *
 * Return: 0; or -EINVAL.
 */
int kmb_refuse_bytes(char why[KMB_TEXT_LEN], u32 kind, u64 bytes)
{
	size_t unit = kmb_kind_unit(kind), least = kmb_kind_least(kind);

	if (!(bytes & (unit - 1)) && bytes >= least && bytes <= KMB_MAX_WALK_BYTES)
		return 0;
	return kmb_refuse(why, -EINVAL, "bytes %llu: a multiple of %zu from %zu to %u",
			  bytes, unit, least, KMB_MAX_WALK_BYTES);
}

static int check_bytes(struct kmb_walk *walk)
{
	int err = kmb_refuse_bytes(walk->why, walk->kind, walk->bytes);

	if (err)
		return err;
	if (((u64)walk->passes + walk->warmup) * (walk->bytes >> PAGE_SHIFT) >
	    KMB_MAX_WALK_LOADS)
		return kmb_refuse(walk->why, -EINVAL,
				  "passes %u and warmup %u: at most %u loads in all",
				  walk->passes, walk->warmup, KMB_MAX_WALK_LOADS);
	return kmb_refuse_share(walk->why, walk->share, walk->bytes);
}

/* As "kmalloc/chase/65536". */
static void name_region(struct kmb_tlb_mailbox *mailbox, const struct kmb_walk *walk)
{
	struct kmb_row kind = { .index = walk->kind }, pattern = { .index = walk->pattern };

	kmb_kind_row(&kind);
	kmb_pattern_row(&pattern);
	snprintf(mailbox->region, sizeof(mailbox->region), "%s/%s/%llu", kind.name,
		 pattern.name, walk->bytes);
}

static u64 go(struct kmb_walk *walk, const struct kmb_buffer *buffer,
	      struct kmb_tlb_mailbox *mailbox)
{
	return kmb_walk_go(kmb_buffer_page(buffer, 0), (u64)walk->warmup * buffer->nr_pages,
			   walk->loads, mailbox, walk->flags & KMB_WALK_EMPTY);
}

static void walk_counted(struct kmb_walk *walk, const struct kmb_buffer *buffer)
{
	struct kmb_counters counters;

	kmb_counters_open(&counters, walk->events);
	kmb_counters_start(&counters);
	walk->ticks = go(walk, buffer, NULL);
	kmb_counters_stop(&counters);
	kmb_counters_close(&counters, walk->events);
}

static int walk_modelled(struct kmb_walk *walk, const struct kmb_buffer *buffer)
{
	struct kmb_tlb_mailbox *mailbox = kmb_mailbox_new();

	if (!mailbox)
		return -ENOMEM;
	name_region(mailbox, walk);
	walk->ticks = go(walk, buffer, mailbox);
	kmb_mailbox_report(mailbox, &walk->model);
	walk->counts = mailbox->counts;
	kmb_mailbox_free(mailbox);
	return 0;
}

static int walk_over(struct kmb_walk *walk, const struct kmb_buffer *buffer)
{
	walk->loads = (u64)walk->passes * buffer->nr_pages;
	if (!walk->flags)
		return walk_modelled(walk, buffer);
	if (walk->flags & KMB_WALK_COUNT)
		walk_counted(walk, buffer);
	else
		walk->ticks = go(walk, buffer, NULL);
	return 0;
}

static void clear_answer(struct kmb_walk *walk)
{
	walk->loads = 0;
	walk->ticks = 0;
	walk->is_mapped = 0;
	memset(&walk->mapped, 0, sizeof(walk->mapped));
	memset(&walk->model, 0, sizeof(walk->model));
	memset(&walk->counts, 0, sizeof(walk->counts));
	memset(walk->events, 0, sizeof(walk->events));
}

/**
 * kmb_walk_run() - measure one walk
 * @walk: the (in) fields as they came from the tool; the rest is filled in.
 *
 * Return: 0; or a negative error, see struct kmb_walk. All memory has been freed.
 */
int kmb_walk_run(struct kmb_walk *walk)
{
	struct kmb_buffer buffer;
	int err;

	clear_answer(walk);
	err = check_walk(walk);
	if (!err)
		err = check_bytes(walk);
	if (err)
		return err;
	err = kmb_buffer_init(&buffer, walk->kind, walk->bytes);
	if (err)
		return err;
	err = kmb_walk_lay(&buffer, walk->pattern, walk->seed);
	if (err)
		goto free_buffer;
	if (!(walk->flags & KMB_WALK_BLIND))
		walk->is_mapped = kmb_mapping_read(&buffer, &walk->mapped);
	err = walk_over(walk, &buffer);
free_buffer:
	kmb_buffer_free(&buffer);
	return err;
}
