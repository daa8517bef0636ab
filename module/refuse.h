/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Refusing a request: the error, and a line for people which field is wrong.
 */
#ifndef _KMBENCH_REFUSE_H
#define _KMBENCH_REFUSE_H

#include <linux/compiler_attributes.h>
#include <linux/types.h>

#include "uapi/kmbench.h"

__printf(3, 4) int kmb_refuse(char why[KMB_TEXT_LEN], int err,
			      const char *format, ...);
int kmb_refuse_share(char why[KMB_TEXT_LEN], u32 share, u64 bytes);

#endif /* _KMBENCH_REFUSE_H */
