// SPDX-License-Identifier: GPL-2.0
/*
 * May an object be freed on another CPU than the one that allocated it, and
 * does its memory come back?
 *
 * The task of the case moves between two CPUs. Left out: the two doing it at
 * the same time, which is a matter for stress tests.
 */
#include <kunit/test.h>
#include <linux/cpumask.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/smp.h>
#include <linux/vmstat.h>

#include "many.h"
#include "objects.h"
#include "promises.h"
#include "sizes.h"

static unsigned int first_cpu(void)
{
	return cpumask_first(cpu_online_mask);
}

static unsigned int second_cpu(void)
{
	return cpumask_next(first_cpu(), cpu_online_mask);
}

static unsigned int other_cpu(void)
{
	return raw_smp_processor_id() == first_cpu() ? second_cpu() :
						       first_cpu();
}

static void skip_if_alone(struct kunit *test)
{
	if (num_online_cpus() < 2)
		kmb_skip(test, "one CPU");
}

static void move_to(struct kunit *test, unsigned int cpu)
{
	KUNIT_ASSERT_EQ(test, 0, set_cpus_allowed_ptr(current, cpumask_of(cpu)));
	KUNIT_ASSERT_EQ(test, raw_smp_processor_id(), cpu);
}

/* What was taken here is read, and then freed, over there. */
static void check_moved(struct kunit *test, const struct kmb_objects *held)
{
	unsigned int from = raw_smp_processor_id(), i;
	const u8 *wrong;

	kmb_fill(held);
	move_to(test, other_cpu());
	for (i = 0; i < held->nr; i++) {
		wrong = kmb_find_foreign(held, i);
		if (!KMB_EXPECT_OF(test, 33, held, !wrong,
				   "object %u of CPU %u: expected its own pattern on CPU %u, got 0x%02x at byte %td",
				   i, from, raw_smp_processor_id(), *wrong,
				   wrong - (u8 *)held->at[i]))
			break;
	}
}

static void p33_freed_on_another_cpu(struct kunit *test)
{
	size_t bytes = kmb_size_of(test);

	kmb_promise(test, 33);
	skip_if_alone(test);
	move_to(test, first_cpu());
	kmb_each_gfp(test, bytes, check_moved);
	/* Each set of flags once more, in the other direction. */
	move_to(test, second_cpu());
	kmb_each_gfp(test, bytes, check_moved);
}

/*
 * Bytes that are taken at once and how often. One round before leaves the caches
 * of all CPUs full; what comes on top of them is less than is taken at once.
 */
#define ROUND_BYTES	SZ_2M
#define ROUNDS		8
/* Smaller ones take the same path, and too long for as many bytes. */
#define LEAST_BYTES	256

static bool is_watched(size_t bytes)
{
	return bytes >= LEAST_BYTES && bytes <= ROUND_BYTES;
}

static KMB_GENERATOR(watched_sizes)
{
	return kmb_next_size(prev, desc, is_watched);
}

static unsigned long slab_bytes(void)
{
	return global_node_page_state_pages(NR_SLAB_UNRECLAIMABLE_B) * PAGE_SIZE;
}

/* What is taken on the first CPU is freed on the second one. */
static void pass_over(struct kunit *test, size_t bytes)
{
	void **list;
	int err;

	move_to(test, first_cpu());
	list = kmb_many_take(bytes, ROUND_BYTES);
	err = set_cpus_allowed_ptr(current, cpumask_of(second_cpu()));
	kmb_many_free(list);
	KUNIT_ASSERT_EQ(test, err, 0);
}

static bool is_leak(long grown)
{
	return grown >= (long)(ROUND_BYTES / 2);
}

static void p33_memory_comes_back(struct kunit *test)
{
	size_t bytes = kmb_size_of(test);
	unsigned long before;
	unsigned int round;
	long grown;

	kmb_promise(test, 33);
	skip_if_alone(test);
	if (IS_ENABLED(CONFIG_KASAN_GENERIC))
		kmb_skip(test, "KASAN keeps what is freed in its quarantine");
	pass_over(test, bytes);
	before = slab_bytes();
	for (round = 0; round < ROUNDS; round++)
		pass_over(test, bytes);
	grown = slab_bytes() - before;
	KMB_EXPECT(test, 33, !is_leak(grown),
		   "size %zu, GFP_KERNEL, task: expected %u times %u bytes back, got %ld bytes more in slabs",
		   bytes, ROUNDS, ROUND_BYTES, grown);
}

/* As much as one object of eight of each round, were it not freed, is seen. */
static void control_leak_is_seen(struct kunit *test)
{
	unsigned long before = slab_bytes();
	void **list;
	long grown;

	list = kmb_many_take(LEAST_BYTES, ROUNDS * ROUND_BYTES / 8);
	grown = slab_bytes() - before;
	kmb_many_free(list);
	KUNIT_EXPECT_TRUE(test, is_leak(grown));
}

/* Moving is what the cases above rest on. */
static void control_task_moves(struct kunit *test)
{
	skip_if_alone(test);
	move_to(test, first_cpu());
	KUNIT_EXPECT_EQ(test, other_cpu(), second_cpu());
	move_to(test, second_cpu());
	KUNIT_EXPECT_EQ(test, other_cpu(), first_cpu());
}

/* The task may go on to other cases. */
static void cpus_exit(struct kunit *test)
{
	kmb_objects_exit(test);
	set_cpus_allowed_ptr(current, cpu_possible_mask);
}

static struct kunit_case cases[] = {
	KUNIT_CASE_PARAM(p33_freed_on_another_cpu, kmb_every_size),
	KUNIT_CASE_PARAM(p33_memory_comes_back, watched_sizes),
	KUNIT_CASE(control_leak_is_seen),
	KUNIT_CASE(control_task_moves),
	{}
};

static struct kunit_suite cpus_suite = {
	.name = "kmalloc_cpus",
	.init = kmb_objects_init,
	.exit = cpus_exit,
	.test_cases = cases,
};

kunit_test_suite(cpus_suite);
