/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Which events of a PMU tell of its TLB, and what they really count.
 */
#ifndef KMBENCH_EVENTS_TLB_H
#define KMBENCH_EVENTS_TLB_H

#include <stdbool.h>
#include <stdint.h>

/* The type of an event by the PMU's own number: the kernel gives it one. */
#define TLB_EVENT_OWN	UINT32_MAX

/**
 * struct tlb_event - an event
 * @name: as the PMU's vendor spells it, or perf(1) where it is generic.
 * @generic: it is a generic name, which each PMU's driver gives another meaning.
 * @type: of perf_event_open(2), or TLB_EVENT_OWN.
 * @config: likewise.
 * @means: what it counts on this PMU.
 */
struct tlb_event {
	const char *name;
	bool generic;
	uint32_t type;
	uint64_t config;
	const char *means;
};

/**
 * struct tlb_pmu - a family of PMUs
 * @name: for people.
 * @device: a glob(7) of its name in /sys/bus/event_source/devices.
 * @cpuid: a regular expression (ERE) of the CPU, see struct pmu_id.
 * @source: the public document that its events are from.
 * @own: its own events; the last one has no name.
 * @loads: what dTLB-loads is there.
 * @load_misses: likewise.
 * @store_misses: likewise.
 */
struct tlb_pmu {
	const char *name;
	const char *device;
	const char *cpuid;
	const char *source;
	const struct tlb_event *own;
	const char *loads;
	const char *load_misses;
	const char *store_misses;
};

const struct tlb_pmu *tlb_pmu__row(unsigned int i);
const struct tlb_pmu *tlb_pmu__find(const char *device, const char *cpuid);
bool tlb_pmu__event(const struct tlb_pmu *pmu, unsigned int i,
		    struct tlb_event *event);

#endif /* KMBENCH_EVENTS_TLB_H */
