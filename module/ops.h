/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The operations that are timed; rows of scenario.c name them.
 */
#ifndef _KMBENCH_OPS_H
#define _KMBENCH_OPS_H

#include "batch.h"

extern const struct kmb_loops kmb_loops_empty;
extern const struct kmb_loops kmb_loops_delay;
extern const struct kmb_loops kmb_loops_alloc;
extern const struct kmb_loops kmb_loops_demand;
extern const struct kmb_loops kmb_loops_kvdemand;
extern const struct kmb_loops kmb_loops_free;
extern const struct kmb_loops kmb_loops_free_held;
extern const struct kmb_loops kmb_loops_free_lifo;
extern const struct kmb_loops kmb_loops_free_shuffled;
extern const struct kmb_loops kmb_loops_pair;
extern const struct kmb_loops kmb_loops_kzalloc;
extern const struct kmb_loops kmb_loops_kcalloc;
extern const struct kmb_loops kmb_loops_krealloc;
extern const struct kmb_loops kmb_loops_kvmalloc;
extern const struct kmb_loops kmb_loops_rcu;
extern const struct kmb_loops kmb_loops_nolock;
extern const struct kmb_loops kmb_loops_cold;
extern const struct kmb_loops kmb_loops_bulk;

void kmb_batch_fill(struct kmb_batch *batch);

#endif /* _KMBENCH_OPS_H */
