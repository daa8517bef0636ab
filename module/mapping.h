/* SPDX-License-Identifier: GPL-2.0 */
/*
 * How memory is mapped, as the page tables have it.
 */
#ifndef _KMBENCH_MAPPING_H
#define _KMBENCH_MAPPING_H

#include <linux/types.h>

#include "uapi/kmbench.h"

struct kmb_buffer;

unsigned long kmb_mapping_frame(const void *page);
bool kmb_mapping_read(const struct kmb_buffer *buffer, struct kmb_mapped *mapped);
int kmb_mapping_look(struct kmb_look *look);

#endif /* _KMBENCH_MAPPING_H */
