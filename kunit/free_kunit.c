// SPDX-License-Identifier: GPL-2.0
/*
 * Do kfree_bulk() and kfree_sensitive() do what their names say?
 *
 * That all memory comes back is seen from the pages that slabs have, after so
 * many rounds that one lost object of each would show. What kfree_sensitive()
 * left is read after the same memory was given out again. Left out: kfree()
 * itself, on which all suites rely, and memory that the kernel writes when it
 * is freed.
 */
#include <kunit/test.h>
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "dirt.h"
#include "kernel_log.h"
#include "objects.h"
#include "promises.h"
#include "recycle.h"
#include "sizes.h"

/* Rounds of mixed objects; one of each lost comes to about KMB_VOLUME. */
#define ROUNDS 2048

/* The largest object of a mix. */
#define MIX_MAX SZ_64K

/* One object of each size, from another row on in each round. */
struct mix {
	unsigned int nr;
	size_t bytes[ARRAY_SIZE(kmb_sizes)];
	void *at[ARRAY_SIZE(kmb_sizes)];
};

static bool take_mix(struct mix *mix, unsigned int round)
{
	const struct kmb_gfp *gfp = &kmb_gfps[round % ARRAY_SIZE(kmb_gfps)];
	const struct kmb_size *row;
	unsigned int i;

	mix->nr = 0;
	for (i = 0; i < ARRAY_SIZE(kmb_sizes); i++) {
		row = &kmb_sizes[(i + round) % ARRAY_SIZE(kmb_sizes)];
		if (row->bytes > MIX_MAX)
			continue;
		mix->bytes[mix->nr] = row->bytes;
		mix->at[mix->nr] = kmb_kmalloc(row->bytes,
					       gfp->flags | __GFP_NOWARN);
		if (mix->at[mix->nr])
			mix->nr++;
	}
	return mix->nr > 1;
}

static struct mix mix;

static void free_mix(void)
{
	while (mix.nr)
		kfree(mix.at[--mix.nr]);
}

/* What a control does not free; the .exit does. */
static struct kmb_chain left_out;

/* Return: the pages that are gone after many rounds of kfree_bulk(). */
static long lose_in_bulk(struct kunit *test, unsigned int keep)
{
	struct kmb_counters before;
	unsigned int round;

	if (IS_ENABLED(CONFIG_KASAN_GENERIC))
		kmb_skip(test, "CONFIG_KASAN_GENERIC keeps freed objects in quarantine");
	kmb_counters_read(&before);
	for (round = 0; round < ROUNDS; round++) {
		KMB_NEED(test, take_mix(&mix, round),
			 "size 8 to 64K, %s, task: expected 2 objects and more, got %u",
			 kmb_gfps[round % ARRAY_SIZE(kmb_gfps)].name, mix.nr);
		if (keep)
			kmb_chain_add(&left_out, mix.at[--mix.nr]);
		kfree_bulk(mix.nr, mix.at);
		mix.nr = 0;
	}
	return kmb_lost_since(&before);
}

static void p30_mixed_sizes_all_come_back(struct kunit *test)
{
	long gone;

	kmb_promise(test, 30);
	gone = lose_in_bulk(test, 0);
	KMB_EXPECT(test, 30, !kmb_is_lost(gone),
		   "size 8 to 64K, all flags, task: expected all memory back, got %ld pages less",
		   gone);
}

/* One object of a bulk that is not freed is seen. */
static void control_object_left_out_is_seen(struct kunit *test)
{
	long gone = lose_in_bulk(test, 1);

	kmb_chain_free(&left_out);
	KUNIT_EXPECT_TRUE(test, kmb_is_lost(gone));
}

static void give_back_bulk(void **objects, unsigned int nr)
{
	kfree_bulk(nr, objects);
}

