// SPDX-License-Identifier: GPL-2.0
/*
 * Does what is freed later stay for a reader on another CPU, as long as it
 * reads?
 *
 * The reader looks at all objects again and again, in one section. The case
 * frees them meanwhile, so many that a batch of them is passed on; has all be
 * freed that may be; and overwrites what it is given then. Left out: readers
 * that sleep, and more than one section.
 */
#include <kunit/test.h>
#include <linux/completion.h>
#include <linux/cpumask.h>
#include <linux/delay.h>
#include <linux/err.h>
#include <linux/kfence.h>
#include <linux/kthread.h>
#include <linux/ktime.h>
#include <linux/mm.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/sched/task.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/vmalloc.h>

#include "dirt.h"
#include "later.h"
#include "objects.h"
#include "promises.h"
#include "scarcity.h"

/* More than a page has pointers, which is a batch. */
#define OBJECTS 600

/* More than the pages of pointers have, that a CPU keeps for when none is left. */
#define CROWD 4096
/* Of so many frees, memory is used up again before one. */
#define OFTEN 64

/* How long the reader reads; and where the one who frees has to wait for it. */
#define READING_MS 50
#define AWAITED_MS 200

static void *by_vmalloc(size_t bytes, gfp_t flags)
{
	return __vmalloc(bytes, flags);
}

/* A block of pages, of which only the beginning is looked at: no sheaf gathers such. */
static void *by_large_kmalloc(size_t bytes, gfp_t flags)
{
	return kmb_kmalloc(KMALLOC_MAX_CACHE_SIZE + bytes, flags);
}

static void free_at_once(void *object)
{
	kfree(object);
}

/**
 * struct way - how objects come and go
 * @name: as messages call it.
 * @bytes: the size of each.
 * @head: the place of the rcu_head; of those that have none, @bytes.
 * @alloc: allocates one.
 * @free: frees it later.
 */
struct way {
	const char *name;
	size_t bytes;
	size_t head;
	void *(*alloc)(size_t bytes, gfp_t flags);
	void (*free)(void *object);
};

static const struct way ways[] = {
	{ .name = "kfree_rcu()", .bytes = SZ_1K,
	  .alloc = kmb_kmalloc, .free = kmb_front_later },
	{ .name = "kfree_rcu(), large, rcu_head behind", .bytes = SZ_16K,
	  .head = offsetof(struct kmb_behind, rcu),
	  .alloc = kmb_kmalloc, .free = kmb_behind_later },
	{ .name = "kvfree_rcu() of vmalloc()", .bytes = SZ_4K,
	  .alloc = by_vmalloc, .free = kmb_front_kv_later },
	{ .name = "kvfree_rcu() of vmalloc(), rcu_head behind", .bytes = SZ_8K,
	  .head = offsetof(struct kmb_behind, rcu),
	  .alloc = by_vmalloc, .free = kmb_behind_kv_later },
	{ .name = "kvfree_rcu_mightsleep()", .bytes = SZ_1K, .head = SZ_1K,
	  .alloc = kmb_kmalloc, .free = kmb_headless_later },
	{ .name = "kvfree_rcu_mightsleep() of vmalloc()", .bytes = SZ_4K,
	  .head = SZ_4K, .alloc = by_vmalloc, .free = kmb_headless_later },
#ifdef KMB_HAS_RCU_NOLOCK
	{ .name = "kfree_rcu_nolock()", .bytes = SZ_1K,
	  .alloc = kmb_kmalloc, .free = kmb_nolock_later },
	{ .name = "kfree_rcu_nolock(), large", .bytes = SZ_16K,
	  .alloc = kmb_kmalloc, .free = kmb_nolock_later },
	{ .name = "kfree_rcu_nolock() of kmalloc_nolock()", .bytes = SZ_1K,
	  .alloc = kmb_by_kmalloc_nolock, .free = kmb_nolock_later },
#endif
#ifdef KMB_HAS_NOLOCK
	{ .name = "kfree_rcu() of kmalloc_nolock()", .bytes = SZ_1K,
	  .alloc = kmb_by_kmalloc_nolock, .free = kmb_front_later },
#endif
};

