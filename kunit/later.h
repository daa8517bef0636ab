/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Objects, with locks and without, ways to free them once their readers are
 * gone, and their content around the rcu_head, which is RCU's.
 */
#ifndef _KMBENCH_LATER_H
#define _KMBENCH_LATER_H

#include <kunit/test.h>
#include <linux/delay.h>
#include <linux/gfp.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include <linux/types.h>

#include "../module/compat.h"
#include "objects.h"
#include "pattern.h"
#include "promises.h"

/* An object with its rcu_head in front, and one as far back as is allowed. */
struct kmb_front {
	struct rcu_head rcu;
	u8 rest[];
};

struct kmb_behind {
	u8 start[4096 - sizeof(void *)];
	struct rcu_head rcu;
	u8 rest[];
};

static inline void kmb_front_later(void *object)
{
	struct kmb_front *front = object;

	kfree_rcu(front, rcu);
}

static inline void kmb_behind_later(void *object)
{
	struct kmb_behind *behind = object;

	kfree_rcu(behind, rcu);
}

static inline void kmb_front_kv_later(void *object)
{
	struct kmb_front *front = object;

	kvfree_rcu(front, rcu);
}

static inline void kmb_behind_kv_later(void *object)
{
	struct kmb_behind *behind = object;

	kvfree_rcu(behind, rcu);
}

/* No reader may call it. */
static inline void kmb_headless_later(void *object)
{
	kmb_kvfree_rcu_mightsleep(object);
}

#ifdef KMB_HAS_RCU_NOLOCK
/* Its rcu_head has a type of its own, which may be smaller. */
struct kmb_nolock {
	struct kvfree_rcu_head rcu;
	u8 rest[];
};

static inline void kmb_nolock_later(void *object)
{
	struct kmb_nolock *nolock = object;

	kfree_rcu_nolock(nolock, rcu);
}

static inline void kmb_nolock_later_irqs_off(void *object)
{
	unsigned long flags;

	local_irq_save(flags);
	kmb_nolock_later(object);
	local_irq_restore(flags);
}
#endif

#ifdef KMB_HAS_NOLOCK
/*
 * It gives up where it would have to wait for a lock, so it is tried again, later where
 * the flags allow that: who holds the lock may have lost the CPU.
 */
static inline void *kmb_by_kmalloc_nolock(size_t bytes, gfp_t flags)
{
	unsigned int tries = 8;
	void *object;

	do {
		object = kmalloc_nolock(kmb_hide(bytes),
					flags & (__GFP_ACCOUNT | __GFP_ZERO),
					NUMA_NO_NODE);
		if (!object && gfpflags_allow_blocking(flags))
			usleep_range(USEC_PER_MSEC, 2 * USEC_PER_MSEC);
	} while (!object && --tries);
	OPTIMIZER_HIDE_VAR(object);
	return object;
}
#endif

/* Without cmpxchg of two words only slabs that are debugged serve without locks. */
static inline void kmb_skip_if_never_served(struct kunit *test,
					    void *(*alloc)(size_t bytes, gfp_t flags))
{
#ifdef KMB_HAS_NOLOCK
	void *object;

	if (alloc != kmb_by_kmalloc_nolock || kmb_has_cmpxchg_double())
		return;
	object = alloc(sizeof(struct rcu_head), 0);
	kfree(object);
	if (!object)
		kmb_skip(test, "no cmpxchg of two words for slabs, and they are not debugged");
#endif
}

/* Without an rcu_head, @head is @bytes. */
static inline void kmb_write_around(void *object, size_t bytes, size_t head)
{
	kmb_pattern_write(object, 0, head, bytes);
	kmb_pattern_write(object, head + sizeof(struct rcu_head), bytes, bytes);
}

static const u8 __maybe_unused *
kmb_find_wrong_around(const void *object, size_t bytes, size_t head)
{
	return kmb_pattern_find_wrong(object, 0, head, bytes) ?:
	       kmb_pattern_find_wrong(object, head + sizeof(struct rcu_head),
				      bytes, bytes);
}

#endif /* _KMBENCH_LATER_H */
