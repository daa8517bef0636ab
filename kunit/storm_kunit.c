// SPDX-License-Identifier: GPL-2.0
/*
 * Do objects stay apart when a task, a hard interrupt on top of it and the
 * other CPUs allocate and free the same size at the same time?
 *
 * Each of them fills a ring of objects with patterns, checks and frees the
 * oldest, and now and then swaps one with the others, so that an object is
 * freed where it was not allocated. The interrupt falls wherever the task
 * happens to be, also into the middle of kmalloc() and kfree().
 *
 * With a cache of its own it is also seen whether an object was lost: SLUB tells
 * of one that is left when the cache is destroyed.
 *
 * Left out: an order of events that is the same in each run. What is found
 * is broken; what is not found may only have been missed.
 */
#include <kunit/test.h>
#include <linux/cpumask.h>
#include <linux/delay.h>
#include <linux/hrtimer.h>
#include <linux/jiffies.h>
#include <linux/kthread.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/string.h>

#include "kernel_log.h"
#include "objects.h"
#include "promises.h"
#include "sizes.h"

#define RING		16
/* Objects of an interrupt that leaves other ones free than it found. */
#define BURST		3
/* Bytes in one ring; one object is always allowed. */
#define RING_BYTES	SZ_256K
/* Interrupts a size, in the search for a lost object, and how long to wait for them. */
#define INTERRUPTS	40
#define MANY_INTERRUPTS	400
#define PATIENCE	msecs_to_jiffies(8000)
#define PERIOD_NS	50000
/* What each period is longer than the one before, so that no place is left out. */
#define SHIFT_NS	977
#define SHIFTS		40
/* One step in so many swaps an object. */
#define SWAP_EVERY	3

/**
 * struct held - an object that somebody owns
 * @object: NULL for none.
 * @pattern: what each of its bytes is.
 */
struct held {
	u8 *object;
	u8 pattern;
};

/**
 * struct actor - one who allocates and frees
 * @storm: what it takes part in.
 * @ring: its objects.
 * @next: the oldest of them.
 * @steps: how many it has done.
 * @task: its thread; NULL for the test's own and for the interrupt.
 */
struct actor {
	struct storm *storm;
	struct held ring[RING];
	unsigned int next;
	unsigned int steps;
	struct task_struct *task;
};

/**
 * struct storm - all of them, and what they found
 * @bytes: size of the objects.
 * @cache: what they are from; NULL: from kmalloc().
 * @wanted: interrupts.
 * @slots: how much of each ring is used.
 * @timer: interrupts the task.
 * @fired: how often it did.
 * @stop: it is over.
 * @lock: protects @swapped, @seed and what was found.
 * @swapped: an object that goes from hand to hand.
 * @seed: the pattern that was given out last.
 * @broken: objects whose bytes were not their owner's.
 * @at: the first such byte of the first of them.
 * @want: what it should have been.
 * @got: what it was.
 * @interrupt: the actor that is run by the timer.
 * @burst: what it holds besides.
 * @main: the test's own thread.
 * @others: a thread on each other CPU.
 * @nr_others: how many.
 * @missing: CPUs that got none.
 */
struct storm {
	size_t bytes;
	struct kmem_cache *cache;
	unsigned int wanted;
	unsigned int slots;
	struct hrtimer timer;
	unsigned int fired;
	bool stop;
	spinlock_t lock;
	struct held swapped;
	u8 seed;
	unsigned int broken;
	size_t at;
	u8 want;
	u8 got;
	struct actor interrupt;
	struct held burst[BURST];
	struct actor main;
	struct actor *others;
	unsigned int nr_others;
	unsigned int missing;
};

static u8 next_pattern(struct storm *storm)
{
	unsigned long flags;
	u8 pattern;

	spin_lock_irqsave(&storm->lock, flags);
	pattern = ++storm->seed;
	spin_unlock_irqrestore(&storm->lock, flags);
	return pattern;
}

