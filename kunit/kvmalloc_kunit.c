// SPDX-License-Identifier: GPL-2.0
/*
 * Does kvmalloc() try kmalloc() first, and vmalloc() only for what is larger
 * than a page?
 *
 * Where the memory is from is told from its address. A fallback is forced by a
 * size that kmalloc() cannot serve, by a failure that is injected, or by using
 * up all memory. Left out: kvrealloc(), see kvrealloc_kunit.c, and what
 * vmalloc() promises.
 */
#include <kunit/test.h>
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/vmalloc.h>

#include "dirt.h"
#include "inject.h"
#include "kernel_log.h"
#include "objects.h"
#include "pattern.h"
#include "promises.h"
#include "recycle.h"
#include "scarcity.h"
#include "sizes.h"

/* What only vmalloc() serves; a page more than it and not a power of two. */
#define ABOVE (KMALLOC_MAX_SIZE + PAGE_SIZE + 24)
/* Times that frames are made dirty until one of them is found. */
#define TRIES 8

static noinline void *by_kvmalloc(size_t bytes, gfp_t flags)
{
	void *object = kvmalloc(kmb_hide(bytes), flags);

	OPTIMIZER_HIDE_VAR(object);
	return object;
}

static noinline void *by_kvzalloc(size_t bytes, gfp_t flags)
{
	void *object = kvzalloc(kmb_hide(bytes), flags);

	OPTIMIZER_HIDE_VAR(object);
	return object;
}

static noinline void *by_kvmalloc_array(size_t bytes, gfp_t flags)
{
	void *object = kvmalloc_array(kmb_hide(bytes), kmb_hide(1), flags);

	OPTIMIZER_HIDE_VAR(object);
	return object;
}

static noinline void *by_kvcalloc(size_t bytes, gfp_t flags)
{
	void *object = kvcalloc(kmb_hide(1), kmb_hide(bytes), flags);

	OPTIMIZER_HIDE_VAR(object);
	return object;
}

/* The ways to call it. */
static const struct way {
	const char *name;
	void *(*alloc)(size_t bytes, gfp_t flags);
	bool zeroed;
} ways[] = {
	{ .name = "kvmalloc()", .alloc = by_kvmalloc },
	{ .name = "kvzalloc()", .alloc = by_kvzalloc, .zeroed = true },
	{ .name = "kvmalloc_array()", .alloc = by_kvmalloc_array },
	{ .name = "kvcalloc()", .alloc = by_kvcalloc, .zeroed = true },
};

/* Kinds of memory, as messages call them. */
static const char *kind_of(const void *object)
{
	if (!object)
		return "NULL";
	if (is_vmalloc_addr(object))
		return "vmalloc memory";
	return virt_addr_valid(object) ? "direct map" : "neither";
}

static bool is_kind(const void *object, const char *kind)
{
	return !strcmp(kind_of(object), kind);
}

/* Hold the object, so that it is freed however the case ends. */
static void *hold(struct kunit *test, void *object)
{
	struct kmb_objects *held = test->priv;

	if (object)
		held->at[held->nr++] = object;
	return object;
}

static void expect_kind(struct kunit *test, const struct way *way, size_t bytes,
			const struct kmb_gfp *gfp, const char *kind)
{
	const u8 *wrong = NULL;
	void *object;

	object = hold(test, way->alloc(bytes, gfp->flags | __GFP_NOWARN));
	if (KMB_EXPECT(test, 28, is_kind(object, kind),
		       KMB_WHAT "%s: expected %s, got %s", bytes, gfp->name,
		       "task", way->name, kind, kind_of(object))) {
		if (way->zeroed || (gfp->flags & __GFP_ZERO))
			wrong = memchr_inv(object, 0, bytes);
		KMB_EXPECT(test, 28, !wrong,
			   KMB_WHAT "%s: expected 0, got 0x%02x", bytes,
			   gfp->name, "task", way->name, *wrong);
		memset(object, KMB_DIRT, bytes);
	}
	kmb_put(test);
}

static void expect_each_way(struct kunit *test, size_t bytes,
			    const struct kmb_gfp *gfp, const char *kind)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(ways); i++)
		expect_kind(test, &ways[i], bytes, gfp, kind);
}

