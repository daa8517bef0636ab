// SPDX-License-Identifier: GPL-2.0
/*
 * What happens at the ends: no bytes, no object, the largest object and more
 * than that; and is an object as large as it was asked for?
 *
 * Left out: a machine that panics on warnings, as one is asked for here, and
 * the bytes that ksize() counts behind the size that was asked for, which
 * belong to nobody.
 */
#include <kunit/test.h>
#include <linux/kernel.h>
#include <linux/slab.h>

#include "../module/compat.h"
#include "kernel_log.h"
#include "objects.h"
#include "promises.h"
#include "sizes.h"

static void expect_zero_size_ptr(struct kunit *test, const struct kmb_gfp *gfp)
{
	const struct {
		const char *call;
		void *object;
	} results[] = {
		{ "kmalloc(0), a constant", kmalloc(0, gfp->flags) },
		{ "kmalloc(0), at run time", kmalloc(kmb_hide(0), gfp->flags) },
		{ "kzalloc(0)", kzalloc(kmb_hide(0), gfp->flags) },
		{ "kmalloc_array(0, 8)", kmalloc_array(kmb_hide(0), 8, gfp->flags) },
		{ "kcalloc(8, 0)", kcalloc(8, kmb_hide(0), gfp->flags) },
		{ "kmalloc_node(0), a constant",
		  kmalloc_node(0, gfp->flags, NUMA_NO_NODE) },
		{ "kmalloc_node(0), at run time",
		  kmalloc_node(kmb_hide(0), gfp->flags, NUMA_NO_NODE) },
		{ "kcalloc_node(8, 0)",
		  kcalloc_node(8, kmb_hide(0), gfp->flags, NUMA_NO_NODE) },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(results); i++) {
		KMB_EXPECT(test, 4, results[i].object == ZERO_SIZE_PTR,
			   "size 0, %s, task: %s: expected ZERO_SIZE_PTR, got %s",
			   gfp->name, results[i].call,
			   kmb_kind_of(results[i].object));
		if (results[i].object != ZERO_SIZE_PTR)
			kfree(results[i].object);
	}
}

static void p4_no_bytes_give_zero_size_ptr(struct kunit *test)
{
	size_t i;

	kmb_promise(test, 4);
	for (i = 0; i < ARRAY_SIZE(kmb_gfps); i++)
		expect_zero_size_ptr(test, &kmb_gfps[i]);
}

/* Were an address that is no object taken back, it would be given out again. */
static void free_nothing(void)
{
	void *none = NULL, *empty = ZERO_SIZE_PTR;
	unsigned int i;

	OPTIMIZER_HIDE_VAR(none);
	OPTIMIZER_HIDE_VAR(empty);
	for (i = 0; i < KMB_MAX_OBJECTS; i++) {
		kfree(none);
		kfree(empty);
	}
}

static void expect_untouched(struct kunit *test, const struct kmb_objects *held)
{
	const u8 *wrong;
	unsigned int i;

	for (i = 0; i < held->nr; i++) {
		wrong = kmb_find_foreign(held, i);
		if (!KMB_EXPECT_OF(test, 5, held, !wrong,
				   "expected object %u as it was, got 0x%02x at byte %td",
				   i, *wrong,
				   wrong - (u8 *)held->at[i]))
			break;
	}
}

static void expect_objects(struct kunit *test, const struct kmb_objects *held)
{
	unsigned int i;

	for (i = 0; i < held->nr; i++)
		KMB_EXPECT_OF(test, 5, held, !ZERO_OR_NULL_PTR(held->at[i]),
			      "expected an object, got %s",
			      kmb_kind_of(held->at[i]));
}

static void p5_kfree_of_nothing_does_nothing(struct kunit *test)
{
	const struct kmb_objects *held;
	struct kmsg_dump_iter mark;
	unsigned int warnings;

	kmb_promise(test, 5);
	kmb_log_mark(&mark);
	held = kmb_take(test, kmb_kmalloc, 8, GFP_KERNEL, "GFP_KERNEL");
	kmb_fill(held);
	free_nothing();
	expect_untouched(test, held);
	kmb_put(test);
	expect_objects(test, kmb_take(test, kmb_kmalloc, 8, GFP_KERNEL,
				      "GFP_KERNEL"));
	warnings = kmb_log_warnings(&mark);
	KMB_EXPECT(test, 5, !warnings,
		   "size 0, no flags, task: kfree() of NULL and ZERO_SIZE_PTR: expected no warning, got %u",
		   warnings);
}

