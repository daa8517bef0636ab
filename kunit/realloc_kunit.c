// SPDX-License-Identifier: GPL-2.0
/*
 * Does krealloc() keep what it has to keep, and free what it has to free?
 *
 * Each byte of the content depends on its place, so that a byte that was lost
 * or moved is seen. Left out: what is zeroed, see growth_kunit.c; krealloc()
 * that fails, see failure_kunit.c; and whether it changes an object in place.
 */
#include <kunit/test.h>
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "dirt.h"
#include "kernel_log.h"
#include "objects.h"
#include "pattern.h"
#include "promises.h"
#include "recycle.h"
#include "sizes.h"

static noinline void *resize_null(size_t bytes, gfp_t flags)
{
	return kmb_krealloc(NULL, bytes, flags);
}

static noinline void *resize_empty(size_t bytes, gfp_t flags)
{
	return kmb_krealloc(ZERO_SIZE_PTR, bytes, flags);
}

/* What is no object to begin with. */
static const struct origin {
	const char *name;
	void *(*alloc)(size_t bytes, gfp_t flags);
} origins[] = {
	{ .name = "krealloc(NULL)", .alloc = resize_null },
	{ .name = "krealloc(ZERO_SIZE_PTR)", .alloc = resize_empty },
};

static size_t alignment_of(size_t bytes)
{
	return max_t(size_t, is_power_of_2(bytes) ? bytes : 1, ARCH_KMALLOC_MINALIGN);
}

static size_t bytes_past(const void *object, size_t alignment)
{
	return (unsigned long)kasan_reset_tag(object) & (alignment - 1);
}

static bool expect_zeroed(struct kunit *test, const struct kmb_objects *held, unsigned int i,
			  const char *call)
{
	const u8 *wrong = kmb_find_dirt(held, i);

	return KMB_EXPECT_OF(test, 13, held, !wrong,
			     "%s: expected zeroed memory, got 0x%02x at byte %td", call,
			     *wrong, wrong - (u8 *)held->at[i]);
}

static bool expect_own_bytes(struct kunit *test, const struct kmb_objects *held,
			     const char *call)
{
	const u8 *wrong = NULL;
	unsigned int i;

	kmb_fill(held);
	for (i = 0; i < held->nr && !wrong; i++)
		wrong = kmb_find_foreign(held, i);
	return KMB_EXPECT_OF(test, 13, held, !wrong,
			     "%s, object %u of %u: expected its own bytes, got 0x%02x",
			     call, i, held->nr, *wrong);
}

static void expect_kmalloced(struct kunit *test, const struct kmb_objects *held,
			     gfp_t flags, const char *call)
{
	size_t to = alignment_of(held->bytes);
	unsigned int i;

	for (i = 0; i < held->nr; i++) {
		if (!KMB_EXPECT_OF(test, 13, held, !bytes_past(held->at[i], to),
				   "%s: expected alignment to %zu, got %zu bytes past it",
				   call, to, bytes_past(held->at[i], to)))
			return;
		if (flags & __GFP_ZERO && !expect_zeroed(test, held, i, call))
			return;
	}
	expect_own_bytes(test, held, call);
}

/* Large objects take time: two sets of flags, of which one zeroes. */
static void check_origin(struct kunit *test, const struct origin *origin,
			 size_t bytes)
{
	size_t nr_gfps = bytes > SZ_64K ? 2 : ARRAY_SIZE(kmb_gfps);
	const struct kmb_objects *held;
	struct kmb_objects were;
	size_t i;

	for (i = 0; i < nr_gfps; i++) {
		if (kmb_gfps[i].flags & __GFP_ZERO)
			kmb_dirty(test, origin->alloc, bytes,
				  kmb_gfps[i].flags & ~__GFP_ZERO, &were);
		held = kmb_take_some(test, origin->alloc, bytes, kmb_gfps[i].flags,
				     kmb_gfps[i].name);
		expect_kmalloced(test, held, kmb_gfps[i].flags, origin->name);
		kmb_put(test);
	}
}

static void p13_no_object_is_kmalloc(struct kunit *test)
{
	size_t bytes, i;

	kmb_promise(test, 13);
	bytes = kmb_size_of(test);
	for (i = 0; i < ARRAY_SIZE(origins); i++)
		check_origin(test, &origins[i], bytes);
}