static void report(struct storm *storm, const struct held *held, const u8 *wrong)
{
	unsigned long flags;

	spin_lock_irqsave(&storm->lock, flags);
	if (!storm->broken++) {
		storm->at = wrong - held->object;
		storm->want = held->pattern;
		storm->got = *wrong;
	}
	spin_unlock_irqrestore(&storm->lock, flags);
}

/* One that is broken is leaked: freeing it twice would hide the message. */
static void give_up(struct storm *storm, struct held *held)
{
	const u8 *wrong;

	if (!held->object)
		return;
	wrong = memchr_inv(held->object, held->pattern, storm->bytes);
	if (wrong)
		report(storm, held, wrong);
	else if (storm->cache)
		kmem_cache_free(storm->cache, held->object);
	else
		kfree(held->object);
	held->object = NULL;
}

static void take(struct storm *storm, struct held *held)
{
	const gfp_t flags = GFP_ATOMIC | __GFP_NOWARN;

	held->object = storm->cache ? kmem_cache_alloc(storm->cache, flags) :
				      kmb_kmalloc(storm->bytes, flags);
	if (!held->object)
		return;
	held->pattern = next_pattern(storm);
	memset(held->object, held->pattern, storm->bytes);
}

static void swap_with_others(struct storm *storm, struct held *held)
{
	unsigned long flags;

	spin_lock_irqsave(&storm->lock, flags);
	swap(*held, storm->swapped);
	spin_unlock_irqrestore(&storm->lock, flags);
}

static void act(struct actor *actor)
{
	struct storm *storm = actor->storm;
	struct held *held = &actor->ring[actor->next];

	if (++actor->steps % SWAP_EVERY == 0)
		swap_with_others(storm, held);
	give_up(storm, held);
	take(storm, held);
	actor->next = (actor->next + 1) % storm->slots;
}

/*
 * The first that is free is so again, and the next one is another: what the task
 * had read before is only half true.
 */
static void burst(struct storm *storm)
{
	take(storm, &storm->burst[0]);
	take(storm, &storm->burst[1]);
	give_up(storm, &storm->burst[0]);
	swap(storm->burst[1], storm->burst[2]);
	give_up(storm, &storm->burst[1]);
}

static void actor_init(struct actor *actor, struct storm *storm)
{
	memset(actor, 0, sizeof(*actor));
	actor->storm = storm;
}

static void actor_end(struct actor *actor)
{
	unsigned int i;

	for (i = 0; i < RING; i++)
		give_up(actor->storm, &actor->ring[i]);
}

static enum hrtimer_restart fire(struct hrtimer *timer)
{
	struct storm *storm = container_of(timer, struct storm, timer);

	if (in_hardirq()) {
		act(&storm->interrupt);
		burst(storm);
		WRITE_ONCE(storm->fired, storm->fired + 1);
	}
	/* Without an end of its own it could keep a slow machine from the task. */
	if (READ_ONCE(storm->stop) || storm->fired >= storm->wanted)
		return HRTIMER_NORESTART;
	hrtimer_forward_now(timer,
			    ns_to_ktime(PERIOD_NS + storm->fired % SHIFTS * SHIFT_NS));
	return HRTIMER_RESTART;
}

static int act_on_other_cpu(void *data)
{
	struct actor *actor = data;

	while (!kthread_should_stop()) {
		act(actor);
		cond_resched();
	}
	return 0;
}

static void start_others(struct storm *storm)
{
	struct task_struct *task;
	struct actor *actor;
	int cpu, here = get_cpu();

	put_cpu();
	for_each_online_cpu(cpu) {
		if (cpu == here || storm->nr_others == num_possible_cpus())
			continue;
		actor = &storm->others[storm->nr_others];
		actor_init(actor, storm);
		task = kthread_create_on_node(act_on_other_cpu, actor,
					      cpu_to_node(cpu), "kmb_storm/%d",
					      cpu);
		if (IS_ERR(task)) {
			storm->missing++;
			continue;
		}
		kthread_bind(task, cpu);
		actor->task = task;
		storm->nr_others++;
		wake_up_process(task);
	}
}

