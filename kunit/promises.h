/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The promises of kmalloc() that the suites check, and how a case says which
 * one it checks, that it was broken, or that it could not be checked. The
 * table is in promises.c; one more promise is one more row there.
 */
#ifndef _KMBENCH_PROMISES_H
#define _KMBENCH_PROMISES_H

#include <kunit/test.h>
#include <linux/types.h>

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

const struct kmb_promise *kmb_promise_find(unsigned int nr);
bool kmb_promise_fails(const struct kmb_promise *promise);
void kmb_promise(struct kunit *test, unsigned int nr);
unsigned int kmb_promise_of(const struct kunit *test);
int kmb_case_begins(struct kunit *test);

/**
 * KMB_EXPECT() - fail the case unless a promise was kept
 * @_test: the case.
 * @_nr: the promise.
 * @_cond: what was promised.
 * @_fmt: a string literal: size, flags, context, what was expected and what
 *	  was got; KMB_WHAT begins it.
 *
 * Of a property of the implementation a line "differs" is printed instead,
 * unless the suite is strict.
 *
 * Return: whether it was kept, so that a loop can end at the first breach.
 */
#define KMB_EXPECT(_test, _nr, _cond, _fmt, ...) ({			\
	const struct kmb_promise *_promise = kmb_promise_find(_nr);	\
	bool _kept = (_cond);						\
									\
	if (!_kept && kmb_promise_fails(_promise))			\
		KUNIT_FAIL(_test, "promise %u %c: " _fmt " (%s: %s)",	\
			   _promise->nr, _promise->kind, ##__VA_ARGS__,	\
			   _promise->text, _promise->place);		\
	else if (!_kept)						\
		kunit_info(_test, "differs: " _fmt "\n", ##__VA_ARGS__); \
	_kept;								\
})

/**
 * KMB_NEED() - end the case as failed unless it can go on
 * @_test: the case.
 * @_cond: what it needs.
 * @_fmt: as for KMB_EXPECT(), which names the promise that the case checks.
 */
#define KMB_NEED(_test, _cond, _fmt, ...)				\
	do {								\
		if (!KMB_EXPECT(_test, kmb_promise_of(_test), _cond,	\
				_fmt, ##__VA_ARGS__))			\
			kunit_try_catch_throw(&(_test)->try_catch);	\
	} while (0)

/* How a message begins: bytes, flags, context. */
#define KMB_WHAT "size %zu, %s, %s: "

/**
 * KMB_NEED_OBJECT() - end the case as failed if it got NULL
 * @_test: the case, in a task.
 * @_object: what it got.
 * @_bytes: the size that it asked for.
 * @_gfp: names the flags.
 */
#define KMB_NEED_OBJECT(_test, _object, _bytes, _gfp)			\
	KMB_NEED(_test, _object, KMB_WHAT "expected an object, got NULL", \
		 (size_t)(_bytes), _gfp, "task")

/**
 * KMB_EXPECT_OF() - KMB_EXPECT() of objects, with what they are in the message
 * @_held: a struct kmb_objects.
 */
#define KMB_EXPECT_OF(_test, _nr, _held, _cond, _fmt, ...)		\
	KMB_EXPECT(_test, _nr, _cond, KMB_WHAT _fmt, (_held)->bytes,	\
		   (_held)->gfp, (_held)->context, ##__VA_ARGS__)

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
