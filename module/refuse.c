// SPDX-License-Identifier: GPL-2.0
/*
 * Refusing a request before anything is touched. Every reason goes to the
 * caller in the request's own @why: an errno alone names no field.
 */
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/stdarg.h>

#include "limits.h"
#include "refuse.h"

/**
 * kmb_refuse() - say why a request is refused
 * @why: receives the line: field, value, what would be right.
 * @err: a negative error.
 * @format: of the line.
 *
 * Return: @err.
 */
int kmb_refuse(char why[KMB_TEXT_LEN], int err, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(why, KMB_TEXT_LEN, format, args);
	va_end(args);
	return err;
}

/**
 * kmb_refuse_ranges() - refuse numbers that are out of their ranges
 * @why: receives the reason, of the first of them.
 * @ranges: the numbers.
 * @nr: how many.
 *
 * Return: 0; or -EINVAL.
 */
int kmb_refuse_ranges(char why[KMB_TEXT_LEN], const struct kmb_range *ranges,
		      size_t nr)
{
	for (; nr; ranges++, nr--)
		if (ranges->value < ranges->min || ranges->value > ranges->max)
			return kmb_refuse(why, -EINVAL, "%s %llu: %llu to %llu",
					  ranges->field, ranges->value,
					  ranges->min, ranges->max);
	return 0;
}

/**
 * kmb_object_bytes() - what an object takes
 * @size: what kmalloc() is asked for, bytes.
 *
 * Return: bytes of the size class or of the block that it gets.
 */
u64 kmb_object_bytes(size_t size)
{
	return kmalloc_size_roundup(size);
}

/**
 * kmb_share_bytes() - what the user allows to be held
 * @share: per cent of the available memory, 1 to KMB_MAX_SHARE.
 *
 * Return: bytes, as of now.
 */
u64 kmb_share_bytes(u32 share)
{
	u64 pages = max(si_mem_available(), 0L);

	return pages * PAGE_SIZE / 100 * share;
}

/**
 * kmb_refuse_share() - refuse to hold more memory than the user allows
 * @why: receives the reason, if it is refused.
 * @share: per cent of the available memory.
 * @bytes: what would be held at once.
 *
 * Return: 0; -EINVAL: @share is out of its range; -ENOSPC: it is too little.
 */
int kmb_refuse_share(char why[KMB_TEXT_LEN], u32 share, u64 bytes)
{
	u64 allowed = kmb_share_bytes(share);

	if (share < 1 || share > KMB_MAX_SHARE)
		return kmb_refuse(why, -EINVAL, "share %u: 1 to %u per cent",
				  share, KMB_MAX_SHARE);
	if (bytes > allowed)
		return kmb_refuse(why, -ENOSPC,
				  "share %u: %llu bytes would be held, %llu are allowed",
				  share, bytes, allowed);
	return 0;
}