/* What kmalloc() has is from kmalloc(), zeroed where that was asked for. */
static void p28_kmalloc_comes_first(struct kunit *test)
{
	size_t bytes, i;

	kmb_promise(test, 28);
	bytes = kmb_size_of(test);
	if (!kmb_has_plenty(numa_mem_id(), bytes, GFP_KERNEL))
		kmb_skip(test, "few free blocks of %zu bytes", bytes);
	for (i = 0; i < ARRAY_SIZE(kmb_gfps); i++)
		if (gfpflags_allow_blocking(kmb_gfps[i].flags) ||
		    KMB_KVMALLOC_NEED_NOT_BLOCK)
			expect_each_way(test, bytes, &kmb_gfps[i], "direct map");
}

static void skip_unless_roomy(struct kunit *test)
{
	if (ABOVE >> PAGE_SHIFT > totalram_pages() / 16)
		kmb_skip(test, "KMALLOC_MAX_SIZE is %lu, too much for this machine",
			 KMALLOC_MAX_SIZE);
}

/* One way stands for all: to map each takes long. */
static void expect_vmalloc(struct kunit *test, bool blocking)
{
	size_t i;

	for (i = 1; i < ARRAY_SIZE(kmb_gfps); i++)
		if (gfpflags_allow_blocking(kmb_gfps[i].flags) == blocking)
			expect_kind(test, &ways[0], ABOVE, &kmb_gfps[i], "vmalloc memory");
}

static void p28_vmalloc_serves_the_rest(struct kunit *test)
{
	kmb_promise(test, 28);
	skip_unless_roomy(test);
	expect_each_way(test, ABOVE, &kmb_gfps[0], "vmalloc memory");
	expect_vmalloc(test, true);
}

static void p28_vmalloc_need_not_block(struct kunit *test)
{
	kmb_promise(test, 28);
	if (!KMB_KVMALLOC_NEED_NOT_BLOCK)
		kmb_skip(test,
			 "kvmalloc() of this kernel does not support GFP_ATOMIC and GFP_NOWAIT");
	skip_unless_roomy(test);
	expect_vmalloc(test, false);
}

/* Is vmalloc() asked when kmalloc() fails? Not for a page and less. */
static void expect_after_failure(struct kunit *test, size_t bytes,
				 const struct kmb_gfp *gfp)
{
	const char *kind = bytes > PAGE_SIZE ? "vmalloc memory" : "NULL";
	unsigned int left;
	void *object;

	kmb_inject(1);
	object = hold(test, by_kvmalloc(bytes, gfp->flags | __GFP_NOWARN));
	left = kmb_inject_end();
	/* What may reclaim is spared: kvmalloc() must not, before it falls back. */
	KMB_EXPECT(test, 28, !left,
		   KMB_WHAT "expected kmalloc() not to reclaim, got one that was spared",
		   bytes, gfp->name, "task");
	KMB_EXPECT(test, 28, is_kind(object, kind),
		   KMB_WHAT "kmalloc() fails: expected %s, got %s", bytes,
		   gfp->name, "task", kind, kind_of(object));
	kmb_put(test);
}

static bool is_up_to_a_page(size_t bytes)
{
	return bytes <= PAGE_SIZE;
}

static KMB_GENERATOR(sizes_up_to_a_page)
{
	return kmb_next_size(prev, desc, is_up_to_a_page);
}

static bool is_some_pages(size_t bytes)
{
	return bytes >= PAGE_SIZE && bytes <= 16 * PAGE_SIZE;
}

static KMB_GENERATOR(sizes_of_some_pages)
{
	return kmb_next_size(prev, desc, is_some_pages);
}

static bool is_above_a_page(size_t bytes)
{
	return bytes > PAGE_SIZE;
}

static KMB_GENERATOR(sizes_above_a_page)
{
	return kmb_next_size(prev, desc, is_above_a_page);
}

static void skip_without_injection(struct kunit *test)
{
	if (!IS_ENABLED(CONFIG_FAILSLAB))
		kmb_skip(test, "CONFIG_FAILSLAB is off");
	if (!IS_ENABLED(CONFIG_FAIL_PAGE_ALLOC))
		kmb_skip(test, "CONFIG_FAIL_PAGE_ALLOC is off");
}

static void skip_unless_kmalloc_fails(struct kunit *test)
{
	skip_without_injection(test);
	if (!KMB_KVMALLOC_NEED_NOT_BLOCK)
		kmb_skip(test,
			 "kvmalloc() of this kernel may reclaim, where no failure is injected");
}

static void p28_no_vmalloc_up_to_a_page(struct kunit *test)
{
	size_t bytes, i;

	kmb_promise(test, 28);
	bytes = kmb_size_of(test);
	skip_without_injection(test);
	for (i = 0; i < ARRAY_SIZE(kmb_gfps); i++)
		if (!gfpflags_allow_blocking(kmb_gfps[i].flags))
			expect_after_failure(test, bytes, &kmb_gfps[i]);
}

