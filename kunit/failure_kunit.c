// SPDX-License-Identifier: GPL-2.0
/*
 * What is left when an allocation fails: NULL, the old block, and nothing else
 * changed?
 *
 * Requests fail because a product overflows, because they are too large, or
 * because fault injection says so: current->fail_nth makes the nth place that
 * may fail in this task do so, without debugfs. Left out: memory that is used
 * up, see exhaustion_kunit.c; failures in interrupts, which fail_nth spares;
 * a control of the look for changed bytes, see overlap_kunit.c.
 */
#include <kunit/test.h>
#include <linux/irqflags.h>
#include <linux/mm.h>
#include <linux/preempt.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "counters.h"
#include "inject.h"
#include "kernel_log.h"
#include "objects.h"
#include "promises.h"
#include "sizes.h"

#define PATTERN 0x5a
/* Failures in a row: enough for a page that each loses to stand out. */
#define FAILURES 64
/* Times that another task may disturb the counters. */
#define TRIES 16

static void skip_unless_slabs_fail(struct kunit *test)
{
	if (!IS_ENABLED(CONFIG_FAILSLAB))
		kmb_skip(test, "CONFIG_FAILSLAB is off");
}

static void skip_unless_pages_fail(struct kunit *test)
{
	if (!IS_ENABLED(CONFIG_FAIL_PAGE_ALLOC))
		kmb_skip(test, "CONFIG_FAIL_PAGE_ALLOC is off");
}

static void skip_unless_size_fails(struct kunit *test, size_t bytes)
{
	if (kmb_is_from_slab(bytes))
		skip_unless_slabs_fail(test);
	else
		skip_unless_pages_fail(test);
}

/* Injection spares the flags with which the caller may wait. */
static bool may_be_failed(gfp_t flags)
{
	return !(flags & __GFP_DIRECT_RECLAIM);
}

/* Products that do not fit; most wrap around to a size that could be had. */
static const struct product {
	size_t n, size;
	const char *name;
} products[] = {
	{ SIZE_MAX, 2,			"SIZE_MAX * 2" },
	{ 2, SIZE_MAX,			"2 * SIZE_MAX" },
	{ SIZE_MAX / 2 + 1, 2,		"0 after the wrap" },
	{ SIZE_MAX / 8 + 2, 8,		"8 after the wrap" },
	{ 8, SIZE_MAX / 8 + 2,		"8 after the wrap, turned round" },
	{ SIZE_MAX / 64 + 2, 64,	"64 after the wrap" },
	{ SIZE_MAX, SIZE_MAX,		"1 after the wrap" },
	{ 1UL << (BITS_PER_LONG / 2), 1UL << (BITS_PER_LONG / 2),
					"squared, 0 after the wrap" },
	{ (1UL << (BITS_PER_LONG / 2)) + 1, 1UL << (BITS_PER_LONG / 2),
					"half a word after the wrap" },
};