/* Sizes that no kernel has are NULL, silently, as of kmalloc(). */
static void p13_no_object_to_oversize_is_null(struct kunit *test)
{
	static const size_t sizes[] = {
		KMALLOC_MAX_SIZE + 1, SIZE_MAX / 2 + 1, SIZE_MAX,
	};
	struct kmsg_dump_iter mark;
	void *object;
	size_t i;

	kmb_promise(test, 13);
	kmb_log_mark(&mark);
	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		object = kmb_krealloc(NULL, sizes[i], GFP_KERNEL | __GFP_NOWARN);
		KMB_EXPECT(test, 13, !object,
			   KMB_WHAT "krealloc(NULL): expected NULL, got %s",
			   sizes[i], "GFP_KERNEL|__GFP_NOWARN", "task",
			   kmb_kind_of(object));
		kfree(object);
	}
	KMB_EXPECT(test, 13, !kmb_log_warnings(&mark),
		   "sizes above KMALLOC_MAX_SIZE, GFP_KERNEL|__GFP_NOWARN, task: expected silence, got %u warnings",
		   kmb_log_warnings(&mark));
}

static void expect_empty(struct kunit *test, void *result, size_t bytes,
			 const char *gfp)
{
	KMB_EXPECT(test, 13, result == ZERO_SIZE_PTR,
		   KMB_WHAT "krealloc() to no bytes: expected ZERO_SIZE_PTR, got %s",
		   bytes, gfp, "task", kmb_kind_of(result));
	if (result != ZERO_SIZE_PTR)
		kfree(result);
}

static void p13_to_no_bytes_is_zero_size_ptr(struct kunit *test)
{
	size_t bytes, i;
	void *object;

	kmb_promise(test, 13);
	bytes = kmb_size_of(test);
	for (i = 0; i < ARRAY_SIZE(kmb_gfps); i++) {
		object = kmb_kmalloc(bytes, kmb_gfps[i].flags | __GFP_NOWARN);
		expect_empty(test, kmb_krealloc(object, 0, kmb_gfps[i].flags), bytes,
			     kmb_gfps[i].name);
		expect_empty(test, kmb_krealloc(NULL, 0, kmb_gfps[i].flags), 0,
			     kmb_gfps[i].name);
		expect_empty(test, kmb_krealloc(ZERO_SIZE_PTR, 0, kmb_gfps[i].flags),
			     0, kmb_gfps[i].name);
	}
}

static void resize_to_nothing(void **objects, unsigned int nr)
{
	while (nr--)
		kmb_krealloc(objects[nr], 0, GFP_KERNEL);
}

static void p13_to_no_bytes_frees(struct kunit *test)
{
	size_t bytes;

	kmb_promise(test, 13);
	bytes = kmb_size_of(test);
	KMB_EXPECT(test, 13,
		   kmb_comes_back(test, kmb_kmalloc, bytes, resize_to_nothing),
		   KMB_WHAT "krealloc() to no bytes: expected the memory back, got none",
		   bytes, "GFP_KERNEL", "task");
}

static size_t grown_bytes;

static void grow_and_free(void **objects, unsigned int nr)
{
	void *object;

	while (nr--) {
		object = kmb_krealloc(objects[nr], grown_bytes,
				      GFP_KERNEL | __GFP_NOWARN);
		kfree(object ?: objects[nr]);
	}
}

static bool may_grow(size_t bytes)
{
	return bytes <= KMALLOC_MAX_SIZE / 4;
}

static KMB_GENERATOR(sizes_that_may_grow)
{
	return kmb_next_size(prev, desc, may_grow);
}

/* An object that moved is free where it was. */
static void p39_moved_object_comes_back(struct kunit *test)
{
	size_t bytes;

	kmb_promise(test, 39);
	bytes = kmb_size_of(test);
	grown_bytes = 4 * bytes;
	KMB_EXPECT(test, 39,
		   kmb_comes_back(test, kmb_kmalloc, bytes, grow_and_free),
		   KMB_WHAT "krealloc() to %zu: expected the memory back, got none",
		   bytes, "GFP_KERNEL", "task", grown_bytes);
}