static void p28_vmalloc_when_kmalloc_fails(struct kunit *test)
{
	size_t bytes, i;

	kmb_promise(test, 28);
	bytes = kmb_size_of(test);
	skip_unless_kmalloc_fails(test);
	for (i = 0; i < ARRAY_SIZE(kmb_gfps); i++)
		if (!(kmb_gfps[i].flags & __GFP_RETRY_MAYFAIL))
			expect_after_failure(test, bytes, &kmb_gfps[i]);
}

#define MAYFAIL (GFP_KERNEL | __GFP_RETRY_MAYFAIL | __GFP_NOWARN)

/*
 * kmalloc() that may reclaim is spared by the injection: so it is seen whether
 * kvmalloc() let it. Without the flag the failure has to be met.
 */
static void p28_mayfail_insists_on_kmalloc(struct kunit *test)
{
	const struct kmb_gfp plain = KMB_GFP(GFP_KERNEL, "without the flag");
	size_t bytes;
	void *object;

	kmb_promise(test, 28);
	bytes = kmb_size_of(test);
	skip_unless_kmalloc_fails(test);
	kmb_inject(1);
	object = hold(test, by_kvmalloc(bytes, MAYFAIL));
	kmb_inject_end();
	KMB_EXPECT(test, 28, is_kind(object, "direct map"),
		   KMB_WHAT "expected %s, got %s", bytes,
		   "GFP_KERNEL|__GFP_RETRY_MAYFAIL", "task", "direct map",
		   kind_of(object));
	expect_after_failure(test, bytes, &plain);
}

/* Sizes above INT_MAX, and products above SIZE_MAX. */
static const struct oversize {
	size_t nr;
	size_t bytes;
} oversizes[] = {
	{ 1, (size_t)INT_MAX + 1 },
	{ 2, (size_t)INT_MAX / 2 + 1 },
	{ 1, SIZE_MAX - PAGE_SIZE },
	{ 1, SIZE_MAX },
	{ 2, SIZE_MAX / 2 + 1 },
	{ SIZE_MAX / 8 + 2, 8 },
	{ SIZE_MAX, SIZE_MAX },
};

static void expect_no_array(struct kunit *test, const struct oversize *row,
			    const char *call, void *object)
{
	hold(test, object);
	KMB_EXPECT(test, 28, !object,
		   KMB_WHAT "%s of %zu: expected NULL, got %s", row->bytes,
		   "GFP_KERNEL|__GFP_NOWARN", "task", call, row->nr,
		   kind_of(object));
	kmb_put(test);
}

static void p28_oversize_is_null_and_silent(struct kunit *test)
{
	const gfp_t flags = GFP_KERNEL | __GFP_NOWARN;
	const struct oversize *row;
	struct kmsg_dump_iter mark;

	kmb_promise(test, 28);
	kmb_log_mark(&mark);
	for (row = oversizes; row < oversizes + ARRAY_SIZE(oversizes); row++) {
		expect_no_array(test, row, "kvmalloc_array()",
				kvmalloc_array(kmb_hide(row->nr),
					       kmb_hide(row->bytes), flags));
		expect_no_array(test, row, "kvcalloc()",
				kvcalloc(kmb_hide(row->nr),
					 kmb_hide(row->bytes), flags));
	}
	KMB_EXPECT(test, 28, !kmb_log_warnings(&mark),
		   "sizes above INT_MAX, GFP_KERNEL|__GFP_NOWARN, task: expected silence, got %u warnings",
		   kmb_log_warnings(&mark));
}

/* Nothing but this may take the frames that are dirty by now. */
static void dirty_frames(struct kunit *test)
{
	unsigned int i;
	void *object;

	for (i = 0; i < 2; i++) {
		object = hold(test, by_kvmalloc(ABOVE, GFP_KERNEL));
		KMB_NEED_OBJECT(test, object, ABOVE, "GFP_KERNEL");
		memset(object, KMB_DIRT, ABOVE);
	}
	kmb_put(test);
}

static const u8 *find_dirt(struct kunit *test, const struct way *way)
{
	const u8 *object = hold(test, way->alloc(ABOVE, GFP_KERNEL));

	KMB_NEED_OBJECT(test, object, ABOVE, "GFP_KERNEL");
	return memchr_inv(object, 0, ABOVE);
}

