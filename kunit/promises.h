/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The promises of kmalloc() that the suites check, and how a case says which
 * one it checks, that it was broken, or that it could not be checked. One more promise is one more row here.
 */
#ifndef _KMBENCH_PROMISES_H
#define _KMBENCH_PROMISES_H

#include <kunit/test.h>
#include <linux/kernel.h>

#include "../module/compat.h"

/**
 * struct kmb_promise - what a caller of kmalloc() may rely on
 * @nr: its number; the names of its cases begin with p@nr.
 * @kind: 'C' for contract, whose breach is a bug; 'I' for implementation.
 * @text: the promise in one line.
 * @place: where it is made: a file and the section or comment in it.
 */
struct kmb_promise {
	unsigned int nr;
	char kind;
	const char *text;
	const char *place;
};

static const struct kmb_promise kmb_promises[] __maybe_unused = {
	{ .nr = 1, .kind = 'C',
	  .text = "the address is aligned to ARCH_KMALLOC_MINALIGN",
	  .place = "core-api/memory-allocation.rst, Selecting memory allocator" },
	{ .nr = 2, .kind = 'C',
	  .text = "a size that is a power of two is aligned to itself",
	  .place = "core-api/memory-allocation.rst, Selecting memory allocator" },
	{ .nr = 4, .kind = 'C',
	  .text = "a request for no bytes gives ZERO_SIZE_PTR",
	  .place = "linux/slab.h, ZERO_SIZE_PTR" },
	{ .nr = 5, .kind = 'C',
	  .text = "kfree() of NULL and of ZERO_SIZE_PTR does nothing",
	  .place = "kfree() and linux/slab.h, ZERO_SIZE_PTR" },
	{ .nr = 6, .kind = 'C',
	  .text = "above KMALLOC_MAX_SIZE is NULL with one warning, none with __GFP_NOWARN",
	  .place = "linux/slab.h, KMALLOC_MAX_SIZE; gfp flags, __GFP_NOWARN" },
	{ .nr = 7, .kind = 'C',
	  .text = "KMALLOC_MAX_SIZE gives a whole object or NULL",
	  .place = "linux/slab.h, KMALLOC_MAX_SIZE" },
	{ .nr = 9, .kind = 'C',
	  .text = "ksize() is at least the size asked for, 0 for no object",
	  .place = "ksize()" },
	{ .nr = 12, .kind = 'C',
	  .text = "__GFP_ZERO, kzalloc() and kcalloc() give zeroed memory",
	  .place = "gfp flags, __GFP_ZERO; kzalloc(); kcalloc()" },
	{ .nr = 35, .kind = 'C',
	  .text = "the memory is physically contiguous",
	  .place = "core-api/dma-api.rst, dma_map_single()" },
	{ .nr = 39, .kind = 'C',
	  .text = "live objects do not share memory",
	  .place = "core-api/memory-allocation.rst, Selecting memory allocator" },
};

static inline const struct kmb_promise *kmb_promise_find(unsigned int nr)
{
	static const struct kmb_promise unknown = {
		.kind = '?', .text = "unknown", .place = "no row of promises.h",
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(kmb_promises); i++)
		if (kmb_promises[i].nr == nr)
			return &kmb_promises[i];
	return &unknown;
}

/**
 * kmb_promise() - say which promise a case checks
 * @test: the case; of a parameterised one only the first parameter speaks.
 * @nr: a row of kmb_promises, whose absence fails the case.
 *
 * Scripts read the line: promise <nr> <C|I>: <text> (<place>)
 */
static inline void kmb_promise(struct kunit *test, unsigned int nr)
{
	const struct kmb_promise *promise = kmb_promise_find(nr);

	KUNIT_ASSERT_EQ(test, promise->nr, nr);
	if (test->param_index <= KMB_FIRST_PARAM)
		kunit_info(test, "promise %u %c: %s (%s)\n", promise->nr,
			   promise->kind, promise->text, promise->place);
}

/**
 * KMB_EXPECT() - fail the case unless a promise was kept
 * @_test: the case.
 * @_nr: the promise.
 * @_cond: what was promised.
 * @_fmt: a string literal: size, flags, what was expected and what was got.
 *
 * Return: whether it was kept, so that a loop can end at the first breach.
 */
#define KMB_EXPECT(_test, _nr, _cond, _fmt, ...) ({			\
	const struct kmb_promise *_promise = kmb_promise_find(_nr);	\
	bool _kept = (_cond);						\
									\
	if (!_kept)							\
		KUNIT_FAIL(_test, "promise %u %c: " _fmt " (%s)",	\
			   _promise->nr, _promise->kind, ##__VA_ARGS__,	\
			   _promise->place);				\
	_kept;								\
})

/**
 * kmb_skip() - end a case that cannot be run
 * @test: the case.
 * @fmt: the feature that is absent.
 *
 * In place of kunit_skip(), which turns a failure that came before into a
 * skip; here that case ends as failed. The reason has a line of its own, as
 * the result of a single parameter does not show it in older kernels.
 */
#define kmb_skip(test, fmt, ...)					\
	do {								\
		if (READ_ONCE((test)->status) == KUNIT_FAILURE)		\
			kunit_try_catch_throw(&(test)->try_catch);	\
		kunit_info(test, "skip: " fmt "\n", ##__VA_ARGS__);	\
		kunit_skip(test, fmt, ##__VA_ARGS__);			\
	} while (0)

#endif /* _KMBENCH_PROMISES_H */
