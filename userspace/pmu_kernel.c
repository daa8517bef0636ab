// SPDX-License-Identifier: GPL-2.0
/*
 * Walks over the kernel's memory, by the module, that the PMU counts from within and
 * from without.
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "counters.h"
#include "device.h"
#include "pmu_kernel.h"
#include "tlb_events.h"

#define PATTERN	"chase"
#define SHARE	50
/* Walks before, after which QEMU's TLB is as large as it gets: see pmu_walk.c. */
#define SETTLE	12

static uint32_t pattern_row(const struct device *device)
{
	uint32_t i;

	for (i = 0; i < device->info.nr_rows[KMB_TABLE_PATTERN]; i++)
		if (!strcmp(device->rows[KMB_TABLE_PATTERN][i].name, PATTERN))
			return i;
	return 0;
}

static void put_values(FILE *out, const char *kind, const struct tlb_events *events,
		       unsigned int state, const char *where,
		       const struct counter_value values[KMB_EVENTS])
{
	unsigned int i;

	for (i = 0; i < KMB_EVENTS; i++) {
		fprintf(out, "kernel\t%s\t%s\t%" PRIu64 "\t%s\t%s\t", kind,
			tlb_events__state(state), events->loads[state], where,
			counters__name(i));
		if (values[i].known)
			fprintf(out, "%" PRIu64 "\t\n", values[i].value);
		else
			fprintf(out, "-\t%s\n", values[i].why);
	}
}

static void put(FILE *out, const char *kind, const struct tlb_events *events)
{
	unsigned int state;

	for (state = 0; state < TLB_EVENTS_STATES; state++) {
		put_values(out, kind, events, state, "inside", events->inside[state]);
		put_values(out, kind, events, state, "outside", events->outside[state]);
	}
}

/* Nothing where the page tables are not walked. */
static void put_mapped(FILE *out, const char *kind, const struct kmb_walk *walk)
{
	const __u64 *pages = walk->mapped.pages;

	if (walk->is_mapped)
		fprintf(out, "mapped\t%s\t%" PRIu64 "\t%" PRIu64 "\t%" PRIu64 "\t%" PRIu64 "\n",
			kind, (uint64_t)pages[KMB_PAGE_4K], (uint64_t)pages[KMB_PAGE_2M],
			(uint64_t)pages[KMB_PAGE_1G], (uint64_t)walk->mapped.runs);
}

/* Return: 0, or the negative error of the walk. @last: receives the last one. */
static int settle(const struct device *device, const struct kmb_walk *walk,
		  struct kmb_walk *last)
{
	unsigned int i;
	int err = 0;

	for (i = 0; i < SETTLE && !err; i++) {
		*last = *walk;
		last->passes = 1;
		last->flags = KMB_WALK_EMPTY;
		err = device__walk(device, last);
	}
	return err;
}

static void walk_kind(FILE *out, const struct device *device, const struct kmb_row *kind,
		      const struct kmb_walk *walk, struct counters *counters)
{
	struct tlb_events events = { .why = "" };
	struct kmb_walk last;
	int err = settle(device, walk, &last);

	if (!err)
		put_mapped(out, kind->name, &last);
	if (err)
		snprintf(events.why, sizeof(events.why), "%s",
			 last.why[0] ? last.why : strerror(-err));
	else
		tlb_events__count(&events, device, walk, counters);
	if (events.why[0])
		fprintf(out, "none\t%s\t%s\n", kind->name, events.why);
	else
		put(out, kind->name, &events);
}

static int walk_all(FILE *out, const struct device *device, uint32_t pages, uint32_t passes)
{
	struct counters *counters = counters__new_of(COUNTERS_KERNEL);
	uint32_t i;

	if (!counters)
		return -ENOMEM;
	for (i = 0; i < device->info.nr_rows[KMB_TABLE_KIND]; i++) {
		const struct kmb_row *kind = &device->rows[KMB_TABLE_KIND][i];
		const struct kmb_walk walk = {
			.kind = kind->index, .pattern = pattern_row(device),
			.bytes = (uint64_t)pages * sysconf(_SC_PAGESIZE),
			.passes = passes, .share = SHARE, .seed = 1,
		};

		walk_kind(out, device, kind, &walk, counters);
	}
	counters__delete(counters);
	return 0;
}

/**
 * pmu_kernel__run() - walk over memory of each kind, and write what was counted
 * @out: receives lines, see pmu_main.c.
 * @path: the module's device.
 * @pages: how much memory.
 * @passes: of the repeated walk.
 *
 * A module that cannot be used takes nothing away from what was counted of the process:
 * its device is named with the reason.
 *
 * Return: 0, also where no module is loaded; or a negative error.
 */
int pmu_kernel__run(FILE *out, const char *path, uint32_t pages, uint32_t passes)
{
	struct device device;
	int err = device__open(&device, path);

	if (err == -ENOENT)
		return 0;
	if (!err)
		err = device__hello(&device);
	if (!err)
		err = device__load(&device);
	if (err)
		fprintf(out, "none\t%s\t%s%s\n", path, strerror(-err), device__hint(err));
	else
		err = walk_all(out, &device, pages, passes);
	device__close(&device);
	return err == -ENOMEM ? err : 0;
}
