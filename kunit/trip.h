/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Trips into a context: calls that are made there, one after the other, and
 * judged afterwards in the task, as no case may end anywhere else.
 */
#ifndef _KMBENCH_TRIP_H
#define _KMBENCH_TRIP_H

#include <kunit/test.h>
#include <linux/sizes.h>
#include <linux/types.h>

#include "../module/compat.h"
#include "../module/tables.h"
#include "promises.h"

/* Calls of one trip. */
#define KMB_MAX_STOPS	64
/*
 * Bytes of one trip, to be short where nothing else can run meanwhile; an
 * object of each size of tables.h.
 */
#define KMB_TRIP_BYTES	(SZ_8M + SZ_64K)

/**
 * struct kmb_state - what no call of the allocator may change
 * @preempt: preempt_count().
 * @irqs_off: whether interrupts are off.
 * @switches: how often the task there gave up its CPU.
 * @scope: what the task's allocations may do: the PF_MEMALLOC flags.
 */
struct kmb_state {
	int preempt;
	bool irqs_off;
	unsigned long switches;
	unsigned int scope;
};

/**
 * struct kmb_stop - one call
 * @bytes: the size.
 * @gfp: the flags, of a row of kmb_gfps.
 * @object: what the call takes, or what it brought.
 * @pattern: what to fill it with; not 0, another value for each stop.
 * @wrong: a byte of it that the call found wrong, -1 for none.
 * @got: its value.
 * @before: the state before the call.
 * @after: the state after it.
 */
struct kmb_stop {
	size_t bytes;
	const struct kmb_gfp *gfp;
	void *object;
	u8 pattern;
	ssize_t wrong;
	u8 got;
	struct kmb_state before;
	struct kmb_state after;
};

/**
 * struct kmb_trip - the calls of one entry into a context
 * @context: the context.
 * @call: made at each stop.
 * @nr: stops.
 * @bytes: their sizes together.
 * @stops: the calls.
 */
struct kmb_trip {
	const struct kmb_context *context;
	void (*call)(struct kmb_stop *stop);
	unsigned int nr;
	size_t bytes;
	struct kmb_stop stops[KMB_MAX_STOPS];
};

int kmb_trip_init(struct kunit *test);
void kmb_trip_exit(struct kunit *test);

bool kmb_trip_add(struct kmb_trip *trip, size_t bytes,
		  const struct kmb_gfp *gfp);
int kmb_trip_try(struct kmb_trip *trip);
void kmb_trip_go(struct kunit *test);
void kmb_trip_unload(struct kunit *test);

typedef void kmb_judge_fn(struct kunit *test, struct kmb_trip *trip);

void kmb_trip_go_and_judge(struct kunit *test, kmb_judge_fn *judge);
void kmb_trip_add_or_go(struct kunit *test, size_t bytes,
			const struct kmb_gfp *gfp, kmb_judge_fn *judge);

void kmb_stop_find_nonzero(struct kmb_stop *stop);
void kmb_stop_fill(struct kmb_stop *stop);
ssize_t kmb_stop_find_foreign(const struct kmb_stop *stop);
bool kmb_stop_slept(const struct kmb_stop *stop);
bool kmb_stop_kept_state(const struct kmb_stop *stop);
bool kmb_stop_null_without_excuse(const struct kmb_stop *stop);

/**
 * KMB_EXPECT_STOP() - KMB_EXPECT() of a call, with what it was in the message
 * @_trip: the trip.
 * @_stop: the call.
 */
#define KMB_EXPECT_STOP(_test, _nr, _trip, _stop, _cond, _fmt, ...) ({	\
	const struct kmb_stop *_call = (_stop);				\
									\
	KMB_EXPECT(_test, _nr, _cond, KMB_WHAT _fmt, _call->bytes,	\
		   _call->gfp->name, (_trip)->context->name, ##__VA_ARGS__); \
})

void kmb_expect_kept(struct kunit *test, unsigned int nr,
		     const struct kmb_trip *trip, const char *call);
void kmb_expect_served(struct kunit *test, unsigned int nr,
		       const struct kmb_trip *trip, const char *call);

#endif /* _KMBENCH_TRIP_H */