static void p28_vmalloc_is_zeroed(struct kunit *test)
{
	const u8 *wrong;
	size_t i;

	kmb_promise(test, 28);
	kmb_dirt_or_skip(test);
	skip_unless_roomy(test);
	for (i = 0; i < ARRAY_SIZE(ways); i++) {
		if (!ways[i].zeroed)
			continue;
		dirty_frames(test);
		wrong = find_dirt(test, &ways[i]);
		KMB_EXPECT(test, 28, !wrong,
			   KMB_WHAT "%s: expected 0, got 0x%02x", (size_t)ABOVE,
			   "GFP_KERNEL", "task", ways[i].name, *wrong);
		kmb_put(test);
	}
}

/*
 * Without being asked to be zeroed the frames are still dirty; not always, as the
 * task may move to a CPU that has clean ones at hand.
 */
static void control_frames_stay_dirty(struct kunit *test)
{
	const u8 *dirt = NULL;
	unsigned int i;

	kmb_dirt_or_skip(test);
	skip_unless_roomy(test);
	for (i = 0; i < TRIES && !dirt; i++) {
		dirty_frames(test);
		dirt = find_dirt(test, &ways[0]);
		kmb_put(test);
	}
	KUNIT_EXPECT_NOT_NULL(test, dirt);
}

/* What no other case leaves in memory. */
#define SECRET 0xe7

/* Return: how many words of it consist of that byte. */
static size_t count_words(const unsigned long *object, size_t bytes, u8 byte)
{
	unsigned long word;
	size_t i, words = 0;

	memset(&word, byte, sizeof(word));
	for (i = 0; i < bytes / sizeof(word); i++)
		words += object[i] == word;
	return words;
}

/* Return: how many words of what was freed are given out again. */
static size_t words_left_by(struct kunit *test, u8 byte,
			    void (*free)(const void *object, size_t bytes))
{
	struct kmb_objects *held = test->priv;
	unsigned int i;
	void *object;

	for (i = 0; i < 2; i++) {
		object = hold(test, by_kvmalloc(ABOVE, GFP_KERNEL));
		KMB_NEED_OBJECT(test, object, ABOVE, "GFP_KERNEL");
		memset(object, byte, ABOVE);
	}
	while (held->nr)
		free(held->at[--held->nr], ABOVE);
	object = hold(test, by_kvmalloc(ABOVE, GFP_KERNEL));
	KMB_NEED_OBJECT(test, object, ABOVE, "GFP_KERNEL");
	return count_words(object, ABOVE, byte);
}

static void skip_if_poisoned(struct kunit *test)
{
	if (page_poisoning_enabled())
		kmb_skip(test, "page_poison writes to memory when it is freed");
}

static void p32_kvfree_sensitive_clears_vmalloc(struct kunit *test)
{
	size_t words;

	kmb_promise(test, 32);
	skip_if_poisoned(test);
	kmb_dirt_or_skip(test);
	skip_unless_roomy(test);
	words = words_left_by(test, SECRET, kvfree_sensitive);
	KMB_EXPECT(test, 32, !words,
		   KMB_WHAT "expected nothing of what kvfree_sensitive() freed, got %zu words",
		   (size_t)ABOVE, "GFP_KERNEL", "task", words);
}

static void just_kvfree(const void *object, size_t bytes)
{
	kvfree(object);
}

/* After kvfree() it is found again, if not at once: see the other control. */
static void control_kvfree_leaves_dirt(struct kunit *test)
{
	size_t words = 0;
	unsigned int i;

	skip_if_poisoned(test);
	kmb_dirt_or_skip(test);
	skip_unless_roomy(test);
	for (i = 0; i < TRIES && !words; i++, kmb_put(test))
		words = words_left_by(test, KMB_DIRT, just_kvfree);
	KUNIT_EXPECT_GT(test, words, 0);
}

static void kvfree_all(void **objects, unsigned int nr)
{
	while (nr--)
		kvfree(objects[nr]);
}

static void expect_back(struct kunit *test, size_t bytes)
{
	KMB_EXPECT(test, 28,
		   kmb_comes_back(test, by_kvmalloc, bytes, kvfree_all),
		   KMB_WHAT "kvfree(): expected the memory back, got none",
		   bytes, "GFP_KERNEL", "task");
}

static void p28_kvfree_takes_kmalloc(struct kunit *test)
{
	kmb_promise(test, 28);
	expect_back(test, kmb_size_of(test));
}

static void p28_kvfree_takes_vmalloc(struct kunit *test)
{
	kmb_promise(test, 28);
	skip_unless_roomy(test);
	expect_back(test, ABOVE);
}

