/* SPDX-License-Identifier: GPL-2.0 */
/*
 * In place of the kernel's <kunit/test.h>, where the kernel has no KUnit: the
 * part of its interface that the suites of kunit/ use, so that they build
 * unchanged into kmalloc_ktap.ko. runner.c and check.c stand behind it.
 *
 * Left out: resources but memory, suite_init and suite_exit, attributes,
 * comparisons of strings and of memory, and parameters that need a set-up.
 */
#ifndef _KMBENCH_KTAP_TEST_H
#define _KMBENCH_KTAP_TEST_H

#include <linux/compiler.h>
#include <linux/completion.h>
#include <linux/err.h>
#include <linux/kconfig.h>
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/printk.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/types.h>

#define KUNIT_PARAM_DESC_SIZE		128
#define KUNIT_STATUS_COMMENT_SIZE	256
#define KUNIT_SUBTEST_INDENT		"    "
#define KUNIT_SUBSUBTEST_INDENT		"        "

enum kunit_status {
	KUNIT_SUCCESS,
	KUNIT_FAILURE,
	KUNIT_SKIPPED,
};

/**
 * struct kunit_try_catch - the thread that runs a case
 * @done: completed when it ends, by itself or by a throw.
 */
struct kunit_try_catch {
	struct completion done;
};

void __noreturn kunit_try_catch_throw(struct kunit_try_catch *try_catch);

/**
 * struct kunit - a case that is being run
 * @priv: the suite's own.
 * @name: of the case.
 * @param_value: row of the table that it is run with, NULL if it has none.
 * @param_index: which row, from 0.
 * @status: failure once anything failed.
 * @status_comment: why it was skipped.
 * @try_catch: its thread.
 * @memory: of kunit_kmalloc().
 */
struct kunit {
	void *priv;
	const char *name;
	const void *param_value;
	int param_index;
	enum kunit_status status;
	char status_comment[KUNIT_STATUS_COMMENT_SIZE];
	struct kunit_try_catch try_catch;
	struct list_head memory;
};

struct kunit_case {
	void (*run_case)(struct kunit *test);
	const char *name;
	const void *(*generate_params)(const void *prev, char *desc);
};

struct kunit_suite {
	const char name[256];
	int (*init)(struct kunit *test);
	void (*exit)(struct kunit *test);
	struct kunit_case *test_cases;
};