static void name_way(const struct way *row, char *desc)
{
	strscpy(desc, row->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(way, ways, name_way);

/**
 * struct reading - a reader and what it reads
 * @way: how the objects come and go.
 * @nr: how many.
 * @ms: for how long.
 * @objects: what it reads.
 * @others: what overwrites them, if it can.
 * @began: it reads.
 * @ended: it is about to leave its section.
 * @wrong: an object whose content it saw changed, -1 for none.
 */
struct reading {
	const struct way *way;
	unsigned int nr;
	unsigned int ms;
	void **objects;
	void **others;
	struct completion began;
	bool ended;
	int wrong;
};

static int find_wrong(const struct reading *reading)
{
	const struct way *way = reading->way;
	int i;

	for (i = 0; i < reading->nr; i++)
		if (kmb_find_wrong_around(reading->objects[i], way->bytes,
					  way->head))
			return i;
	return -1;
}

static int read_on(void *arg)
{
	struct reading *reading = arg;
	ktime_t end;

	rcu_read_lock();
	complete(&reading->began);
	end = ktime_add_ms(ktime_get(), reading->ms);
	do
		reading->wrong = find_wrong(reading);
	while (reading->wrong < 0 && ktime_before(ktime_get(), end));
	WRITE_ONCE(reading->ended, true);
	rcu_read_unlock();
	return 0;
}

static unsigned int first_cpu(void)
{
	return cpumask_first(cpu_online_mask);
}

static void give_back(struct reading *reading, unsigned int nr)
{
	while (nr--)
		reading->way->free(reading->objects[nr]);
}

/* Return: a reader that is not reading yet, with a reference to it. */
static struct task_struct *make_reader(struct kunit *test,
				       struct reading *reading)
{
	struct task_struct *reader;

	reader = kthread_create(read_on, reading, "kmbench-reader");
	if (IS_ERR(reader))
		give_back(reading, reading->nr);
	KUNIT_ASSERT_FALSE(test, IS_ERR(reader));
	kthread_bind(reader, cpumask_next(first_cpu(), cpu_online_mask));
	return get_task_struct(reader);
}

/* Takes as many again, writes all over them, and frees them. */
static void overwrite(struct reading *reading)
{
	const struct way *way = reading->way;
	unsigned int i;

	for (i = 0; i < reading->nr; i++) {
		reading->others[i] = way->alloc(way->bytes,
						GFP_KERNEL | __GFP_NOWARN);
		if (reading->others[i])
			memset(reading->others[i], KMB_DIRT, way->bytes);
	}
	for (i = 0; i < reading->nr; i++)
		kvfree(reading->others[i]);
}

/* First it waits for what frees by itself, and then has all be freed. */
static void free_and_overwrite(struct reading *reading)
{
	ktime_t half = ktime_add_ms(ktime_get(), READING_MS / 2);
	unsigned int i;

	for (i = 0; i < reading->nr; i++)
		reading->way->free(reading->objects[i]);
	do {
		overwrite(reading);
		if (ktime_before(ktime_get(), half))
			usleep_range(USEC_PER_MSEC, 2 * USEC_PER_MSEC);
		else
			kmb_kvfree_rcu_barrier();
	} while (!READ_ONCE(reading->ended));
}

/* Not of KFENCE, which reports who reads what was freed. */
static void *alloc_watched(const struct way *way)
{
	void *object = way->alloc(way->bytes, GFP_KERNEL), *next;

	if (!is_kfence_address(object))
		return object;
	next = way->alloc(way->bytes, GFP_KERNEL);
	kvfree(object);
	return next;
}

static void fill(struct kunit *test, struct reading *reading)
{
	const struct way *way = reading->way;
	unsigned int i;
	bool whole;

	for (i = 0; i < reading->nr; i++) {
		reading->objects[i] = alloc_watched(way);
		if (!reading->objects[i])
			break;
		kmb_write_around(reading->objects[i], way->bytes, way->head);
	}
	whole = i == reading->nr;
	if (!whole)
		give_back(reading, i);
	KMB_NEED_OBJECT(test, whole, way->bytes, "GFP_KERNEL");
}

static void **make_pointers(struct kunit *test, unsigned int nr)
{
	void **pointers = kunit_kzalloc(test, nr * sizeof(*pointers), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, pointers);
	return pointers;
}

static struct reading *prepare(struct kunit *test, const struct way *way, unsigned int nr)
{
	struct reading *reading = kunit_kzalloc(test, sizeof(*reading), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, reading);
	reading->way = way;
	reading->nr = nr;
	reading->ms = READING_MS;
	reading->objects = make_pointers(test, nr);
	reading->others = make_pointers(test, nr);
	init_completion(&reading->began);
	KUNIT_ASSERT_EQ(test, 0, set_cpus_allowed_ptr(current, cpumask_of(first_cpu())));
	fill(test, reading);
	return reading;
}

/* Return: an object that its reader saw change, -1 for none. */
static int free_while_read(struct kunit *test, const struct way *way)
{
	struct reading *reading = prepare(test, way, OBJECTS);
	struct task_struct *reader = make_reader(test, reading);

	wake_up_process(reader);
	wait_for_completion(&reading->began);
	free_and_overwrite(reading);
	kthread_stop(reader);
	put_task_struct(reader);
	return reading->wrong;
}

static void skip_if_alone(struct kunit *test)
{
	if (num_online_cpus() < 2)
		kmb_skip(test, "one CPU");
}

static void p31_reader_on_another_cpu(struct kunit *test)
{
	const struct way *way = test->param_value;
	int wrong;

	kmb_promise(test, 31);
	skip_if_alone(test);
	kmb_skip_if_never_served(test, way->alloc);
	wrong = free_while_read(test, way);
	KMB_EXPECT(test, 31, wrong < 0,
		   KMB_WHAT "%s of %d: expected all kept for their reader, got object %d changed",
		   way->bytes, "GFP_KERNEL", "task", way->name, OBJECTS, wrong);
}

/* Nothing is free, but what was freed just now. */
static void *overwrite_next(const struct way *way)
{
	void *other = way->alloc(way->bytes, GFP_NOWAIT | __GFP_NOWARN);

	if (other)
		memset(other, KMB_DIRT, way->bytes);
	return other;
}

/* Return: how many were freed before the reader left. @waited: so long took the last one. */
static unsigned int free_until_it_left(struct reading *reading, bool *waited)
{
	const struct way *way = reading->way;
	ktime_t began = 0;
	unsigned int i;

	for (i = 0; i < reading->nr && !READ_ONCE(reading->ended); i++) {
		/* Also what other CPUs had at hand, and handed over to a request that waited. */
		if (i % OFTEN == 0)
			kmb_scarcity_take(0, 0);
		began = ktime_get();
		way->free(reading->objects[i]);
		reading->others[i] = overwrite_next(way);
	}
	*waited = READ_ONCE(reading->ended) &&
		  ktime_ms_delta(ktime_get(), began) >= AWAITED_MS / 4;
	return i;
}

/* Return: as free_until_it_left(). */
static unsigned int free_without_memory(struct kunit *test, struct reading *reading, bool *waited)
{
	struct task_struct *reader = make_reader(test, reading);
	unsigned int freed, i;

	kmb_scarcity_take(0, 0);
	wake_up_process(reader);
	wait_for_completion(&reading->began);
	freed = free_until_it_left(reading, waited);
	kthread_stop(reader);
	kmb_scarcity_give_all();
	put_task_struct(reader);
	for (i = 0; i < reading->nr; i++)
		kvfree(i < freed ? reading->others[i] : reading->objects[i]);
	return freed;
}

/* Who finds no page for his list of pointers has to wait for the readers. */
static void p31_reader_where_no_memory_is_left(struct kunit *test)
{
	static const struct way way = {
		.name = "kvfree_rcu_mightsleep()", .bytes = SZ_64, .head = SZ_64,
		.alloc = by_large_kmalloc, .free = kmb_headless_later,
	};
	struct reading *reading;
	unsigned int freed;
	bool waited;

	kmb_promise(test, 31);
	skip_if_alone(test);
	kmb_scarcity_begin(test);
	reading = prepare(test, &way, CROWD);
	reading->ms = AWAITED_MS;
	freed = free_without_memory(test, reading, &waited);
	KMB_EXPECT(test, 31, reading->wrong < 0,
		   KMB_WHAT
		   "%s without memory: expected all kept for their reader, got object %d of %u changed",
		   way.bytes, "GFP_KERNEL", "task", way.name, reading->wrong, freed);
	if (!waited)
		kmb_skip(test, "none of %u objects had to wait for its reader", freed);
}

static void control_freed_under_a_reader_is_seen(struct kunit *test)
{
	static const struct way at_once = {
		.bytes = SZ_1K, .alloc = kmb_kmalloc, .free = free_at_once,
	};

	skip_if_alone(test);
	if (IS_ENABLED(CONFIG_KASAN))
		kmb_skip(test, "CONFIG_KASAN reports who reads freed memory");
	KUNIT_EXPECT_GE(test, free_while_read(test, &at_once), 0);
}

static struct kunit_case cases[] = {
	KUNIT_CASE_PARAM(p31_reader_on_another_cpu, way_gen_params),
	KUNIT_CASE(p31_reader_where_no_memory_is_left),
	KUNIT_CASE(control_freed_under_a_reader_is_seen),
	{}
};

/* The task may go on to other cases. */
static void readers_exit(struct kunit *test)
{
	kmb_scarcity_exit(test);
	set_cpus_allowed_ptr(current, cpu_possible_mask);
}

static struct kunit_suite readers_suite = {
	.name = "kmalloc_readers",
	.init = kmb_case_begins,
	.exit = readers_exit,
	.test_cases = cases,
};

kunit_test_suite(readers_suite);
