/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * What a PMU counts around a walk; a part of kmbench.h, and of its version.
 */
#ifndef _UAPI_KMBENCH_PMU_H
#define _UAPI_KMBENCH_PMU_H

#include <linux/types.h>

/*
 * The PMU counts, which costs time where it begins and ends. With any of these the model of
 * a TLB is not asked.
 */
#define KMB_WALK_COUNT		(1U << 0)
/* The TLB is emptied before the walk: on x86-64, arm64 and riscv64. */
#define KMB_WALK_EMPTY		(1U << 1)
/* How the memory is mapped is not looked up: who counts around the ioctl counts that, too. */
#define KMB_WALK_BLIND		(1U << 2)
#define KMB_WALK_FLAGS		(KMB_WALK_COUNT | KMB_WALK_EMPTY | KMB_WALK_BLIND)

/**
 * enum kmb_event - what the PMU counts around a walk, from within the module
 * @KMB_EVENT_CYCLES: "cycles" of perf(1).
 * @KMB_EVENT_INSTRUCTIONS: "instructions".
 * @KMB_EVENT_DTLB_LOAD_MISSES: "dTLB-load-misses".
 * @KMB_EVENTS: how many there are.
 */
enum kmb_event {
	KMB_EVENT_CYCLES,
	KMB_EVENT_INSTRUCTIONS,
	KMB_EVENT_DTLB_LOAD_MISSES,
	KMB_EVENTS,
};

/**
 * struct kmb_count - what an event of the PMU counted, in the kernel alone
 * @value: (out) events.
 * @enabled: (out) how long they were to be counted, nanoseconds.
 * @running: (out) how long they were; less than @enabled: @value is not all.
 * @err: (out) 0; or the negative error of perf_event_create_kernel_counter(), as -ENOENT
 *	where the machine has no PMU that counts it; or -EBUSY: it had no counter, or lost it.
 *	Then all else is 0.
 * @pad: (out) 0.
 */
struct kmb_count {
	__u64 value;
	__u64 enabled;
	__u64 running;
	__s32 err;
	__u32 pad;
};

#endif /* _UAPI_KMBENCH_PMU_H */