/* What a control does not free; the .exit does. */
static struct kmb_chain leaked;

static void leak(void **objects, unsigned int nr)
{
	while (nr--)
		kmb_chain_add(&leaked, objects[nr]);
}

/* Memory that is not freed does not come back. */
static void control_leak_is_seen(struct kunit *test)
{
	KUNIT_EXPECT_FALSE(test, kmb_comes_back(test, kmb_kmalloc, SZ_1M, leak));
	kmb_chain_free(&leaked);
	KUNIT_EXPECT_FALSE(test, kmb_comes_back(test, kmb_kmalloc, 64, leak));
}

/* Hold one object more. Return: false for a NULL, which had better be excused. */
static bool hold_more(struct kunit *test, size_t bytes, gfp_t flags)
{
	struct kmb_objects *held = test->priv;
	void *object = kmb_kmalloc(bytes, flags | __GFP_NOWARN);

	if (object)
		held->at[held->nr++] = object;
	KMB_NEED(test, object || !kmb_has_plenty(numa_mem_id(), bytes, GFP_KERNEL),
		 "size %zu, %pGg, task: expected an object, got NULL with memory free",
		 bytes, &flags);
	return object;
}

/* Hold an object, or skip the case. */
static void hold(struct kunit *test, size_t bytes)
{
	if (!hold_more(test, bytes, GFP_KERNEL))
		kmb_skip(test, "no free block of %zu bytes", bytes);
}

/* Resize an object that is held. Return: as hold_more(). */
static bool resize_held(struct kunit *test, unsigned int i, size_t bytes,
			gfp_t flags)
{
	struct kmb_objects *held = test->priv;
	void *object = kmb_krealloc(held->at[i], bytes, flags | __GFP_NOWARN);

	if (object)
		held->at[i] = object;
	KMB_NEED(test, object || !kmb_has_plenty(numa_mem_id(), bytes, GFP_KERNEL),
		 "size %zu, %pGg, task: krealloc(): expected an object, got NULL with memory free",
		 bytes, &flags);
	return object;
}

static bool expect_kept(struct kunit *test, unsigned int nr, unsigned int i,
			size_t old, size_t bytes, const char *gfp)
{
	struct kmb_objects *held = test->priv;
	const u8 *wrong;

	wrong = kmb_pattern_find_wrong(held->at[i], 0, min(old, bytes), i);
	return KMB_EXPECT(test, nr, !wrong,
			  KMB_WHAT
			  "krealloc() to %zu, object %u: expected its bytes, got 0x%02x at byte %td",
			  old, gfp, "task", bytes, i, *wrong,
			  wrong - (u8 *)held->at[i]);
}

static bool resize_once(struct kunit *test, unsigned int nr, size_t old,
			size_t bytes)
{
	struct kmb_objects *held = test->priv;
	size_t common = min(old, bytes);
	bool kept = true;

	if (!old || max(old, bytes) > KMALLOC_MAX_SIZE)
		return true;
	hold(test, old);
	kmb_pattern_write(held->at[0], 0, common, 0);
	if (!resize_held(test, 0, bytes, GFP_KERNEL))
		kmb_skip(test, "no free block of %zu bytes", bytes);
	kept = expect_kept(test, nr, 0, old, bytes, "GFP_KERNEL");
	memset(held->at[0] + common, KMB_DIRT, bytes - common);
	kmb_put(test);
	return kept;
}

/* From each size to each, and to one byte less and more. */
static void p14_content_is_kept(struct kunit *test)
{
	size_t bytes, i;
	bool kept = true;

	kmb_promise(test, 14);
	bytes = kmb_size_of(test);
	for (i = 0; i < ARRAY_SIZE(kmb_sizes) && kept; i++)
		kept = resize_once(test, 14, bytes, kmb_sizes[i].bytes) &&
		       resize_once(test, 14, bytes, kmb_sizes[i].bytes - 1) &&
		       resize_once(test, 14, bytes, kmb_sizes[i].bytes + 1) &&
		       resize_once(test, 14, bytes - 1, kmb_sizes[i].bytes) &&
		       resize_once(test, 14, bytes + 1, kmb_sizes[i].bytes);
}

static void fill_patterns(const struct kmb_objects *held)
{
	unsigned int i;

	for (i = 0; i < held->nr; i++)
		kmb_pattern_write(held->at[i], 0, held->bytes, i);
}

