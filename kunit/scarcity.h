/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A machine without free memory, or with single free pages only, for as long
 * as a case wants.
 */
#ifndef _KMBENCH_SCARCITY_H
#define _KMBENCH_SCARCITY_H

#include <kunit/test.h>
#include <linux/gfp.h>
#include <linux/types.h>

void kmb_scarcity_begin(struct kunit *test);
void kmb_scarcity_exit(struct kunit *test);
void kmb_scarcity_needs_no_files(struct kunit *test);
void kmb_scarcity_nofail_begins(size_t bytes);
void kmb_scarcity_nofail_ends(size_t bytes);

unsigned long kmb_scarcity_take(int min_order, gfp_t mobility);
void kmb_scarcity_take_all_but_one(void);
void kmb_scarcity_give_singles(void);
void kmb_scarcity_leave_singles(void);
bool kmb_scarcity_take_pairs(void);
void kmb_scarcity_give_all(void);
bool kmb_scarcity_is_over(void);
unsigned int kmb_scarcity_oom_calls(void);

#endif /* _KMBENCH_SCARCITY_H */
