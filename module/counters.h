/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _KMBENCH_COUNTERS_H
#define _KMBENCH_COUNTERS_H

#include "uapi/kmbench.h"

struct perf_event;

/* Events of the calling task, in the kernel, that are counted together. */
struct kmb_counters {
	struct perf_event *event[KMB_EVENTS];
};

void kmb_counters_open(struct kmb_counters *counters, struct kmb_count counts[KMB_EVENTS]);
void kmb_counters_start(const struct kmb_counters *counters);
void kmb_counters_stop(const struct kmb_counters *counters);
void kmb_counters_close(struct kmb_counters *counters, struct kmb_count counts[KMB_EVENTS]);

#endif /* _KMBENCH_COUNTERS_H */