static void p30_objects_come_back(struct kunit *test)
{
	size_t bytes;

	kmb_promise(test, 30);
	bytes = kmb_size_of(test);
	KMB_EXPECT(test, 30,
		   kmb_comes_back(test, kmb_kmalloc, bytes, give_back_bulk),
		   KMB_WHAT "kfree_bulk(): expected the memory back, got none",
		   bytes, "GFP_KERNEL", "task");
}

/* Of this size are the objects of a long bulk, and so far apart in it. */
#define LONG_BYTES SZ_1K
#define LONG_STRIDE 97

/* A bulk whose neighbours are of different slabs. */
static void **spread, **one_by_one;
static unsigned int nr_spread;

static void free_spread(void)
{
	while (nr_spread)
		kfree(one_by_one[--nr_spread]);
	kvfree(spread);
	kvfree(one_by_one);
	spread = NULL;
	one_by_one = NULL;
}

static void take_spread(struct kunit *test, unsigned int nr)
{
	unsigned int i;

	spread = kvmalloc_array(nr, sizeof(*spread), GFP_KERNEL);
	one_by_one = kvmalloc_array(nr, sizeof(*one_by_one), GFP_KERNEL);
	KUNIT_ASSERT_TRUE(test, spread && one_by_one);
	while (nr_spread < nr) {
		one_by_one[nr_spread] = kmb_kmalloc(LONG_BYTES, GFP_KERNEL);
		KMB_NEED_OBJECT(test, one_by_one[nr_spread], LONG_BYTES, "GFP_KERNEL");
		nr_spread++;
	}
	for (i = 0; i < nr; i++)
		spread[i] = one_by_one[i * LONG_STRIDE % nr];
}

/* Return: the pages that are gone after one long kfree_bulk(). */
static long lose_in_a_long_bulk(struct kunit *test, unsigned int keep)
{
	unsigned int nr = KMB_VOLUME / LONG_BYTES;
	struct kmb_counters before;

	if (IS_ENABLED(CONFIG_KASAN_GENERIC))
		kmb_skip(test, "CONFIG_KASAN_GENERIC keeps freed objects in quarantine");
	kmb_counters_read(&before);
	take_spread(test, nr);
	kfree_bulk(nr - keep, spread + keep);
	nr_spread = 0;
	return kmb_lost_since(&before);
}

static void p30_objects_of_many_slabs_come_back(struct kunit *test)
{
	long gone;

	kmb_promise(test, 30);
	gone = lose_in_a_long_bulk(test, 0);
	KMB_EXPECT(test, 30, !kmb_is_lost(gone),
		   KMB_WHAT "one kfree_bulk() of %lu: expected all memory back, got %ld pages less",
		   (size_t)LONG_BYTES, "GFP_KERNEL", "task",
		   KMB_VOLUME / LONG_BYTES, gone);
}

/* An object that stays in each slab keeps its slab. */
static void control_slabs_kept_are_seen(struct kunit *test)
{
	unsigned int i, keep = KMB_VOLUME / LONG_BYTES / 2;
	long gone = lose_in_a_long_bulk(test, keep);

	KUNIT_EXPECT_TRUE(test, kmb_is_lost(gone));
	for (i = 0; i < keep; i++)
		kfree(spread[i]);
}

/* What is held between objects of a bulk stays as it is. */
static void p30_neighbours_stay(struct kunit *test)
{
	struct kmb_objects *held = test->priv;
	unsigned int i, freed = 0;
	const u8 *wrong = NULL;
	void *half[KMB_MAX_OBJECTS];
	size_t bytes;

	kmb_promise(test, 30);
	bytes = kmb_size_of(test);
	kmb_take_some(test, kmb_kmalloc, bytes, GFP_KERNEL, "GFP_KERNEL");
	kmb_fill(held);
	for (i = 0; i < held->nr / 2; i++) {
		half[freed++] = held->at[i];
		held->at[i] = held->at[--held->nr];
	}
	kmb_fill(held);
	kfree_bulk(freed, half);
	for (i = 0; i < freed; i++)
		half[i] = kmb_kmalloc(bytes, GFP_KERNEL | __GFP_NOWARN);
	for (i = 0; i < freed; i++)
		if (half[i])
			memset(half[i], KMB_DIRT, bytes);
	for (i = 0; i < held->nr && !wrong; i++)
		wrong = kmb_find_foreign(held, i);
	while (freed)
		kfree(half[--freed]);
	KMB_EXPECT_OF(test, 30, held, !wrong,
		      "expected what is held as it was, got 0x%02x", *wrong);
}