static void name_product(const struct product *row, char *desc)
{
	strscpy(desc, row->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(product, products, name_product);

static void expect_null(struct kunit *test, const struct product *row,
			const char *gfp, const char *call, void *object)
{
	KMB_EXPECT(test, 17, !object,
		   "%zu * %zu bytes, %s, task: %s: expected NULL, got %s",
		   row->n, row->size, gfp, call, kmb_kind_of(object));
	kfree(object);
}

static void expect_nulls(struct kunit *test, const struct product *row,
			 const struct kmb_gfp *gfp)
{
	size_t n = kmb_hide(row->n), size = kmb_hide(row->size);

	expect_null(test, row, gfp->name, "kmalloc_array()",
		    kmalloc_array(n, size, gfp->flags));
	expect_null(test, row, gfp->name, "kcalloc()",
		    kcalloc(n, size, gfp->flags));
	expect_null(test, row, gfp->name, "kmalloc_array_node()",
		    kmalloc_array_node(n, size, gfp->flags, NUMA_NO_NODE));
	expect_null(test, row, gfp->name, "kcalloc_node()",
		    kcalloc_node(n, size, gfp->flags, NUMA_NO_NODE));
	expect_null(test, row, gfp->name, "krealloc_array() of NULL",
		    krealloc_array(NULL, n, size, gfp->flags));
}

static void p17_overflow_is_null_and_silent(struct kunit *test)
{
	const struct product *row = test->param_value;
	struct kmsg_dump_iter mark;
	size_t i;

	kmb_promise(test, 17);
	kmb_log_mark(&mark);
	for (i = 0; i < ARRAY_SIZE(kmb_gfps); i++)
		expect_nulls(test, row, &kmb_gfps[i]);
	KMB_EXPECT(test, 17, !kmb_log_warnings(&mark),
		   "%zu * %zu bytes, all flags, task: expected silence, got %u warnings",
		   row->n, row->size, kmb_log_warnings(&mark));
}

/* Factors that the compiler knows and multiplies itself. */
static void p17_constant_overflow_is_null(struct kunit *test)
{
	static const struct product row = { SIZE_MAX / 8 + 2, 8, "constant" };
	const size_t n = SIZE_MAX / 8 + 2;

	kmb_promise(test, 17);
	expect_null(test, &row, "GFP_KERNEL", "kmalloc_array(), constant",
		    kmalloc_array(n, 8, GFP_KERNEL));
	expect_null(test, &row, "GFP_KERNEL", "kcalloc(), constant",
		    kcalloc(n, 8, GFP_KERNEL));
	expect_null(test, &row, "GFP_KERNEL", "krealloc_array(), constant",
		    krealloc_array(NULL, n, 8, GFP_KERNEL));
}

/**
 * struct growth - a krealloc() that has to fail
 * @nr: the promise.
 * @bytes: the size of the block.
 * @gfp: the flags, to which __GFP_NOWARN is added.
 * @call: how messages name it.
 */
struct growth {
	unsigned int nr;
	size_t bytes;
	const struct kmb_gfp *gfp;
	const char *call;
};

/* Return: whether it was NULL and the block stayed as it was. */
static bool expect_kept(struct kunit *test, const struct growth *growth,
			const struct kmb_objects *held, void *result)
{
	const u8 *wrong;

	if (!KMB_EXPECT(test, growth->nr, !result,
			KMB_WHAT "%s: expected NULL, got %s", growth->bytes,
			growth->gfp->name, "task", growth->call,
			kmb_kind_of(result)))
		return false;
	wrong = kmb_find_foreign(held, 0);
	return KMB_EXPECT(test, growth->nr, !wrong,
			  KMB_WHAT "%s: expected the old block as it was, got 0x%02x at byte %td",
			  growth->bytes, growth->gfp->name, "task",
			  growth->call, *wrong, wrong - (u8 *)held->at[0]);
}

/* A block whose memory was given back would be among a handful of new ones. */
static bool expect_still_owned(struct kunit *test, const struct growth *growth,
			       const struct kmb_objects *held)
{
	void *others[8];
	bool twice = false;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(others); i++) {
		others[i] = kmb_kmalloc(growth->bytes, GFP_KERNEL | __GFP_NOWARN);
		twice |= kasan_reset_tag(others[i]) ==
			 kasan_reset_tag(held->at[0]);
	}
	for (i = 0; i < ARRAY_SIZE(others); i++)
		if (!twice)
			kfree(others[i]);
	return KMB_EXPECT(test, growth->nr, !twice,
			  KMB_WHAT "%s: expected the old block to stay allocated, got it once more",
			  growth->bytes, growth->gfp->name, "task", growth->call);
}

/* Return: the block, filled; NULL when there was no memory. */
static struct kmb_objects *take_block(struct kunit *test, size_t bytes)
{
	struct kmb_objects *held = test->priv;
	void *object = kmb_kmalloc(bytes, GFP_KERNEL | __GFP_NOWARN);

	if (!object)
		return NULL;
	held->bytes = bytes;
	held->gfp = "GFP_KERNEL";
	held->context = "task";
	held->at[0] = object;
	held->nr = 1;
	kmb_fill(held);
	return held;
}

/* A block that is not owned any more is better lost than freed twice. */
static void judge_block(struct kunit *test, const struct growth *growth,
			struct kmb_objects *held, void *result)
{
	if (!expect_kept(test, growth, held, result) ||
	    !expect_still_owned(test, growth, held))
		held->nr = 0;
	kmb_put(test);
}

static void *grow_too_far(void *object, gfp_t flags)
{
	return krealloc(object, kmb_hide(KMALLOC_MAX_SIZE + 1), flags);
}

static void *grow_to_the_end(void *object, gfp_t flags)
{
	return krealloc(object, kmb_hide(SIZE_MAX), flags);
}

static void *grow_past_the_end(void *object, gfp_t flags)
{
	return krealloc_array(object, kmb_hide(SIZE_MAX / 8 + 2), 8, flags);
}

static const struct grower {
	unsigned int nr;
	const char *name;
	void *(*grow)(void *object, gfp_t flags);
} growers[] = {
	{ 16, "krealloc(KMALLOC_MAX_SIZE + 1)", grow_too_far },
	{ 16, "krealloc(SIZE_MAX)", grow_to_the_end },
	{ 17, "krealloc_array(SIZE_MAX / 8 + 2, 8)", grow_past_the_end },
};

static void try_to_grow(struct kunit *test, size_t bytes,
			const struct kmb_gfp *gfp, const struct grower *grower)
{
	struct growth growth = { .nr = grower->nr, .bytes = bytes, .gfp = gfp,
				 .call = grower->name };
	struct kmb_objects *held = take_block(test, bytes);
	void *result;

	if (!held)
		kmb_skip(test, "no free block of %zu bytes", bytes);
	result = grower->grow(held->at[0], gfp->flags | __GFP_NOWARN);
	OPTIMIZER_HIDE_VAR(held->at[0]);
	judge_block(test, &growth, held, result);
}

static void grow_each(struct kunit *test, unsigned int nr)
{
	size_t bytes = kmb_size_of(test), i, g;

	for (g = 0; g < ARRAY_SIZE(growers); g++)
		for (i = 0; i < ARRAY_SIZE(kmb_gfps); i++)
			if (growers[g].nr == nr)
				try_to_grow(test, bytes, &kmb_gfps[i],
					    &growers[g]);
}

static void p16_failed_krealloc_keeps_block(struct kunit *test)
{
	kmb_promise(test, 16);
	grow_each(test, 16);
}

static void p17_overflow_keeps_block(struct kunit *test)
{
	kmb_promise(test, 17);
	grow_each(test, 17);
}

static void grow_injected(struct kunit *test, size_t bytes,
			  const struct kmb_gfp *gfp)
{
	struct growth growth = { .nr = 16, .bytes = bytes, .gfp = gfp,
				 .call = "krealloc() to twice ksize(), made to fail" };
	struct kmb_objects *held = take_block(test, bytes);
	void *result;

	if (!held)
		kmb_skip(test, "no free block of %zu bytes", bytes);
	kmb_inject(1);
	result = krealloc(held->at[0], kmb_hide(2 * ksize(held->at[0])),
			  gfp->flags | __GFP_NOWARN);
	kmb_inject_end();
	judge_block(test, &growth, held, result);
}

static void p16_injected_failure_keeps_block(struct kunit *test)
{
	size_t bytes, i;

	kmb_promise(test, 16);
	bytes = kmb_size_of(test);
	skip_unless_slabs_fail(test);
	skip_unless_pages_fail(test);
	for (i = 0; i < ARRAY_SIZE(kmb_gfps); i++)
		if (may_be_failed(kmb_gfps[i].flags))
			grow_injected(test, bytes, &kmb_gfps[i]);
}

/* An object of that size is at hand, so that no page is needed for another. */
static void prepare_slab(size_t bytes)
{
	kfree(kmb_kmalloc(bytes, GFP_KERNEL | __GFP_NOWARN));
}

/* Fails once and then no more. */
static void expect_one_failure(struct kunit *test, size_t bytes,
			       const struct kmb_gfp *gfp)
{
	void *failed, *next;
	unsigned int left;

	prepare_slab(bytes);
	kmb_inject(1);
	failed = kmb_kmalloc(bytes, gfp->flags | __GFP_NOWARN);
	left = kmb_inject_end();
	next = kmb_kmalloc(bytes, GFP_KERNEL | __GFP_NOWARN);
	KMB_EXPECT(test, 41, !failed && !left,
		   KMB_WHAT "expected NULL from an injected failure, got %s, %u left",
		   bytes, gfp->name, "task", kmb_kind_of(failed), left);
	KMB_EXPECT(test, 41, next || bytes > PAGE_SIZE,
		   KMB_WHAT "expected an object from the next call, got NULL",
		   bytes, gfp->name, "task");
	if (next)
		memset(next, PATTERN, bytes);
	kfree(failed);
	kfree(next);
}

static void expect_failures(struct kunit *test, size_t bytes)
{
	struct kmsg_dump_iter mark;
	size_t i;

	kmb_log_mark(&mark);
	for (i = 0; i < ARRAY_SIZE(kmb_gfps); i++)
		if (may_be_failed(kmb_gfps[i].flags))
			expect_one_failure(test, bytes, &kmb_gfps[i]);
	KMB_EXPECT(test, 41, !kmb_log_warnings(&mark),
		   KMB_WHAT "expected silence, got %u warnings", bytes,
		   "__GFP_NOWARN", "task", kmb_log_warnings(&mark));
}

static void p41_failslab_is_null(struct kunit *test)
{
	size_t bytes;

	kmb_promise(test, 41);
	bytes = kmb_size_of(test);
	skip_unless_slabs_fail(test);
	expect_failures(test, bytes);
}

static void p41_fail_page_alloc_is_null(struct kunit *test)
{
	size_t bytes;

	kmb_promise(test, 41);
	bytes = kmb_size_of(test);
	skip_unless_pages_fail(test);
	expect_failures(test, bytes);
}

/* Places that may fail when a large object is allocated; kmemleak records it, unless it is off. */
#define LARGE_PLACES (IS_ENABLED(CONFIG_FAIL_PAGE_ALLOC) + IS_ENABLED(CONFIG_DEBUG_KMEMLEAK))

/* There is one more that may fail than there are places: nothing does. */
static void p41_failslab_spares_large_sizes(struct kunit *test)
{
	unsigned int left;
	size_t bytes;
	void *object;

	kmb_promise(test, 41);
	bytes = kmb_size_of(test);
	skip_unless_slabs_fail(test);
	kmb_inject(LARGE_PLACES + 1);
	object = kmb_kmalloc(bytes, GFP_NOWAIT | __GFP_NOWARN);
	left = kmb_inject_end();
	kfree(object);
	KMB_EXPECT(test, 41, left == 1 || (left == 2 && IS_ENABLED(CONFIG_DEBUG_KMEMLEAK)),
		   KMB_WHAT "expected %u places that may fail, got %u", bytes,
		   "GFP_NOWAIT", "task", LARGE_PLACES, LARGE_PLACES + 1 - left);
}

/**
 * struct state - what a failed call must not change
 * @preempt: preempt_count().
 * @irqs: whether interrupts are off.
 * @pages: the counters of memory.
 */
struct state {
	int preempt;
	bool irqs;
	struct kmb_counters pages;
};

static void read_state(struct state *now)
{
	now->preempt = preempt_count();
	now->irqs = irqs_disabled();
	kmb_counters_read(&now->pages);
}

/* What changed, for messages; NULL when all is as before. */
static const char *changed(const struct state *before, const struct state *after)
{
	if (after->preempt != before->preempt)
		return "the preemption count";
	if (after->irqs != before->irqs)
		return "interrupts";
	if (kmb_counters_lost(&before->pages, &after->pages) > 0)
		return "the counters of memory";
	return NULL;
}

static bool gave_nothing(void *object)
{
	kfree(object);
	return !object;
}

/* A call that has to fail, and whether it did. */
typedef bool fail_fn(size_t bytes, gfp_t flags);

static bool fail_oversize(size_t bytes, gfp_t flags)
{
	return gave_nothing(kmb_kmalloc(KMALLOC_MAX_SIZE + bytes, flags));
}

static bool fail_overflow(size_t bytes, gfp_t flags)
{
	return gave_nothing(kcalloc(kmb_hide(SIZE_MAX), bytes + 1, flags));
}

static bool fail_injected(size_t bytes, gfp_t flags)
{
	void *object;

	kmb_inject(1);
	object = kmb_kmalloc(bytes, flags);
	kmb_inject_end();
	return gave_nothing(object);
}

/* Not one for each call: KASAN would keep those that were freed. */
static void *kept;

static bool fail_krealloc(size_t bytes, gfp_t flags)
{
	void *grown;

	kmb_inject(1);
	grown = kmb_krealloc(kept, 2 * ksize(kept), flags);
	kmb_inject_end();
	kept = grown ?: kept;
	return !grown;
}

/* Tries again when another task may have changed the counters of memory. */
static void expect_no_trace(struct kunit *test, unsigned int nr, fail_fn *fail,
			    size_t bytes, const struct kmb_gfp *gfp)
{
	const char *change = "anything";
	struct state before, after;
	bool failed = true;
	unsigned int try, i;

	prepare_slab(min_t(size_t, bytes, KMALLOC_MAX_CACHE_SIZE));
	read_state(&before);
	for (try = 0; try < TRIES && change; try++) {
		kmb_counters_read(&before.pages);
		for (i = 0; i < FAILURES; i++)
			failed &= fail(bytes, gfp->flags | __GFP_NOWARN);
		read_state(&after);
		change = changed(&before, &after);
	}
	if (irqs_disabled() && !before.irqs)
		local_irq_enable();
	KMB_EXPECT(test, nr, failed && !change,
		   KMB_WHAT "expected %u calls to fail and to change nothing, got %s",
		   bytes, gfp->name, "task", FAILURES, failed ? change : "an object");
}

static void expect_no_trace_of_each(struct kunit *test, unsigned int nr,
				    fail_fn *fail)
{
	size_t bytes = kmb_size_of(test), i;

	for (i = 0; i < ARRAY_SIZE(kmb_gfps); i++)
		if ((fail != fail_injected && fail != fail_krealloc) ||
		    may_be_failed(kmb_gfps[i].flags))
			expect_no_trace(test, nr, fail, bytes, &kmb_gfps[i]);
}

static void p6_oversize_leaves_no_trace(struct kunit *test)
{
	kmb_promise(test, 6);
	expect_no_trace_of_each(test, 6, fail_oversize);
}

static void p17_overflow_leaves_no_trace(struct kunit *test)
{
	kmb_promise(test, 17);
	expect_no_trace_of_each(test, 17, fail_overflow);
}

static void p41_injection_leaves_no_trace(struct kunit *test)
{
	kmb_promise(test, 41);
	skip_unless_size_fails(test, kmb_size_of(test));
	expect_no_trace_of_each(test, 41, fail_injected);
}

static void p16_failed_krealloc_leaves_no_trace(struct kunit *test)
{
	kmb_promise(test, 16);
	skip_unless_size_fails(test, 2 * kmb_size_of(test));
	kept = kmb_kmalloc(kmb_size_of(test), GFP_KERNEL | __GFP_NOWARN);
	if (!kept)
		kmb_skip(test, "no free block of %zu bytes", kmb_size_of(test));
	expect_no_trace_of_each(test, 16, fail_krealloc);
	kfree(kept);
}

/* More than others give back in a moment. */
#define MISSING_ORDER 6

/* Interrupts that stay off and pages that are missing are seen. */
static void control_trace_is_seen(struct kunit *test)
{
	struct state before, off, less;
	unsigned long flags;
	struct page *page;

	read_state(&before);
	local_irq_save(flags);
	read_state(&off);
	local_irq_restore(flags);
	page = alloc_pages(GFP_KERNEL, MISSING_ORDER);
	KUNIT_ASSERT_NOT_NULL(test, page);
	read_state(&less);
	__free_pages(page, MISSING_ORDER);
	KUNIT_EXPECT_NOT_NULL(test, changed(&before, &off));
	KUNIT_EXPECT_NOT_NULL(test, changed(&before, &less));
}

/* Preemption that stays off is seen, where it is counted. */
static void control_preemption_off_is_seen(struct kunit *test)
{
	struct state before, off;

	if (!IS_ENABLED(CONFIG_PREEMPT_COUNT))
		kmb_skip(test, "CONFIG_PREEMPT_COUNT is off");
	read_state(&before);
	preempt_disable();
	read_state(&off);
	preempt_enable();
	off.pages = before.pages;
	KUNIT_EXPECT_NOT_NULL(test, changed(&before, &off));
}

static struct kunit_case cases[] = {
	KUNIT_CASE_PARAM(p17_overflow_is_null_and_silent, product_gen_params),
	KUNIT_CASE(p17_constant_overflow_is_null),
	KUNIT_CASE_PARAM(p17_overflow_keeps_block, kmb_every_size),
	KUNIT_CASE_PARAM(p16_failed_krealloc_keeps_block, kmb_every_size),
	KUNIT_CASE_PARAM(p16_injected_failure_keeps_block, kmb_every_size),
	KUNIT_CASE_PARAM(p41_failslab_is_null, kmb_every_slab_size),
	KUNIT_CASE_PARAM(p41_fail_page_alloc_is_null, kmb_every_large_size),
	KUNIT_CASE_PARAM(p41_failslab_spares_large_sizes, kmb_every_large_size),
	KUNIT_CASE_PARAM(p6_oversize_leaves_no_trace, kmb_every_size),
	KUNIT_CASE_PARAM(p17_overflow_leaves_no_trace, kmb_every_size),
	KUNIT_CASE_PARAM(p41_injection_leaves_no_trace, kmb_every_size),
	KUNIT_CASE_PARAM(p16_failed_krealloc_leaves_no_trace, kmb_every_size),
	KUNIT_CASE(control_trace_is_seen),
	KUNIT_CASE(control_preemption_off_is_seen),
	{}
};

static struct kunit_suite failure_suite = {
	.name = "kmalloc_failure",
	.init = kmb_objects_init,
	.exit = kmb_objects_exit,
	.test_cases = cases,
};

kunit_test_suite(failure_suite);