#define KUNIT_CASE(_test) { .run_case = _test, .name = #_test }
#define KUNIT_CASE_PARAM(_test, _generate) \
	{ .run_case = _test, .name = #_test, .generate_params = _generate }

#define KUNIT_ARRAY_PARAM(_name, _array, _describe)			\
	static const void *_name##_gen_params(const void *prev, char *desc) \
	{								\
		typeof(&(_array)[0]) row = (_array);			\
									\
		if (prev)						\
			row = (typeof(row))prev + 1;			\
		if (row == (_array) + ARRAY_SIZE(_array))		\
			return NULL;					\
		_describe(row, desc);					\
		return row;						\
	}

/* The runner finds the suites in a section; first.c and last.c are its ends. */
#define KUNIT_SUITES "kmb_ktap_suites"
#define kunit_test_suite(_suite)					\
	static struct kunit_suite * const _suite##_pointer		\
	__used __section(KUNIT_SUITES) = &(_suite)

void *kunit_kmalloc(struct kunit *test, size_t bytes, gfp_t flags);

static inline void *kunit_kzalloc(struct kunit *test, size_t bytes, gfp_t flags)
{
	return kunit_kmalloc(test, bytes, flags | __GFP_ZERO);
}

#define kunit_info(_test, _fmt, ...) \
	pr_info(KUNIT_SUBTEST_INDENT "# %s: " _fmt, (_test)->name, \
		##__VA_ARGS__)

#define kunit_skip(_test, _fmt, ...)					\
	do {								\
		WRITE_ONCE((_test)->status, KUNIT_SKIPPED);		\
		scnprintf((_test)->status_comment,			\
			  KUNIT_STATUS_COMMENT_SIZE, _fmt, ##__VA_ARGS__); \
		kunit_try_catch_throw(&(_test)->try_catch);		\
	} while (0)

/**
 * struct kunit_check - the text of an expectation or an assertion
 * @file: where it stands.
 * @line: where in it.
 * @fatal: an assertion, which ends the case.
 * @pointers: the values are addresses.
 * @left: what was compared; NULL of KUNIT_FAIL().
 * @op: how; NULL where only @left had to be @right, "true" or "false".
 * @right: with what.
 */
struct kunit_check {
	const char *file;
	int line;
	bool fatal;
	bool pointers;
	const char *left;
	const char *op;
	const char *right;
};

void __printf(5, 6) kunit_failed(struct kunit *test,
				 const struct kunit_check *check,
				 long long left, long long right,
				 const char *fmt, ...);

/* To be used in a loop that runs once. */
#define KUNIT_FAILED(_test, _fatal, _pointers, _left, _op, _right,	\
		     _left_value, _right_value, ...)			\
	do {								\
		static const struct kunit_check __check = {		\
			.file = __FILE__, .line = __LINE__,		\
			.fatal = _fatal, .pointers = _pointers,		\
			.left = _left, .op = _op, .right = _right,	\
		};							\
									\
		kunit_failed(_test, &__check, _left_value, _right_value, \
			     __VA_ARGS__);				\
		if (_fatal)						\
			kunit_try_catch_throw(&(_test)->try_catch);	\
	} while (0)

#define KUNIT_FAIL(_test, ...) \
	KUNIT_FAILED(_test, false, false, NULL, NULL, NULL, 0, 0, __VA_ARGS__)

#define KUNIT_UNARY(_test, _fatal, _cond, _holds, _right, ...)		\
	do {								\
		if (unlikely(!(_holds)))				\
			KUNIT_FAILED(_test, _fatal, false, _cond, NULL,	\
				     _right, 0, 0, __VA_ARGS__);	\
	} while (0)

#define KUNIT_BINARY(_test, _fatal, _left, _op, _right, ...)		\
	do {								\
		const typeof(_left) __left = (_left);			\
		const typeof(_right) __right = (_right);		\
									\
		if (unlikely(!(__left _op __right)))			\
			KUNIT_FAILED(_test, _fatal, false, #_left, #_op, \
				     #_right, __left, __right, __VA_ARGS__); \
	} while (0)

#define KUNIT_POINTERS(_test, _fatal, _left, _op, _right, ...)		\
	do {								\
		const typeof(_left) __left = (_left);			\
		const typeof(_right) __right = (_right);		\
									\
		if (unlikely(!(__left _op __right)))			\
			KUNIT_FAILED(_test, _fatal, true, #_left, #_op,	\
				     #_right, (unsigned long)__left,	\
				     (unsigned long)__right, __VA_ARGS__); \
	} while (0)

#define KUNIT_EXPECT_TRUE_MSG(test, cond, ...) \
	KUNIT_UNARY(test, false, #cond, cond, "true", __VA_ARGS__)
#define KUNIT_EXPECT_FALSE_MSG(test, cond, ...) \
	KUNIT_UNARY(test, false, #cond, !(cond), "false", __VA_ARGS__)
#define KUNIT_EXPECT_EQ_MSG(test, left, right, ...) \
	KUNIT_BINARY(test, false, left, ==, right, __VA_ARGS__)
#define KUNIT_EXPECT_NE_MSG(test, left, right, ...) \
	KUNIT_BINARY(test, false, left, !=, right, __VA_ARGS__)
#define KUNIT_EXPECT_LT_MSG(test, left, right, ...) \
	KUNIT_BINARY(test, false, left, <, right, __VA_ARGS__)
#define KUNIT_EXPECT_LE_MSG(test, left, right, ...) \
	KUNIT_BINARY(test, false, left, <=, right, __VA_ARGS__)
#define KUNIT_EXPECT_GT_MSG(test, left, right, ...) \
	KUNIT_BINARY(test, false, left, >, right, __VA_ARGS__)
#define KUNIT_EXPECT_GE_MSG(test, left, right, ...) \
	KUNIT_BINARY(test, false, left, >=, right, __VA_ARGS__)
#define KUNIT_EXPECT_PTR_EQ_MSG(test, left, right, ...) \
	KUNIT_POINTERS(test, false, left, ==, right, __VA_ARGS__)
#define KUNIT_EXPECT_PTR_NE_MSG(test, left, right, ...) \
	KUNIT_POINTERS(test, false, left, !=, right, __VA_ARGS__)
#define KUNIT_EXPECT_NOT_NULL_MSG(test, ptr, ...) \
	KUNIT_POINTERS(test, false, ptr, !=, NULL, __VA_ARGS__)

#define KUNIT_ASSERT_TRUE_MSG(test, cond, ...) \
	KUNIT_UNARY(test, true, #cond, cond, "true", __VA_ARGS__)
#define KUNIT_ASSERT_FALSE_MSG(test, cond, ...) \
	KUNIT_UNARY(test, true, #cond, !(cond), "false", __VA_ARGS__)
#define KUNIT_ASSERT_EQ_MSG(test, left, right, ...) \
	KUNIT_BINARY(test, true, left, ==, right, __VA_ARGS__)
#define KUNIT_ASSERT_NE_MSG(test, left, right, ...) \
	KUNIT_BINARY(test, true, left, !=, right, __VA_ARGS__)
#define KUNIT_ASSERT_LT_MSG(test, left, right, ...) \
	KUNIT_BINARY(test, true, left, <, right, __VA_ARGS__)
#define KUNIT_ASSERT_LE_MSG(test, left, right, ...) \
	KUNIT_BINARY(test, true, left, <=, right, __VA_ARGS__)
#define KUNIT_ASSERT_GT_MSG(test, left, right, ...) \
	KUNIT_BINARY(test, true, left, >, right, __VA_ARGS__)
#define KUNIT_ASSERT_GE_MSG(test, left, right, ...) \
	KUNIT_BINARY(test, true, left, >=, right, __VA_ARGS__)
#define KUNIT_ASSERT_PTR_EQ_MSG(test, left, right, ...) \
	KUNIT_POINTERS(test, true, left, ==, right, __VA_ARGS__)
#define KUNIT_ASSERT_PTR_NE_MSG(test, left, right, ...) \
	KUNIT_POINTERS(test, true, left, !=, right, __VA_ARGS__)
#define KUNIT_ASSERT_NOT_NULL_MSG(test, ptr, ...) \
	KUNIT_POINTERS(test, true, ptr, !=, NULL, __VA_ARGS__)

#define KUNIT_EXPECT_TRUE(...)	  KUNIT_EXPECT_TRUE_MSG(__VA_ARGS__, NULL)
#define KUNIT_EXPECT_FALSE(...)	  KUNIT_EXPECT_FALSE_MSG(__VA_ARGS__, NULL)
#define KUNIT_EXPECT_EQ(...)	  KUNIT_EXPECT_EQ_MSG(__VA_ARGS__, NULL)
#define KUNIT_EXPECT_NE(...)	  KUNIT_EXPECT_NE_MSG(__VA_ARGS__, NULL)
#define KUNIT_EXPECT_LT(...)	  KUNIT_EXPECT_LT_MSG(__VA_ARGS__, NULL)
#define KUNIT_EXPECT_LE(...)	  KUNIT_EXPECT_LE_MSG(__VA_ARGS__, NULL)
#define KUNIT_EXPECT_GT(...)	  KUNIT_EXPECT_GT_MSG(__VA_ARGS__, NULL)
#define KUNIT_EXPECT_GE(...)	  KUNIT_EXPECT_GE_MSG(__VA_ARGS__, NULL)
#define KUNIT_EXPECT_PTR_EQ(...)  KUNIT_EXPECT_PTR_EQ_MSG(__VA_ARGS__, NULL)
#define KUNIT_EXPECT_PTR_NE(...)  KUNIT_EXPECT_PTR_NE_MSG(__VA_ARGS__, NULL)
#define KUNIT_EXPECT_NOT_NULL(...) KUNIT_EXPECT_NOT_NULL_MSG(__VA_ARGS__, NULL)
#define KUNIT_ASSERT_TRUE(...)	  KUNIT_ASSERT_TRUE_MSG(__VA_ARGS__, NULL)
#define KUNIT_ASSERT_FALSE(...)	  KUNIT_ASSERT_FALSE_MSG(__VA_ARGS__, NULL)
#define KUNIT_ASSERT_EQ(...)	  KUNIT_ASSERT_EQ_MSG(__VA_ARGS__, NULL)
#define KUNIT_ASSERT_NE(...)	  KUNIT_ASSERT_NE_MSG(__VA_ARGS__, NULL)
#define KUNIT_ASSERT_LT(...)	  KUNIT_ASSERT_LT_MSG(__VA_ARGS__, NULL)
#define KUNIT_ASSERT_LE(...)	  KUNIT_ASSERT_LE_MSG(__VA_ARGS__, NULL)
#define KUNIT_ASSERT_GT(...)	  KUNIT_ASSERT_GT_MSG(__VA_ARGS__, NULL)
#define KUNIT_ASSERT_GE(...)	  KUNIT_ASSERT_GE_MSG(__VA_ARGS__, NULL)
#define KUNIT_ASSERT_PTR_EQ(...)  KUNIT_ASSERT_PTR_EQ_MSG(__VA_ARGS__, NULL)
#define KUNIT_ASSERT_PTR_NE(...)  KUNIT_ASSERT_PTR_NE_MSG(__VA_ARGS__, NULL)
#define KUNIT_ASSERT_NOT_NULL(...) KUNIT_ASSERT_NOT_NULL_MSG(__VA_ARGS__, NULL)

#endif /* _KMBENCH_KTAP_TEST_H */