/* Free the objects that do not come from an earlier handful. */
static void keep_back(struct kmb_objects *held, const struct kmb_objects *were)
{
	struct kmb_objects one = { .nr = 1 };
	unsigned int i = 0;

	while (i < held->nr) {
		one.at[0] = held->at[i];
		if (kmb_count_back(&one, were)) {
			i++;
		} else {
			held->at[i] = held->at[--held->nr];
			kfree(one.at[0]);
		}
	}
}

/**
 * struct wipe - how to free a handful that was written in full
 * @name: as messages call it.
 * @free: frees an object that was asked for with so many bytes.
 * @shrunk: leave half of the object, which is dirty, behind the size first.
 */
struct wipe {
	const char *name;
	void (*free)(const void *object, size_t bytes);
	bool shrunk;
};

static void by_kfree(const void *object, size_t bytes)
{
	kfree(object);
}

static void by_kfree_sensitive(const void *object, size_t bytes)
{
	kfree_sensitive(object);
}

static const struct wipe wipes[] = {
	{ .name = "kfree_sensitive()", .free = by_kfree_sensitive },
	{ .name = "kfree_sensitive() of a shrunk object",
	  .free = by_kfree_sensitive, .shrunk = true },
	{ .name = "kvfree_sensitive()", .free = kvfree_sensitive },
};

static void wipe_all(struct kmb_objects *held, const struct wipe *wipe, u8 dirt)
{
	void *object;

	while (held->nr) {
		object = held->at[--held->nr];
		memset(object, dirt, held->bytes);
		if (wipe->shrunk)
			object = kmb_krealloc(object,
					      DIV_ROUND_UP(held->bytes, 2),
					      GFP_KERNEL);
		wipe->free(object, held->bytes);
	}
}

/* Hold what came back after it was written in full and freed. */
static const struct kmb_objects *
take_wiped(struct kunit *test, size_t bytes, const struct wipe *wipe, u8 dirt)
{
	struct kmb_objects *held = test->priv;
	struct kmb_objects were;
	unsigned int try;

	for (try = 0; try < KMB_TRIES && !held->nr; try++) {
		were = *kmb_take(test, kmb_kmalloc, bytes, GFP_KERNEL,
				 "GFP_KERNEL");
		wipe_all(held, wipe, dirt);
		kmb_take(test, kmb_kmalloc, bytes, GFP_KERNEL, "GFP_KERNEL");
		keep_back(held, &were);
	}
	return held;
}

/* Words of an object that are not 0. */
static unsigned int count_dirty_words(const void *object, size_t bytes)
{
	const void *at = object, *end = object + bytes;
	unsigned int words = 0;

	while (at < end && (at = memchr_inv(at, 0, end - at))) {
		words++;
		at = PTR_ALIGN(at + 1, sizeof(void *));
	}
	return words;
}

/* Return: the first byte that is @dirt in each object, or their size. */
static size_t find_left(const struct kmb_objects *held, u8 dirt)
{
	unsigned int i;
	size_t at;

	for (at = 0; at < held->bytes; at++) {
		for (i = 0; i < held->nr; i++)
			if (((u8 *)held->at[i])[at] != dirt)
				break;
		if (i == held->nr)
			return at;
	}
	return held->bytes;
}

