/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Walks over memory: a line of each page, each load the address of the next.
 */
#ifndef _KMBENCH_WALK_H
#define _KMBENCH_WALK_H

#include <linux/types.h>

struct kmb_buffer;
struct kmb_row;
struct kmb_tlb_mailbox;

u32 kmb_patterns(void);
void kmb_pattern_row(struct kmb_row *row);
int kmb_walk_lay(const struct kmb_buffer *buffer, u32 pattern, u32 seed);
u64 kmb_walk_go(void *start, u64 warmup, u64 loads, struct kmb_tlb_mailbox *mailbox, bool empty);

#endif /* _KMBENCH_WALK_H */