/* One link of a chain. Return: whether to go on. */
static bool resize_all(struct kunit *test, size_t bytes,
		       const struct kmb_gfp *gfp)
{
	struct kmb_objects *held = test->priv;
	size_t old = held->bytes;
	unsigned int i;

	for (i = 0; i < held->nr; i++)
		if (!resize_held(test, i, bytes, gfp->flags))
			return false;
	for (i = 0; i < held->nr; i++)
		if (!expect_kept(test, 14, i, old, bytes, gfp->name))
			return false;
	held->bytes = bytes;
	fill_patterns(held);
	return true;
}

/* Up and down all sizes, with so many objects that have to stay apart. */
static void run_chain(struct kunit *test, unsigned int nr, size_t largest,
		      const struct kmb_gfp *gfp)
{
	const int last = ARRAY_SIZE(kmb_sizes) - 1;
	struct kmb_objects *held = test->priv;
	bool more = true;
	int i;

	held->bytes = 1;
	while (held->nr < nr && more)
		more = hold_more(test, held->bytes, gfp->flags);
	fill_patterns(held);
	for (i = 0; i <= last && more; i++)
		if (kmb_sizes[i].bytes <= largest)
			more = resize_all(test, kmb_sizes[i].bytes, gfp);
	for (i = last; i >= 0 && more; i--)
		if (kmb_sizes[i].bytes <= largest)
			more = resize_all(test, kmb_sizes[i].bytes, gfp);
	kmb_put(test);
}

static void p14_chains_stay_apart(struct kunit *test)
{
	size_t i;

	kmb_promise(test, 14);
	for (i = 0; i < ARRAY_SIZE(kmb_gfps); i++)
		run_chain(test, 16, SZ_64K, &kmb_gfps[i]);
	run_chain(test, 2, KMALLOC_MAX_SIZE, &kmb_gfps[0]);
}

static void p14_array_keeps_content(struct kunit *test)
{
	static const size_t counts[] = { 1, 2, 3, 40, 41, 700, 20, 1 };
	struct kmb_objects *held = test->priv;
	const size_t each = 24;
	size_t i, old = each;
	void *array;

	kmb_promise(test, 14);
	hold(test, old);
	for (i = 0; i < ARRAY_SIZE(counts); i++) {
		kmb_pattern_write(held->at[0], 0, old, 0);
		array = krealloc_array(held->at[0], kmb_hide(counts[i]),
				       kmb_hide(each), GFP_KERNEL);
		OPTIMIZER_HIDE_VAR(array);
		KMB_NEED_OBJECT(test, array, counts[i] * each, "GFP_KERNEL");
		held->at[0] = array;
		if (!expect_kept(test, 14, 0, old, counts[i] * each,
				 "GFP_KERNEL"))
			break;
		old = counts[i] * each;
	}
}

/* A byte that is lost, wherever, and content that was shifted are seen. */
static void control_lost_byte_is_seen(struct kunit *test)
{
	const size_t bytes = PAGE_SIZE + 3;
	struct kmb_objects *held = test->priv;
	size_t at;
	u8 *object;

	hold(test, bytes);
	object = held->at[0];
	kmb_pattern_write(object, 0, bytes, 7);
	KUNIT_EXPECT_PTR_EQ(test, kmb_pattern_find_wrong(object, 0, bytes, 7),
			    (const u8 *)NULL);
	for (at = bytes - 1; at; at /= 2) {
		object[at] ^= 1;
		KUNIT_EXPECT_PTR_EQ(test,
				    kmb_pattern_find_wrong(object, 0, bytes, 7),
				    (const u8 *)object + at);
		object[at] ^= 1;
	}
	memmove(object, object + 8, bytes - 8);
	KUNIT_EXPECT_PTR_NE(test, kmb_pattern_find_wrong(object, 0, bytes, 7),
			    (const u8 *)NULL);
}

