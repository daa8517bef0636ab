// SPDX-License-Identifier: GPL-2.0
/*
 * Memory that kfree_rcu() has not given back yet: of runs that are over, so that
 * they and the next one together hold no more than the user allows, and that
 * nothing is freed in the middle of a run of something else.
 *
 * The caller holds the lock of runs. Modules cannot ask whether it is all back
 * (kvfree_rcu_barrier() is not exported), so that it is a matter of time.
 */
#include <linux/delay.h>
#include <linux/errno.h>
#include <linux/jiffies.h>

#include "compat.h"
#include "late.h"
#include "refuse.h"

static u64 late_bytes;
/* When they are back at the latest, jiffies. */
static unsigned long late_until;

static void forget_what_is_back(void)
{
	if (late_bytes && !time_before(jiffies, late_until))
		late_bytes = 0;
}

/**
 * kmb_late_add() - note what a run gave to kfree_rcu()
 * @bytes: how much.
 */
void kmb_late_add(u64 bytes)
{
	forget_what_is_back();
	late_bytes += bytes;
	late_until = jiffies + KMB_KVFREE_RCU_SECONDS * HZ;
}

/* What is late counts as available: it is of this suite. */
static bool fits(u64 bytes, u32 share)
{
	return late_bytes + bytes <=
	       kmb_share_bytes(share) + late_bytes / 100 * share;
}

/**
 * kmb_late_make_room() - wait until a run may begin
 * @bytes: that it will hold at once.
 * @share: per cent of the available memory that may be held.
 * @late: it gives memory to kfree_rcu() itself, and may begin beside what
 *	is not back as long as @share has room for both.
 *
 * Return: 0; -EINTR: a signal came first. Takes up to KMB_KVFREE_RCU_SECONDS.
 */
int kmb_late_make_room(u64 bytes, u32 share, bool late)
{
	long left;

	forget_what_is_back();
	if (!late_bytes || (late && fits(bytes, share)))
		return 0;
	left = late_until - jiffies;
	if (left > 0 && msleep_interruptible(jiffies_to_msecs(left)))
		return -EINTR;
	late_bytes = 0;
	return 0;
}
