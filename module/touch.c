// SPDX-License-Identifier: GPL-2.0
/*
 * What memory the allocator itself touches: one kmalloc() and one kfree() under
 * the model of the TLB, each with an empty one; then the same once more, with what
 * it holds after a pair.
 *
 * Interrupts are off, so nothing else runs in between. Objects have come and gone
 * before, so it is the fast path that is looked at, unless a size has none.
 */
#include <linux/errno.h>
#include <linux/irqflags.h>
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "mailbox.h"
#include "own.h"
#include "refuse.h"
#include "tlb_marker.h"
#include "touch.h"
#include "uapi/kmbench.h"

#define TOUCH_GFP	(GFP_ATOMIC | __GFP_NOWARN)
/* Objects that come and go before. */
#define TOUCH_WARMUP	16

static __always_inline void *count_alloc(size_t size, struct kmb_tlb_mailbox *mailbox,
					 struct kmb_tlb_counts *counts)
{
	void *object;

	kmb_tlb_say(KMB_TLB_BEGIN, mailbox);
	object = kmalloc(size, TOUCH_GFP);
	kmb_tlb_say(KMB_TLB_END, mailbox);
	*counts = mailbox->counts;
	return object;
}

static __always_inline void count_free(void *object, struct kmb_tlb_mailbox *mailbox,
				       struct kmb_tlb_counts *counts)
{
	kmb_tlb_say(KMB_TLB_BEGIN, mailbox);
	kfree(object);
	kmb_tlb_say(KMB_TLB_END, mailbox);
	*counts = mailbox->counts;
}

static bool count_pairs(struct kmb_touch *touch, struct kmb_tlb_mailbox *mailbox)
{
	bool done = true;
	void *object;

	kmb_tlb_say(KMB_TLB_ARM, mailbox);
	object = count_alloc(touch->size, mailbox, &touch->alloc[KMB_TOUCH_EMPTY]);
	done &= !!object;
	kmb_tlb_say(KMB_TLB_EMPTY, mailbox);
	count_free(object, mailbox, &touch->free[KMB_TOUCH_EMPTY]);
	/* What the second pair finds is what this one leaves. */
	kfree(kmalloc(touch->size, TOUCH_GFP));
	object = count_alloc(touch->size, mailbox, &touch->alloc[KMB_TOUCH_WARM]);
	done &= !!object;
	count_free(object, mailbox, &touch->free[KMB_TOUCH_WARM]);
	kmb_tlb_say(KMB_TLB_DISARM, mailbox);
	return done;
}

static bool touch_pairs(struct kmb_touch *touch, struct kmb_tlb_mailbox *mailbox)
{
	unsigned long flags;
	unsigned int i;
	bool done;

	for (i = 0; i < TOUCH_WARMUP; i++)
		kfree(kmalloc(touch->size, TOUCH_GFP));
	local_irq_save(flags);
	done = count_pairs(touch, mailbox);
	local_irq_restore(flags);
	return done;
}

/**
 * kmb_touch_run() - look at what one kmalloc() and one kfree() touch
 * @touch: the (in) fields as they came from the tool; the rest is filled in.
 *
 * Return: 0; or a negative error, see struct kmb_touch.
 */
int kmb_touch_run(struct kmb_touch *touch)
{
	struct kmb_tlb_mailbox *mailbox;
	int err = 0;

	memset(&touch->model, 0, sizeof(touch->model));
	memset(touch->alloc, 0, sizeof(touch->alloc));
	memset(touch->free, 0, sizeof(touch->free));
	if (IS_ENABLED(CONFIG_PREEMPT_RT))
		return kmb_refuse(touch->why, -EOPNOTSUPP,
				  "kmalloc() with interrupts off is not legal on PREEMPT_RT");
	if (!touch->size || touch->size > KMALLOC_MAX_SIZE)
		return kmb_refuse(touch->why, -EINVAL, "size %llu: 1 to %lu",
				  touch->size, KMALLOC_MAX_SIZE);
	if (touch->pad)
		return kmb_refuse(touch->why, -EINVAL, "pad %llu: 0", touch->pad);
	mailbox = kmb_mailbox_new();
	if (!mailbox)
		return -ENOMEM;
	snprintf(mailbox->region, sizeof(mailbox->region), "pairs/%llu", touch->size);
	if (!touch_pairs(touch, mailbox))
		err = -ENOMEM;
	kmb_mailbox_report(mailbox, &touch->model);
	kmb_mailbox_free(mailbox);
	return err;
}