/* Two objects of a chain that are the same one are seen. */
static void control_shared_object_is_seen(struct kunit *test)
{
	struct kmb_objects *held = test->priv;
	struct kmb_objects twice;

	hold(test, 8);
	held->bytes = 8;
	twice = *held;
	twice.nr = 2;
	twice.at[1] = twice.at[0];
	fill_patterns(&twice);
	KUNIT_EXPECT_PTR_EQ(test, kmb_pattern_find_wrong(twice.at[0], 0, 8, 0),
			    (const u8 *)twice.at[0]);
}

static bool is_tagged(const void *object)
{
	return kasan_reset_tag(object) != object;
}

static bool some_are_tagged(struct kunit *test, size_t bytes)
{
	const struct kmb_objects *held;
	unsigned int i, tagged = 0;

	held = kmb_take(test, kmb_kmalloc, bytes, GFP_KERNEL, "GFP_KERNEL");
	for (i = 0; i < held->nr; i++)
		tagged += is_tagged(held->at[i]);
	kmb_put(test);
	return tagged;
}

static void skip_unless_tags(struct kunit *test, size_t bytes)
{
	if (!IS_ENABLED(CONFIG_KASAN_SW_TAGS) && !IS_ENABLED(CONFIG_KASAN_HW_TAGS))
		kmb_skip(test, "CONFIG_KASAN_SW_TAGS and CONFIG_KASAN_HW_TAGS are off");
	if (!some_are_tagged(test, bytes))
		kmb_skip(test, "no pointer has a tag: KASAN is off");
}

/* KASAN itself reports a tag that does not fit the memory, of which a growth in place is new. */
static void p44_tags_do_not_disturb(struct kunit *test)
{
	unsigned int round;
	size_t bytes;

	kmb_promise(test, 44);
	bytes = kmb_size_of(test);
	skip_unless_tags(test, bytes);
	for (round = 0; round < 16; round++)
		if (!resize_once(test, 44, bytes, DIV_ROUND_UP(bytes, 2)) ||
		    !resize_once(test, 44, bytes / 2 + 1, bytes) ||
		    !resize_once(test, 44, bytes, bytes - 1) ||
		    !resize_once(test, 44, bytes - 1, bytes) ||
		    !resize_once(test, 44, bytes, 2 * bytes))
			break;
}

/* A pointer without its tag is told apart, and may be used to read and write. */
static void control_missing_tag_is_seen(struct kunit *test)
{
	struct kmb_objects *held = test->priv;
	u8 *object, *bare;

	skip_unless_tags(test, 8);
	hold(test, 8);
	object = held->at[held->nr - 1];
	bare = kasan_reset_tag(object);
	KUNIT_EXPECT_TRUE(test, is_tagged(object));
	KUNIT_EXPECT_FALSE(test, is_tagged(bare));
	*object = 1;
	KUNIT_EXPECT_EQ(test, READ_ONCE(*bare), 1);
	WRITE_ONCE(*bare, 2);
	KUNIT_EXPECT_EQ(test, READ_ONCE(*object), 2);
}

static struct kunit_case cases[] = {
	KUNIT_CASE_PARAM(p13_no_object_is_kmalloc, kmb_every_size),
	KUNIT_CASE(p13_no_object_to_oversize_is_null),
	KUNIT_CASE_PARAM(p13_to_no_bytes_is_zero_size_ptr, kmb_every_size),
	KUNIT_CASE_PARAM(p13_to_no_bytes_frees, kmb_every_size),
	KUNIT_CASE_PARAM(p14_content_is_kept, kmb_every_size),
	KUNIT_CASE(p14_chains_stay_apart),
	KUNIT_CASE(p14_array_keeps_content),
	KUNIT_CASE_PARAM(p39_moved_object_comes_back, sizes_that_may_grow),
	KUNIT_CASE_PARAM(p44_tags_do_not_disturb, kmb_every_size),
	KUNIT_CASE(control_missing_tag_is_seen),
	KUNIT_CASE(control_leak_is_seen),
	KUNIT_CASE(control_lost_byte_is_seen),
	KUNIT_CASE(control_shared_object_is_seen),
	{}
};

static void realloc_exit(struct kunit *test)
{
	kmb_chain_free(&leaked);
	kmb_objects_exit(test);
}

static struct kunit_suite realloc_suite = {
	.name = "kmalloc_realloc",
	.init = kmb_objects_init,
	.exit = realloc_exit,
	.test_cases = cases,
};

kunit_test_suite(realloc_suite);