static void stop_others(struct storm *storm)
{
	unsigned int i;

	for (i = 0; i < storm->nr_others; i++) {
		kthread_stop(storm->others[i].task);
		actor_end(&storm->others[i]);
	}
	storm->nr_others = 0;
}

/* The mode is that of kmb_run_in_hardirq(), for the same reason. */
static void start_interrupts(struct storm *storm)
{
	kmb_hrtimer_setup(&storm->timer, fire, CLOCK_MONOTONIC,
			  HRTIMER_MODE_REL_PINNED);
	hrtimer_start(&storm->timer, ns_to_ktime(PERIOD_NS),
		      HRTIMER_MODE_REL_PINNED);
}

static void stop_interrupts(struct storm *storm)
{
	unsigned int i;

	WRITE_ONCE(storm->stop, true);
	hrtimer_cancel(&storm->timer);
	actor_end(&storm->interrupt);
	for (i = 0; i < BURST; i++)
		give_up(storm, &storm->burst[i]);
}

static void rage(struct storm *storm)
{
	unsigned long until = jiffies + PATIENCE;

	start_others(storm);
	start_interrupts(storm);
	while (READ_ONCE(storm->fired) < storm->wanted &&
	       time_before(jiffies, until)) {
		act(&storm->main);
		cond_resched();
	}
	stop_interrupts(storm);
	stop_others(storm);
	actor_end(&storm->main);
	give_up(storm, &storm->swapped);
}

static void storm_init(struct storm *storm, size_t bytes)
{
	struct actor *others = storm->others;

	memset(storm, 0, sizeof(*storm));
	storm->others = others;
	storm->bytes = bytes;
	storm->wanted = INTERRUPTS;
	storm->slots = clamp_t(size_t, RING_BYTES / bytes, 1, RING);
	spin_lock_init(&storm->lock);
	actor_init(&storm->interrupt, storm);
	actor_init(&storm->main, storm);
}

static void skip_unless_legal(struct kunit *test)
{
	if (IS_ENABLED(CONFIG_PREEMPT_RT))
		kmb_skip(test, "PREEMPT_RT: kmalloc() is not legal in hard interrupts");
}

/* What is judged comes before: what did not come to pass is a skip. */
static void expect_raged(struct kunit *test, const struct storm *storm)
{
	KMB_EXPECT(test, 39, !storm->missing && storm->fired, KMB_WHAT
		   "expected each CPU and an interrupt, got %u CPUs too few, %u interrupts",
		   storm->bytes, "GFP_ATOMIC", "task and hardirq", storm->missing, storm->fired);
	if (storm->fired < storm->wanted)
		kmb_skip(test, "only %u of %u interrupts came in time",
			 storm->fired, storm->wanted);
}

static void p39_interrupts_and_cpus_stay_apart(struct kunit *test)
{
	struct storm *storm = test->priv;

	kmb_promise(test, 39);
	skip_unless_legal(test);
	storm_init(storm, kmb_size_of(test));
	rage(storm);
	KMB_EXPECT(test, 39, !storm->broken,
		   KMB_WHAT "%u objects broken; byte %zu of the first: expected 0x%02x, got 0x%02x",
		   storm->bytes, "GFP_ATOMIC", "task and hardirq",
		   storm->broken, storm->at, storm->want, storm->got);
	expect_raged(test, storm);
}

/* Return: warnings; a cache that is not empty is not destroyed, and told of. */
static unsigned int rage_over_a_cache(struct kunit *test, const char *name,
				      void (*rage_over)(struct storm *storm))
{
	struct storm *storm = test->priv;
	struct kmsg_dump_iter mark;

	storm->cache = kmem_cache_create(name, storm->bytes, 0, KMB_NO_MERGE, NULL);
	KUNIT_ASSERT_NOT_NULL(test, storm->cache);
	kmb_log_mark(&mark);
	rage_over(storm);
	kmem_cache_destroy(storm->cache);
	return kmb_log_warnings(&mark);
}

