// SPDX-License-Identifier: GPL-2.0
/*
 * Does the memory stay where it is while the kernel moves other memory?
 *
 * Objects of each size, up to 256 KiB with each set of flags, are held, with an
 * alias of their frames, while compaction runs. It proves something only if pages
 * did move, and if compaction came by most objects: both are measured on a file in
 * memory, and what was not proven is a skip. A thread looks at them meanwhile.
 *
 * Left out: moves for other reasons than compaction. NUMA balancing, memory
 * failure, CMA and hot-unplug ask the same question of a page, whether it is
 * on a list of reclaim or has movable operations.
 */
#include <kunit/test.h>
#include <linux/delay.h>
#include <linux/kthread.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "../module/tables.h"
#include "alias.h"
#include "movable.h"
#include "objects.h"
#include "page_table.h"
#include "promises.h"

/* Half of it is there at a time, with holes as large as a page. */
#define MOVABLE_BYTES SZ_32M
/* Compactions to wait for a proof; one is enough in user-mode Linux. */
#define ROUNDS 4
/* And for what chance decides: a look amid, a page of a window that moves. */
#define MORE_ROUNDS 16
#define LARGE SZ_256K /* Above it, not each set of flags. */
#define MAX_KEPT (ARRAY_SIZE(kmb_sizes) * ARRAY_SIZE(kmb_gfps))
/* Microseconds between two looks, in which compaction goes on. */
#define PAUSE 20
/* Aliases of pages that may move: of few, those may be left out that do. */
#define WINDOWS 1024U

/**
 * struct kept - an object that should stay
 * @bytes: its size.
 * @gfp: its flags.
 * @alias: the object and its frames.
 * @pattern: what every byte of it is.
 * @proven: compaction came by.
 */
struct kept {
	size_t bytes;
	const struct kmb_gfp *gfp;
	struct kmb_alias alias;
	u8 pattern;
	bool proven;
};

/**
 * struct change - the first change that was seen
 * @of: the object, NULL when there was none.
 * @what: what changed.
 * @page: where, counted from 1.
 */
struct change {
	const struct kept *of;
	const char *what;
	int page;
};

/**
 * struct scene - all that a case holds
 * @movable: what moves.
 * @nr: how many objects.
 * @kept: the objects, which should not.
 * @watcher: looks at them, NULL when it does not run.
 * @seen: by the watcher.
 * @amid: looks of it during which pages moved, or amid two moves.
 * @moved: how many pages moved.
 * @windows: aliases of pages of @movable, see open_windows().
 */
struct scene {
	struct kmb_movable movable;
	unsigned int nr;
	struct kept *kept;
	struct task_struct *watcher;
	struct change seen;
	unsigned int amid;
	unsigned long moved;
	struct kmb_alias windows[WINDOWS];
};

static int scene_init(struct kunit *test)
{
	struct scene *scene;

	kmb_case_begins(test);
	scene = kunit_kmalloc(test, sizeof(*scene), GFP_KERNEL);
	if (!scene)
		return -ENOMEM;
	memset(scene, 0, sizeof(*scene));
	scene->kept = kunit_kmalloc(test, MAX_KEPT * sizeof(*scene->kept), GFP_KERNEL);
	if (!scene->kept)
		return -ENOMEM;
	test->priv = scene;
	return 0;
}

static void stop_watcher(struct scene *scene)
{
	if (scene->watcher)
		kthread_stop(scene->watcher);
	scene->watcher = NULL;
}

static void close_windows(struct scene *scene)
{
	unsigned int i;

	for (i = 0; i < WINDOWS; i++)
		kmb_alias_unmap(&scene->windows[i]);
}

static void scene_exit(struct kunit *test)
{
	struct scene *scene = test->priv;
	struct kmb_alias *alias;

	if (!scene)
		return;
	stop_watcher(scene);
	close_windows(scene);
	while (scene->nr) {
		alias = &scene->kept[--scene->nr].alias;
		kmb_alias_unmap(alias);
		kvfree(alias->object);
	}
	kmb_movable_close(&scene->movable);
}

static void fill(const struct kept *kept)
{
	memset(kept->alias.object, kept->pattern, kept->bytes);
}

/* Return: the first page that was written by others, from 1; 0 when none was. */
static int find_foreign(const struct kept *kept)
{
	void *object = kept->alias.object;
	void *wrong = memchr_inv(object, kept->pattern, kept->bytes);

	if (!wrong)
		return 0;
	return (offset_in_page(object) + (wrong - object)) / PAGE_SIZE + 1;
}

/* Return: as kmb_walk_to_break(); 0 where nothing can be walked. */
static int find_other_frame(const struct kept *kept)
{
	const struct kmb_alias *alias = &kept->alias;
	unsigned long sizes = 0;

	if (kmb_page_tables_absent())
		return 0;
	return kmb_walk_to_break(alias->object, alias->pages,
				 page_to_pfn(alias->frames[0]), &sizes);
}

