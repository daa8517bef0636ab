// SPDX-License-Identifier: GPL-2.0
/*
 * Walks over user memory, counted by the PMU: small groups of events, one a
 * pass, so that none has to share its counter.
 */
#include <errno.h>
#include <string.h>

#include "pmu_batch.h"
#include "pmu_walk.h"

/* The fewest entries that QEMU's TLB has. */
#define SETTLE_FROM	64

/**
 * pmu_walk__state() - what a state is called
 * @state: below PMU_WALK_STATES.
 *
 * Return: its name.
 */
const char *pmu_walk__state(enum pmu_walk_state state)
{
	return state == PMU_WALK_ONCE ? "once" : "again";
}

/**
 * pmu_walk__loads() - how many loads there are in a walk
 * @walk: the walk.
 * @state: once, or again.
 *
 * Return: loads.
 */
uint64_t pmu_walk__loads(const struct pmu_walk *walk, enum pmu_walk_state state)
{
	return (uint64_t)walk->pages *
		(state == PMU_WALK_ONCE ? 1 : 1 + walk->passes);
}

/*
 * QEMU doubles its TLB when it is flushed after it was rather full, and shrinks it
 * after two flushes of little that are a tenth of a second apart, on the host's
 * clock. So that it is as large in each walk and run, it is filled step by step
 * up to all pages; then nothing but the start of the counters comes before the
 * walk.
 */
static int settle(const struct pmu_walk *walk, const struct pmu_pages *pages)
{
	uint32_t nr;
	int err = pmu_pages__lay(pages, walk->pages, walk->pattern);

	for (nr = SETTLE_FROM; nr < pages->nr && !err; nr *= 2) {
		pmu_pages__touch(pages, nr);
		err = pmu_pages__flush(pages, nr);
	}
	if (err)
		return err;
	pmu_pages__touch(pages, pages->nr);
	return pmu_pages__flush(pages, pages->nr);
}

static void keep(struct pmu_walk *walk, enum pmu_walk_state state,
		 enum event_mode mode, const struct pmu_batch *batch,
		 const struct counter_value values[EVENT_GROUP_MAX])
{
	unsigned int i;

	for (i = 0; i < batch->nr; i++)
		walk->value[state][mode][batch->index[i]] = values[i];
}

static int count_batch(struct pmu_walk *walk, const struct pmu_batch *batch,
		       uint32_t own_type, enum event_mode mode,
		       const struct pmu_pages *pages)
{
	struct counter_value values[EVENT_GROUP_MAX];
	struct event_group *group =
		event_group__new(batch->event, batch->nr, own_type, mode);
	int state, err;

	if (!group)
		return -ENOMEM;
	for (state = 0; state < PMU_WALK_STATES; state++) {
		event_group__reset(group);
		err = settle(walk, pages);
		if (err)
			break;
		event_group__start(group);
		pmu_pages__follow(pages, pmu_walk__loads(walk, state));
		event_group__stop(group);
		event_group__read(group, values);
		keep(walk, state, mode, batch, values);
	}
	event_group__delete(group);
	return err;
}

static void explain(struct pmu_walk *walk, const struct pmu_events *events)
{
	unsigned int state, mode, i;

	for (state = 0; state < PMU_WALK_STATES; state++)
		for (mode = 0; mode < EVENT_MODES; mode++)
			for (i = 0; i < events->nr; i++)
				memcpy(walk->value[state][mode][i].why,
				       events->why[i][mode], COUNTER_WHY_LEN);
}

/**
 * pmu_walk__run() - walk and count
 * @walk: what to do; its counts are filled in.
 * @events: what to count.
 * @pages: the memory, of at least as many pages; what it holds is overwritten.
 *
 * Return: 0, or a negative error.
 */
int pmu_walk__run(struct pmu_walk *walk, const struct pmu_events *events,
		  const struct pmu_pages *pages)
{
	struct pmu_batch batch;
	unsigned int from;
	int mode, err;

	memset(walk->value, 0, sizeof(walk->value));
	explain(walk, events);
	for (mode = 0; mode < EVENT_MODES; mode++) {
		from = pmu_batch__next(&batch, 0, events, mode);
		while (batch.nr) {
			err = count_batch(walk, &batch, events->own_type, mode, pages);
			if (err)
				return err;
			from = pmu_batch__next(&batch, from, events, mode);
		}
	}
	return 0;
}