static bool is_of_few_pages(size_t bytes)
{
	return bytes >= SZ_64 && bytes <= KMALLOC_MAX_CACHE_SIZE && is_power_of_2(bytes);
}

static KMB_GENERATOR(sizes_of_few_pages)
{
	return kmb_next_size(prev, desc, is_of_few_pages);
}

static void p39_interrupts_lose_nothing(struct kunit *test)
{
	struct storm *storm = test->priv;
	unsigned int warnings;

	kmb_promise(test, 39);
	skip_unless_legal(test);
	storm_init(storm, kmb_size_of(test));
	storm->wanted = MANY_INTERRUPTS;
	warnings = rage_over_a_cache(test, "kmbench_storm", rage);
	KMB_EXPECT(test, 39, !warnings && !storm->broken,
		   KMB_WHAT "expected an empty cache, got %u warnings and %u broken objects",
		   storm->bytes, "GFP_ATOMIC", "task and hardirq", warnings,
		   storm->broken);
	expect_raged(test, storm);
}

/* Taken, and never given back. */
static void lose_one(struct storm *storm)
{
	take(storm, &storm->swapped);
}

static void control_lost_object_is_seen(struct kunit *test)
{
	struct storm *storm = test->priv;
	unsigned int warnings;
	char name[32];

	if (IS_ENABLED(CONFIG_DEBUG_KMEMLEAK))
		kmb_skip(test, "CONFIG_DEBUG_KMEMLEAK: what is lost here would be reported later");
	storm_init(storm, 64);
	/* It cannot be destroyed, and stands in the way of another of its name. */
	snprintf(name, sizeof(name), "kmbench_storm_lost%lx", jiffies);
	kmb_log_ask();
	warnings = rage_over_a_cache(test, name, lose_one);
	kmb_log_asked();
	KUNIT_EXPECT_GT(test, warnings, 0);
}

/* One byte that another owner wrote, in an object that was swapped. */
static void control_foreign_byte_is_seen(struct kunit *test)
{
	struct storm *storm = test->priv;
	u8 *object;

	storm_init(storm, 64);
	take(storm, &storm->swapped);
	object = storm->swapped.object;
	KUNIT_ASSERT_NOT_NULL(test, object);
	object[63] ^= 1;
	give_up(storm, &storm->swapped);
	kfree(object);
	KUNIT_EXPECT_EQ(test, storm->broken, 1);
	KUNIT_EXPECT_EQ(test, storm->at, 63);
	KUNIT_EXPECT_EQ(test, storm->want ^ storm->got, 1);
}

static int storm_suite_init(struct kunit *test)
{
	struct storm *storm;

	kmb_case_begins(test);
	storm = kunit_kzalloc(test, sizeof(*storm), GFP_KERNEL);
	if (!storm)
		return -ENOMEM;
	storm->others = kunit_kzalloc(test, num_possible_cpus() *
				      sizeof(*storm->others), GFP_KERNEL);
	if (!storm->others)
		return -ENOMEM;
	test->priv = storm;
	return 0;
}

static struct kunit_case cases[] = {
	KUNIT_CASE_PARAM(p39_interrupts_and_cpus_stay_apart, kmb_every_size),
	KUNIT_CASE_PARAM(p39_interrupts_lose_nothing, sizes_of_few_pages),
	KUNIT_CASE(control_lost_object_is_seen),
	KUNIT_CASE(control_foreign_byte_is_seen),
	{}
};

static struct kunit_suite storm_suite = {
	.name = "kmalloc_storm",
	.init = storm_suite_init,
	.test_cases = cases,
};

kunit_test_suite(storm_suite);