/* A free object of a slab may hold one pointer to the next. */
static void expect_wiped(struct kunit *test, const struct kmb_objects *held,
			 const struct wipe *wipe)
{
	unsigned int most = kmb_is_from_slab(held->bytes);
	unsigned int i, words;

	for (i = 0; i < held->nr; i++) {
		words = count_dirty_words(held->at[i], held->bytes);
		if (!KMB_EXPECT_OF(test, 32, held, words <= most,
				   "%s: expected at most %u words that are not 0, got %u",
				   wipe->name, most, words))
			break;
	}
}

/* Return: what find_left() finds. Skips the case where nothing comes back. */
static size_t check_wipe(struct kunit *test, size_t bytes,
			 const struct wipe *wipe, u8 dirt)
{
	const struct kmb_objects *held = take_wiped(test, bytes, wipe, dirt);
	size_t left;

	if (!held->nr)
		kmb_skip(test, "no object that was freed came back");
	expect_wiped(test, held, wipe);
	left = find_left(held, dirt);
	kmb_put(test);
	return left;
}

/*
 * The pointer is told from dirt by its value: in one place of all objects it
 * is not first this and then that byte.
 */
static void check_wipes(struct kunit *test, size_t bytes,
			const struct wipe *wipe)
{
	size_t left = check_wipe(test, bytes, wipe, KMB_DIRT);

	KMB_EXPECT(test, 32,
		   left == bytes ||
		   left != check_wipe(test, bytes, wipe, KMB_DIRT ^ 0xff),
		   KMB_WHAT "%s: expected 0, got dirt at byte %zu", bytes,
		   "GFP_KERNEL", "task", wipe->name, left);
}

static const struct wipe no_wipe = { .name = "kfree()", .free = by_kfree };

/* No byte that SLUB or the page allocator writes to what is free. */
#define NO_POISON 0x3d

static void skip_if_overwritten(struct kunit *test, size_t bytes)
{
	const struct kmb_objects *held;
	size_t left;

	kmb_dirt_or_skip(test);
	held = take_wiped(test, bytes, &no_wipe, NO_POISON);
	if (!held->nr)
		kmb_skip(test, "no object that was freed came back");
	left = find_left(held, NO_POISON);
	kmb_put(test);
	if (left == bytes)
		kmb_skip(test, "slub_debug or page_poison writes to memory when it is freed");
}

static bool is_above_a_pointer(size_t bytes)
{
	return bytes > sizeof(void *);
}

static KMB_GENERATOR(sizes_above_a_pointer)
{
	return kmb_next_size(prev, desc, is_above_a_pointer);
}

static void p32_cleared_before_it_is_freed(struct kunit *test)
{
	size_t bytes, i;

	kmb_promise(test, 32);
	bytes = kmb_size_of(test);
	skip_if_overwritten(test, bytes);
	/* What comes back may have had another owner since, who left it dirty. */
	if (IS_ENABLED(CONFIG_KASAN_GENERIC) && kmb_is_from_slab(bytes))
		kmb_skip(test, "KASAN keeps what is freed in its quarantine");
	for (i = 0; i < ARRAY_SIZE(wipes); i++)
		check_wipes(test, bytes, &wipes[i]);
}

static void give_back_sensitive(void **objects, unsigned int nr)
{
	while (nr--)
		kfree_sensitive(objects[nr]);
}

static void p32_objects_come_back(struct kunit *test)
{
	size_t bytes;

	kmb_promise(test, 32);
	bytes = kmb_size_of(test);
	KMB_EXPECT(test, 32,
		   kmb_comes_back(test, kmb_kmalloc, bytes, give_back_sensitive),
		   KMB_WHAT "kfree_sensitive(): expected the memory back, got none",
		   bytes, "GFP_KERNEL", "task");
}