static void p28_kvfree_of_nothing(struct kunit *test)
{
	void *none = NULL, *empty = ZERO_SIZE_PTR, *object;
	struct kmsg_dump_iter mark;

	kmb_promise(test, 28);
	kmb_log_mark(&mark);
	OPTIMIZER_HIDE_VAR(none);
	OPTIMIZER_HIDE_VAR(empty);
	kvfree(none);
	kvfree(empty);
	object = by_kvmalloc(0, GFP_KERNEL);
	KMB_EXPECT(test, 28, object == ZERO_SIZE_PTR,
		   "size 0, GFP_KERNEL, task: kvmalloc(): expected ZERO_SIZE_PTR, got %s",
		   kmb_kind_of(object));
	kvfree(object);
	KMB_EXPECT(test, 28, !kmb_log_warnings(&mark),
		   "size 0, no flags, task: kvfree() of NULL and ZERO_SIZE_PTR: expected no warning, got %u",
		   kmb_log_warnings(&mark));
}

/*
 * For memory of one node the OOM killer is not called: without the flag it is
 * NULL when memory is used up. Up to a page it is kmalloc() that has to obey.
 */
#define INSIST (GFP_KERNEL | __GFP_THISNODE | __GFP_NOFAIL)

static void p24_nofail_is_served(struct kunit *test)
{
	struct kmb_chain chain = {};
	size_t bytes;
	void *object;

	kmb_promise(test, 24);
	bytes = kmb_size_of(test);
	kmb_scarcity_begin(test);
	kmb_scarcity_take(0, 0);
	while (!kmb_scarcity_is_over() &&
	       kmb_chain_grow(&chain, 1, min(bytes, PAGE_SIZE), GFP_NOWAIT))
		;
	object = by_kvmalloc(bytes, INSIST);
	kmb_chain_free(&chain);
	kmb_scarcity_give_all();
	hold(test, object);
	KMB_EXPECT(test, 24, object,
		   KMB_WHAT "kvmalloc(): expected memory with all of it used up, got NULL",
		   bytes, "GFP_KERNEL|__GFP_THISNODE|__GFP_NOFAIL", "task");
}

/* Memory of each allocator is told from that of the other. */
static void control_kinds_are_told_apart(struct kunit *test)
{
	void *object = hold(test, kmb_kmalloc(64, GFP_KERNEL));
	void *pages = hold(test, vmalloc(64));

	KUNIT_ASSERT_NOT_NULL(test, object);
	KUNIT_ASSERT_NOT_NULL(test, pages);
	KUNIT_EXPECT_TRUE(test, is_kind(object, "direct map"));
	KUNIT_EXPECT_TRUE(test, is_kind(pages, "vmalloc memory"));
	KUNIT_EXPECT_TRUE(test, is_kind(NULL, "NULL"));
}

static struct kunit_case cases[] = {
	KUNIT_CASE_PARAM(p28_kmalloc_comes_first, kmb_every_size),
	KUNIT_CASE(p28_vmalloc_serves_the_rest),
	KUNIT_CASE(p28_vmalloc_need_not_block),
	KUNIT_CASE_PARAM(p28_no_vmalloc_up_to_a_page, sizes_up_to_a_page),
	KUNIT_CASE_PARAM(p28_vmalloc_when_kmalloc_fails, sizes_above_a_page),
	KUNIT_CASE_PARAM(p28_mayfail_insists_on_kmalloc, sizes_above_a_page),
	KUNIT_CASE(p28_oversize_is_null_and_silent),
	KUNIT_CASE(p28_vmalloc_is_zeroed),
	KUNIT_CASE_PARAM(p28_kvfree_takes_kmalloc, kmb_every_size),
	KUNIT_CASE(p28_kvfree_takes_vmalloc),
	KUNIT_CASE(p28_kvfree_of_nothing),
	KUNIT_CASE(p32_kvfree_sensitive_clears_vmalloc),
	KUNIT_CASE(control_kvfree_leaves_dirt),
	KUNIT_CASE_PARAM(p24_nofail_is_served, sizes_of_some_pages),
	KUNIT_CASE(control_frames_stay_dirty),
	KUNIT_CASE(control_kinds_are_told_apart),
	{}
};

static void kvmalloc_exit(struct kunit *test)
{
	kmb_scarcity_exit(test);
	kmb_objects_exit(test);
}

static struct kunit_suite kvmalloc_suite = {
	.name = "kmalloc_kvmalloc",
	.init = kmb_objects_init,
	.exit = kvmalloc_exit,
	.test_cases = cases,
};

kunit_test_suite(kvmalloc_suite);
