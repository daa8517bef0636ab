/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Refusing a request: the error, and a line for people which field is wrong.
 */
#ifndef _KMBENCH_REFUSE_H
#define _KMBENCH_REFUSE_H

#include <linux/compiler_attributes.h>
#include <linux/types.h>

#include "uapi/kmbench.h"

/**
 * struct kmb_range - a number of a request, and what it may be
 * @field: its name in the request.
 * @value: the number.
 * @min: the least that is right.
 * @max: the most.
 */
struct kmb_range {
	const char *field;
	u64 value, min, max;
};

__printf(3, 4) int kmb_refuse(char why[KMB_TEXT_LEN], int err,
			      const char *format, ...);
int kmb_refuse_ranges(char why[KMB_TEXT_LEN], const struct kmb_range *ranges,
		      size_t nr);
u64 kmb_object_bytes(size_t size);
u64 kmb_share_bytes(u32 share);
int kmb_refuse_share(char why[KMB_TEXT_LEN], u32 share, u64 bytes);

#endif /* _KMBENCH_REFUSE_H */