static void p32_of_nothing_does_nothing(struct kunit *test)
{
	void *none = NULL, *empty = ZERO_SIZE_PTR;
	const struct kmb_objects *held;
	struct kmsg_dump_iter mark;
	const u8 *wrong = NULL;
	unsigned int i;

	kmb_promise(test, 32);
	kmb_log_mark(&mark);
	OPTIMIZER_HIDE_VAR(none);
	OPTIMIZER_HIDE_VAR(empty);
	held = kmb_take(test, kmb_kmalloc, 16, GFP_KERNEL, "GFP_KERNEL");
	kmb_fill(held);
	for (i = 0; i < KMB_MAX_OBJECTS; i++) {
		kfree_sensitive(none);
		kfree_sensitive(empty);
	}
	for (i = 0; i < held->nr && !wrong; i++)
		wrong = kmb_find_foreign(held, i);
	KMB_EXPECT(test, 32, !wrong && !kmb_log_warnings(&mark),
		   "size 0, no flags, task: kfree_sensitive() of NULL and ZERO_SIZE_PTR: expected nothing, got %s",
		   wrong ? "an object changed" : "a warning");
}

/* After kfree() the dirt is found again, or p32 proves nothing. */
static void control_kfree_leaves_dirt(struct kunit *test)
{
	const struct kmb_objects *held;
	size_t bytes;

	bytes = kmb_size_of(test);
	kmb_dirt_or_skip(test);
	held = take_wiped(test, bytes, &no_wipe, KMB_DIRT);
	if (!held->nr)
		kmb_skip(test, "no object that was freed came back");
	KUNIT_EXPECT_GT(test, count_dirty_words(held->at[0], bytes), 1);
}

/* One byte that was not cleared is seen, beside the pointer or in its place. */
static void control_byte_left_is_seen(struct kunit *test)
{
	struct kmb_objects *held = test->priv;
	const size_t bytes = 64;
	unsigned int i;

	kmb_take(test, kmb_kmalloc, bytes, GFP_KERNEL, "GFP_KERNEL");
	KUNIT_ASSERT_GT(test, held->nr, 0);
	for (i = 0; i < held->nr; i++)
		memset(held->at[i], 0, bytes);
	KUNIT_EXPECT_EQ(test, count_dirty_words(held->at[0], bytes), 0);
	KUNIT_EXPECT_EQ(test, find_left(held, KMB_DIRT), bytes);
	for (i = 0; i < held->nr; i++)
		((u8 *)held->at[i])[bytes - 1] = KMB_DIRT;
	KUNIT_EXPECT_EQ(test, count_dirty_words(held->at[0], bytes), 1);
	KUNIT_EXPECT_EQ(test, find_left(held, KMB_DIRT), bytes - 1);
	((u8 *)held->at[0])[bytes / 2] = 1;
	KUNIT_EXPECT_EQ(test, count_dirty_words(held->at[0], bytes), 2);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(p30_mixed_sizes_all_come_back),
	KUNIT_CASE_PARAM(p30_objects_come_back, kmb_every_size),
	KUNIT_CASE(p30_objects_of_many_slabs_come_back),
	KUNIT_CASE_PARAM(p30_neighbours_stay, kmb_every_size),
	KUNIT_CASE_PARAM(p32_cleared_before_it_is_freed, sizes_above_a_pointer),
	KUNIT_CASE_PARAM(p32_objects_come_back, kmb_every_size),
	KUNIT_CASE(p32_of_nothing_does_nothing),
	KUNIT_CASE(control_object_left_out_is_seen),
	KUNIT_CASE(control_slabs_kept_are_seen),
	KUNIT_CASE_PARAM(control_kfree_leaves_dirt, sizes_above_a_pointer),
	KUNIT_CASE(control_byte_left_is_seen),
	{}
};

static void free_exit(struct kunit *test)
{
	free_mix();
	free_spread();
	kmb_chain_free(&left_out);
	kmb_objects_exit(test);
}

static struct kunit_suite free_suite = {
	.name = "kmalloc_free",
	.init = kmb_objects_init,
	.exit = free_exit,
	.test_cases = cases,
};

kunit_test_suite(free_suite);