static struct change changed(const struct kept *of, const char *what, int page)
{
	return (struct change) { .of = of, .what = what, .page = page };
}

/* Any write but those of the comparison stays, for the next look to see. */
static struct change look(struct kept *kept)
{
	int page;

	page = find_foreign(kept);
	if (page)
		return changed(kept, "content", page);
	page = find_other_frame(kept);
	if (page)
		return changed(kept, "frame in the page tables", page);
	page = kmb_alias_compare(&kept->alias);
	if (page)
		return changed(kept, "frame in its alias", page);
	kmb_alias_erase(&kept->alias, kept->pattern);
	return (struct change) {};
}

/* Return: whether there was none. */
static bool expect_no_change(struct kunit *test, const struct change *change,
			     const char *when)
{
	return KMB_EXPECT(test, 37, !change->of,
			  KMB_WHAT "expected its %s to stay, got another at page %d %s compaction",
			  change->of->bytes, change->of->gfp->name, "task",
			  change->what, change->page, when);
}

static void look_at_all(struct kunit *test, const char *when)
{
	struct scene *scene = test->priv;
	struct change change;
	unsigned int i;

	for (i = 0; i < scene->nr; i++) {
		change = look(&scene->kept[i]);
		if (!expect_no_change(test, &change, when))
			break;
		cond_resched();
	}
}

/* Return: whether more pages have moved than at the call before. */
static bool has_grown(unsigned long *moved)
{
	unsigned long now;

	if (kmb_migrations(&now) || now == *moved)
		return false;
	*moved = now;
	return true;
}

/* Ends looking at the first change, but stays until it is stopped. */
static int watch(void *data)
{
	struct scene *scene = data;
	unsigned int i, between = 0;
	unsigned long moved = 0;

	has_grown(&moved);
	for (i = 0; !kthread_should_stop(); i++) {
		between += has_grown(&moved);
		if (!scene->seen.of)
			scene->seen = look(&scene->kept[i % scene->nr]);
		scene->amid += has_grown(&moved);
		usleep_range(PAUSE, 2 * PAUSE);
	}
	/* One may be after the last move. */
	scene->amid += max(between, 1U) - 1;
	return 0;
}

/* Ahead of compaction, which could be over before it lets go of an only CPU. */
static void start_watcher(struct kunit *test)
{
	struct scene *scene = test->priv;
	struct task_struct *task;

	scene->seen = (struct change) {};
	task = kthread_run(watch, scene, "kmbench-watch");
	KUNIT_ASSERT_FALSE(test, IS_ERR(task));
	sched_set_fifo_low(task);
	scene->watcher = task;
}

/* Memory that may be short of blocks so large, or may not be waited for. */
static bool may_be_null(const struct kmb_size *size, const struct kmb_gfp *gfp)
{
	return get_order(size->bytes) > PAGE_ALLOC_COSTLY_ORDER ||
	       !(gfp->flags & __GFP_DIRECT_RECLAIM);
}

static void hold(struct kunit *test, struct kept *kept, void *object)
{
	KUNIT_ASSERT_EQ(test, kmb_alias_map(&kept->alias, object, kept->bytes, false), 0);
	fill(kept);
}

static void keep(struct kunit *test, const struct kmb_size *size,
		 const struct kmb_gfp *gfp)
{
	struct scene *scene = test->priv;
	struct kept *kept = &scene->kept[scene->nr];
	void *object = kmb_kmalloc(size->bytes, gfp->flags | __GFP_NOWARN);

	if (!object) {
		KMB_NEED(test, may_be_null(size, gfp),
			 KMB_WHAT "expected an object, got NULL", size->bytes,
			 gfp->name, "task");
		return;
	}
	*kept = (struct kept) {
		.bytes = size->bytes,
		.gfp = gfp,
		.pattern = scene->nr++ % U8_MAX + 1,
	};
	hold(test, kept, object);
}

/* Of each size above LARGE one object, with the next flags: to map it takes long. */
static void keep_each(struct kunit *test)
{
	size_t i, j;

	for (i = 0; i < ARRAY_SIZE(kmb_sizes); i++) {
		if (kmb_sizes[i].bytes > KMALLOC_MAX_SIZE)
			continue;
		for (j = 0; j < ARRAY_SIZE(kmb_gfps); j++)
			if (kmb_sizes[i].bytes <= LARGE || j == i % ARRAY_SIZE(kmb_gfps))
				keep(test, &kmb_sizes[i], &kmb_gfps[j]);
	}
}