/* Sizes that no kernel has. */
static const struct oversize {
	size_t bytes;
	const char *name;
} oversizes[] = {
	{ KMALLOC_MAX_SIZE + 1,		"KMALLOC_MAX_SIZE + 1" },
	{ KMALLOC_MAX_SIZE * 2,		"KMALLOC_MAX_SIZE * 2" },
	{ KMALLOC_MAX_SIZE * 2 + 1,	"KMALLOC_MAX_SIZE * 2 + 1" },
	{ SIZE_MAX / 2 + 1,		"SIZE_MAX / 2 + 1" },
	{ ~(SIZE_MAX >> BITS_PER_LONG / 2) + SZ_16K,
					"16 KiB in the lower half of the bits" },
	{ SIZE_MAX - PAGE_SIZE + 2,	"SIZE_MAX - PAGE_SIZE + 2" },
	{ SIZE_MAX,			"SIZE_MAX" },
};

static void name_oversize(const struct oversize *row, char *desc)
{
	strscpy(desc, row->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(oversize, oversizes, name_oversize);

static void expect_null(struct kunit *test, size_t bytes,
			const struct kmb_gfp *gfp)
{
	struct kmsg_dump_iter mark;
	void *object;

	kmb_log_mark(&mark);
	object = kmb_kmalloc(bytes, gfp->flags | __GFP_NOWARN);
	KMB_EXPECT(test, 6, !object,
		   "size %zu, %s|__GFP_NOWARN, task: expected NULL, got %s", bytes,
		   gfp->name, kmb_kind_of(object));
	KMB_EXPECT(test, 6, !kmb_log_warnings(&mark),
		   "size %zu, %s|__GFP_NOWARN, task: expected silence, got %u warnings",
		   bytes, gfp->name, kmb_log_warnings(&mark));
	kfree(object);
}

static void p6_oversize_is_null_and_silent(struct kunit *test)
{
	const struct oversize *row = test->param_value;
	size_t i;

	kmb_promise(test, 6);
	for (i = 0; i < ARRAY_SIZE(kmb_gfps); i++)
		expect_null(test, row->bytes, &kmb_gfps[i]);
}

static void *by_kvmalloc(size_t bytes, gfp_t flags)
{
	return kvmalloc(kmb_hide(bytes), flags);
}

/**
 * struct warning - a request that is warned of once
 * @nr: the promise.
 * @call: how messages name it.
 * @alloc: makes it.
 * @bytes: its size.
 * @sign: what the log has, where it was given before.
 */
struct warning {
	unsigned int nr;
	const char *call;
	void *(*alloc)(size_t bytes, gfp_t flags);
	size_t bytes;
	const char *sign;
};

/* Return: how many warnings a few such requests gave. */
static unsigned int ask_for_warning(const struct warning *row)
{
	struct kmsg_dump_iter mark;
	unsigned int i;

	kmb_log_mark(&mark);
	kmb_log_ask();
	for (i = 0; i < 3; i++)
		kvfree(row->alloc(row->bytes, GFP_KERNEL));
	kmb_log_asked();
	return kmb_log_warnings(&mark);
}

static void expect_one_warning(struct kunit *test, const struct warning *row)
{
	bool spent = kmb_log_may_show(row->sign);
	unsigned int count;

	if (!IS_ENABLED(CONFIG_PRINTK))
		kmb_skip(test, "CONFIG_PRINTK is off: no warning can be seen");
	count = ask_for_warning(row);
	if (spent && !count)
		kmb_skip(test, "%s may have given its one warning since the boot",
			 row->sign);
	KMB_EXPECT(test, row->nr, count == 1,
		   KMB_WHAT "%s: expected 1 warning, got %u", row->bytes,
		   "GFP_KERNEL", "task", row->call, count);
}

/* It also shows that the silence above was heard with open ears. */
static void p6_oversize_warns_once(struct kunit *test)
{
	static const struct warning row = {
		.nr = 6, .call = "kmalloc()", .alloc = kmb_kmalloc,
		.bytes = KMALLOC_MAX_SIZE + 1, .sign = "mm/page_alloc.c",
	};

	kmb_promise(test, 6);
	expect_one_warning(test, &row);
}

/* It is its own check: vmalloc() would refuse the size, too, but otherwise. */
static void p28_oversize_warns_once(struct kunit *test)
{
	static const struct warning row = {
		.nr = 28, .call = "kvmalloc()", .alloc = by_kvmalloc,
		.bytes = (size_t)INT_MAX + 1, .sign = "kvmalloc_node",
	};

	kmb_promise(test, 28);
	expect_one_warning(test, &row);
}

static bool covers(const void *object, size_t bytes)
{
	return ksize(object) >= bytes;
}

static void expect_cover(struct kunit *test, unsigned int nr,
			 const struct kmb_objects *held)
{
	unsigned int i;

	for (i = 0; i < held->nr; i++)
		if (!KMB_EXPECT_OF(test, nr, held, covers(held->at[i], held->bytes),
				   "expected ksize() of at least that, got %zu",
				   ksize(held->at[i])))
			break;
}

static void check_whole(struct kunit *test, const struct kmb_objects *held)
{
	const u8 *wrong;
	unsigned int i;

	expect_cover(test, 7, held);
	kmb_fill(held);
	for (i = 0; i < held->nr; i++) {
		wrong = kmb_find_foreign(held, i);
		if (!KMB_EXPECT_OF(test, 7, held, !wrong,
				   "object %u: expected its own pattern, got 0x%02x at byte %td",
				   i, *wrong,
				   wrong - (u8 *)held->at[i]))
			break;
	}
}

static void p7_max_size_is_whole_or_null(struct kunit *test)
{
	kmb_promise(test, 7);
	kmb_each_gfp(test, KMALLOC_MAX_SIZE, check_whole);
}

static void check_cover(struct kunit *test, const struct kmb_objects *held)
{
	expect_cover(test, 9, held);
}

static void p9_ksize_covers_size(struct kunit *test)
{
	kmb_promise(test, 9);
	kmb_each_gfp_around(test, kmb_size_of(test), check_cover);
}

/* All that come from slabs, and the first two that do not. */
static void p9_ksize_covers_each_slab_size(struct kunit *test)
{
	bool kept = true;
	size_t bytes;
	void *object;

	kmb_promise(test, 9);
	for (bytes = 1; kept && bytes <= KMALLOC_MAX_CACHE_SIZE + 2; bytes++) {
		object = kmb_kmalloc(bytes, GFP_KERNEL);
		KMB_NEED_OBJECT(test, object, bytes, "GFP_KERNEL");
		kept = KMB_EXPECT(test, 9, covers(object, bytes),
				  "size %zu, GFP_KERNEL, task: expected ksize() of at least that, got %zu",
				  bytes, ksize(object));
		kfree(object);
	}
}

/* Constants take another path, which the rows of a table cannot. */
#define CONSTANT(_bytes) { _bytes, kmalloc(_bytes, GFP_KERNEL) }

static void p9_ksize_covers_constant_size(struct kunit *test)
{
	const struct {
		size_t bytes;
		void *object;
	} results[] = {
		CONSTANT(1), CONSTANT(8), CONSTANT(9), CONSTANT(17), CONSTANT(24),
		CONSTANT(33), CONSTANT(65), CONSTANT(96), CONSTANT(97),
		CONSTANT(129), CONSTANT(192), CONSTANT(193), CONSTANT(257),
		CONSTANT(513), CONSTANT(1025), CONSTANT(2049), CONSTANT(4097),
		CONSTANT(8192), CONSTANT(8193), CONSTANT(16385),
	};
	size_t i;

	kmb_promise(test, 9);
	for (i = 0; i < ARRAY_SIZE(results); i++) {
		KMB_EXPECT(test, 9, covers(results[i].object, results[i].bytes),
			   "size %zu, GFP_KERNEL, task: a constant: expected ksize() of at least that, got %zu",
			   results[i].bytes, ksize(results[i].object));
		kfree(results[i].object);
	}
}

static unsigned long address_of(const void *object)
{
	return (unsigned long)kasan_reset_tag(object);
}

/* Return: an object that begins inside what ksize() counts to @of, or NULL. */
static const void *find_inside(const struct kmb_objects *held, const void *of)
{
	unsigned long from = address_of(of), at;
	unsigned int i;

	for (i = 0; i < held->nr; i++) {
		at = address_of(held->at[i]);
		if (at > from && at - from < ksize(of))
			return held->at[i];
	}
	return NULL;
}

static void check_apart(struct kunit *test, const struct kmb_objects *held)
{
	const void *inside;
	unsigned int i;

	for (i = 0; i < held->nr; i++) {
		inside = find_inside(held, held->at[i]);
		if (!KMB_EXPECT_OF(test, 9, held, !inside,
				   "ksize() is %zu: expected all of it to be one object, got another %lu bytes on",
				   ksize(held->at[i]),
				   address_of(inside) -
				   address_of(held->at[i])))
			break;
	}
}

static void p9_ksize_counts_no_neighbour(struct kunit *test)
{
	kmb_promise(test, 9);
	kmb_each_gfp(test, kmb_size_of(test), check_apart);
}

static void p9_ksize_of_nothing_is_zero(struct kunit *test)
{
	kmb_promise(test, 9);
	KMB_EXPECT(test, 9, !ksize(NULL),
		   "size 0, no flags, task: NULL: expected ksize() 0, got %zu", ksize(NULL));
	KMB_EXPECT(test, 9, !ksize(ZERO_SIZE_PTR),
		   "size 0, no flags, task: ZERO_SIZE_PTR: expected ksize() 0, got %zu",
		   ksize(ZERO_SIZE_PTR));
}

/* An object that is a byte short, and one inside of another, have to be seen. */
static void control_short_object_is_seen(struct kunit *test)
{
	const struct kmb_objects *held;
	struct kmb_objects two;

	held = kmb_take(test, kmb_kmalloc, 256, GFP_KERNEL, "GFP_KERNEL");
	KUNIT_ASSERT_GT(test, held->nr, 0);
	KUNIT_EXPECT_TRUE(test, covers(held->at[0], ksize(held->at[0])));
	KUNIT_EXPECT_FALSE(test, covers(held->at[0], ksize(held->at[0]) + 1));
	two = *held;
	two.nr = 2;
	two.at[1] = two.at[0] + ksize(two.at[0]) - 1;
	KUNIT_EXPECT_PTR_EQ(test, find_inside(&two, two.at[0]),
			    (const void *)two.at[1]);
}

/* As the products of failure_kunit.c, of a type and a number. */
static void p17_objects_that_overflow_are_null(struct kunit *test)
{
#ifdef KMB_HAS_OBJS
	size_t n = kmb_hide(SIZE_MAX / sizeof(u64) + 2);
	u64 *some = kmalloc_objs(u64, n, GFP_KERNEL | __GFP_NOWARN);
	u64 *zeroed = kzalloc_objs(u64, n, GFP_KERNEL | __GFP_NOWARN);

	kmb_promise(test, 17);
	KMB_EXPECT(test, 17, !some && !zeroed,
		   "%zu objects of 8 bytes, GFP_KERNEL, task: kmalloc_objs() and kzalloc_objs(): expected NULL, got %s and %s",
		   n, kmb_kind_of(some), kmb_kind_of(zeroed));
	kfree(some);
	kfree(zeroed);
#else
	kmb_promise(test, 17);
	kmb_skip(test, "this kernel has no kmalloc_objs()");
#endif
}

static struct kunit_case cases[] = {
	KUNIT_CASE(p17_objects_that_overflow_are_null),
	KUNIT_CASE(p4_no_bytes_give_zero_size_ptr),
	KUNIT_CASE(p5_kfree_of_nothing_does_nothing),
	KUNIT_CASE_PARAM(p6_oversize_is_null_and_silent, oversize_gen_params),
	KUNIT_CASE(p6_oversize_warns_once),
	KUNIT_CASE(p28_oversize_warns_once),
	KUNIT_CASE(p7_max_size_is_whole_or_null),
	KUNIT_CASE_PARAM(p9_ksize_covers_size, kmb_every_size),
	KUNIT_CASE(p9_ksize_covers_each_slab_size),
	KUNIT_CASE(p9_ksize_covers_constant_size),
	KUNIT_CASE_PARAM(p9_ksize_counts_no_neighbour, kmb_every_size),
	KUNIT_CASE(p9_ksize_of_nothing_is_zero),
	KUNIT_CASE(control_short_object_is_seen),
	{}
};

static struct kunit_suite limits_suite = {
	.name = "kmalloc_limits",
	.init = kmb_objects_init,
	.exit = kmb_objects_exit,
	.test_cases = cases,
};

kunit_test_suite(limits_suite);