/* Return: how many objects compaction came by, in this round or an earlier. */
static unsigned int note_proven(struct scene *scene)
{
	const struct kmb_alias *alias;
	struct zone *zone = NULL;
	unsigned int i, count = 0;
	unsigned long scanned = 0;

	for (i = 0; i < scene->nr; i++) {
		alias = &scene->kept[i].alias;
		if (zone != page_zone(alias->frames[0])) {
			zone = page_zone(alias->frames[0]);
			scanned = kmb_movable_scanned(&scene->movable, zone);
		}
		if (page_to_pfn(alias->frames[alias->pages - 1]) < scanned)
			scene->kept[i].proven = true;
		count += scene->kept[i].proven;
	}
	return count;
}

static unsigned long last_frame(const void *object, size_t bytes)
{
	return page_to_pfn(virt_to_page(object + bytes - 1));
}

/* Return: an object like another whose frames are below @limit, or NULL. */
static void *find_below(const struct kept *like, unsigned long limit)
{
	size_t tries = clamp_t(size_t, SZ_128K / like->bytes, 16, SZ_8K);
	void **others = NULL, **object;

	while (tries--) {
		object = kmb_kmalloc(like->bytes, like->gfp->flags | __GFP_NOWARN);
		if (!object || last_frame(object, like->bytes) < limit)
			break;
		*object = others;
		others = object;
		object = NULL;
	}
	while (others) {
		void **next = *others;

		kfree(others);
		others = next;
	}
	return object;
}

/* Compaction ends where it filled all free pages above: those are taken anew. */
static void replace_unproven(struct kunit *test)
{
	struct scene *scene = test->priv;
	struct kmb_alias *alias;
	unsigned long scanned;
	void *object;
	unsigned int i;

	for (i = 0; i < scene->nr; i++) {
		if (scene->kept[i].proven)
			continue;
		alias = &scene->kept[i].alias;
		scanned = kmb_movable_scanned(&scene->movable, page_zone(alias->frames[0]));
		object = find_below(&scene->kept[i], scanned);
		if (!object)
			continue;
		kmb_alias_unmap(alias);
		kvfree(alias->object);
		alias->object = NULL;
		hold(test, &scene->kept[i], object);
	}
}

/* Both the kernel's count and the frames of the pages have to say so. */
static void move_pages(struct kunit *test, bool odd)
{
	struct scene *scene = test->priv;
	unsigned long before, after;
	unsigned int moved;
	int err;

	KUNIT_ASSERT_EQ(test, kmb_movable_fill(&scene->movable, odd), 0);
	kmb_movable_note(&scene->movable);
	KUNIT_ASSERT_EQ(test, kmb_migrations(&before), 0);
	start_watcher(test);
	err = kmb_compact();
	stop_watcher(scene);
	KUNIT_ASSERT_EQ(test, err, 0);
	KUNIT_ASSERT_EQ(test, kmb_migrations(&after), 0);
	moved = kmb_movable_moved(&scene->movable);
	scene->moved += min_t(unsigned long, moved, after - before);
}

static void need_moves(struct kunit *test)
{
	struct scene *scene = test->priv;
	const char *option = kmb_movable_absent();

	kmb_alias_need(test);
	if (option)
		kmb_skip(test, "%s is off, so no page can be moved", option);
	KUNIT_ASSERT_EQ(test, kmb_movable_open(&scene->movable, MOVABLE_BYTES), 0);
}

/* Objects above the last page that moved may not have been come by. */
static void skip_unproven(struct kunit *test, unsigned int proven)
{
	const struct scene *scene = test->priv;

	if (!scene->moved)
		kmb_skip(test, "compaction moved no page");
	if (!scene->amid)
		kmb_skip(test, "nobody looked while pages moved");
	if (proven < scene->nr / 2)
		kmb_skip(test, "compaction came by %u of %u objects only",
			 proven, scene->nr);
}

static void p37_objects_stay_while_pages_move(struct kunit *test)
{
	struct scene *scene = test->priv;
	unsigned int round, proven = 0;

	kmb_promise(test, 37);
	need_moves(test);
	keep_each(test);
	look_at_all(test, "before");
	for (round = 0; round < ROUNDS || (!scene->amid && round < MORE_ROUNDS); round++) {
		move_pages(test, round & 1);
		expect_no_change(test, &scene->seen, "during");
		look_at_all(test, "after");
		proven = note_proven(scene);
		if (proven == scene->nr && scene->amid)
			break;
		replace_unproven(test);
	}
	kunit_info(test, "%lu pages moved, past %u of %u objects; %u looks meanwhile\n",
		   scene->moved, proven, scene->nr, scene->amid);
	skip_unproven(test, proven);
}

static const struct kmb_size three_pages = { .bytes = 3 * PAGE_SIZE, .shows = "three pages" };

static void keep_two(struct kunit *test)
{
	kmb_alias_need(test);
	keep(test, &three_pages, &kmb_gfps[0]);
	keep(test, &three_pages, &kmb_gfps[0]);
}

static void expect_seen(struct kunit *test, const char *what, int page)
{
	struct scene *scene = test->priv;
	struct change change = look(&scene->kept[0]);

	KUNIT_ASSERT_PTR_EQ(test, change.of, (const struct kept *)scene->kept);
	KUNIT_EXPECT_EQ(test, strcmp(change.what, what), 0);
	KUNIT_EXPECT_EQ(test, change.page, page);
}

static void control_new_content_is_seen(struct kunit *test)
{
	struct scene *scene = test->priv;
	u8 *byte;

	keep_two(test);
	KUNIT_EXPECT_FALSE(test, look(&scene->kept[0]).of);
	byte = scene->kept[0].alias.object + three_pages.bytes - 1;
	*byte ^= 0x80;
	start_watcher(test);
	msleep(20);
	stop_watcher(scene);
	KUNIT_EXPECT_PTR_EQ(test, scene->seen.of, (const struct kept *)scene->kept);
	expect_seen(test, "content", 3);
}

/* The aliases of two objects are exchanged, as if both had moved. */
static void control_new_frame_is_seen(struct kunit *test)
{
	struct scene *scene = test->priv;
	struct kept *kept = scene->kept;

	keep_two(test);
	swap(kept[0].alias.map, kept[1].alias.map);
	expect_seen(test, "frame in its alias", 1);
	if (kmb_page_tables_absent())
		return;
	fill(&kept[0]);
	swap(kept[0].alias.frames, kept[1].alias.frames);
	expect_seen(test, "frame in the page tables", 1);
}

static unsigned int count_windows(const struct scene *scene)
{
	return min(WINDOWS, scene->movable.pages / 2);
}

/* The page that a window shows; they are spread over the file. */
static struct page *window_page(const struct scene *scene, unsigned int i, bool odd)
{
	unsigned int apart = scene->movable.pages / count_windows(scene);

	return kmb_movable_get(&scene->movable, i * apart + odd);
}

/* Windows are aliases of one page each, and hold no reference to it. */
static void open_windows(struct kunit *test, bool odd)
{
	struct scene *scene = test->priv;
	struct page *page;
	unsigned int i;
	int err;

	for (i = 0; i < count_windows(scene); i++) {
		page = window_page(scene, i, odd);
		KUNIT_ASSERT_NOT_NULL(test, page);
		err = kmb_alias_map(&scene->windows[i], page_address(page), PAGE_SIZE, false);
		if (!err)
			err = kmb_alias_compare(&scene->windows[i]);
		put_page(page);
		KUNIT_ASSERT_EQ(test, err, 0);
	}
}

/* Return: how many pages had gone from behind their window. */
static unsigned int compare_windows(struct kunit *test, bool odd)
{
	struct scene *scene = test->priv;
	unsigned int i, moved, count = 0;
	struct kmb_alias *window;
	struct page *page;

	for (i = 0; i < count_windows(scene); i++) {
		page = window_page(scene, i, odd);
		if (!page)
			continue;
		window = &scene->windows[i];
		window->object = page_address(page);
		moved = page != window->frames[0];
		KUNIT_EXPECT_EQ(test, kmb_alias_compare(window), moved);
		count += moved;
		put_page(page);
	}
	return count;
}

static unsigned int move_windows(struct kunit *test, bool odd)
{
	struct scene *scene = test->priv;
	unsigned int count;

	KUNIT_ASSERT_EQ(test, kmb_movable_fill(&scene->movable, odd), 0);
	open_windows(test, odd);
	KUNIT_ASSERT_EQ(test, kmb_compact(), 0);
	count = compare_windows(test, odd);
	close_windows(scene);
	return count;
}

/*
 * What says that objects stayed says that these pages moved. A window whose
 * page has gone shows a frame of others: it is read, and not written.
 */
static void control_alias_of_movable_page_goes_stale(struct kunit *test)
{
	unsigned int round, stale = 0;

	if (IS_ENABLED(CONFIG_KMSAN))
		kmb_skip(test, "CONFIG_KMSAN forbids to read memory of others");
	need_moves(test);
	for (round = 0; round < MORE_ROUNDS && !stale; round++)
		stale = move_windows(test, round & 1);
	if (!stale)
		kmb_skip(test, "compaction moved no page");
}

static struct kunit_case cases[] = {
	KUNIT_CASE(p37_objects_stay_while_pages_move),
	KUNIT_CASE(control_new_content_is_seen),
	KUNIT_CASE(control_new_frame_is_seen),
	KUNIT_CASE(control_alias_of_movable_page_goes_stale),
	{}
};

static struct kunit_suite stability_suite = {
	.name = "kmalloc_stability",
	.init = scene_init,
	.exit = scene_exit,
	.test_cases = cases,
};

kunit_test_suite(stability_suite);
