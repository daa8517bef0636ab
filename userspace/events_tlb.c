// SPDX-License-Identifier: GPL-2.0
/*
 * Events of a TLB, by PMU: the only place that knows them.
 *
 * "dTLB-load-misses" is one name for several things: completed page walks on
 * Intel, misses of the second level on AMD, refills of the first one on Arm.
 * So each PMU has rows of its own, by the vendor's names and numbers; the
 * generic names come last and say what they are there. Numbers and names are
 * those of tools/perf/pmu-events of the kernel, which are the vendors' own.
 */
#include <fnmatch.h>
#include <linux/perf_event.h>
#include <regex.h>
#include <stddef.h>

#include "events_tlb.h"

#define X86(event, umask)	((event) | (umask) << 8)
#define X86_CMASK(count)	((uint64_t)(count) << 24)

#define DTLB(op, result) \
	(PERF_COUNT_HW_CACHE_DTLB | PERF_COUNT_HW_CACHE_OP_##op << 8 | \
	 PERF_COUNT_HW_CACHE_RESULT_##result << 16)

#define OWN(_name, _config, _means) \
	{ .name = (_name), .type = TLB_EVENT_OWN, .config = (_config), \
	  .means = (_means) }

/* The same events under two numbers, @_load and @_store. */
#define INTEL_EVENTS(_load, _store) { \
	OWN("DTLB_LOAD_MISSES.STLB_HIT", X86(_load, 0x20), \
	    "loads that miss the first level and hit the second"), \
	OWN("DTLB_LOAD_MISSES.WALK_COMPLETED", X86(_load, 0x0e), \
	    "page walks for loads, of all page sizes"), \
	OWN("DTLB_LOAD_MISSES.WALK_COMPLETED_4K", X86(_load, 0x02), \
	    "page walks for loads that end in a 4 KiB page"), \
	OWN("DTLB_LOAD_MISSES.WALK_COMPLETED_2M_4M", X86(_load, 0x04), \
	    "page walks for loads that end in a 2 MiB or 4 MiB page"), \
	OWN("DTLB_LOAD_MISSES.WALK_COMPLETED_1G", X86(_load, 0x08), \
	    "page walks for loads that end in a 1 GiB page"), \
	OWN("DTLB_LOAD_MISSES.WALK_ACTIVE", X86(_load, 0x10) | X86_CMASK(1), \
	    "cycles in which a page walk for a load was going on"), \
	OWN("DTLB_LOAD_MISSES.WALK_PENDING", X86(_load, 0x10), \
	    "page walks for loads that were going on, summed over cycles"), \
	OWN("DTLB_STORE_MISSES.WALK_COMPLETED", X86(_store, 0x0e), \
	    "page walks for stores, of all page sizes"), \
	{ .name = NULL } }

static const struct tlb_event skylake_events[] = INTEL_EVENTS(0x08, 0x49);
static const struct tlb_event golden_cove_events[] = INTEL_EVENTS(0x12, 0x13);

#define ZEN(_unit, _umask, _means) \
	OWN("ls_l1_d_tlb_miss." _unit, X86(0x45, _umask), _means)

/* Loads and stores together. */
static const struct tlb_event zen_events[] = {
	ZEN("all", 0xff, "misses of the first level"),
	ZEN("tlb_reload_4k_l2_hit", 0x01, "a 4 KiB page found in the second level"),
	ZEN("tlb_reload_coalesced_page_hit", 0x02,
	    "4 KiB pages coalesced into one entry, found in the second level"),
	ZEN("tlb_reload_2m_l2_hit", 0x04, "a 2 MiB page found in the second level"),
	ZEN("tlb_reload_1g_l2_hit", 0x08, "a 1 GiB page found in the second level"),
	ZEN("tlb_reload_4k_l2_miss", 0x10, "page walks to a 4 KiB page"),
	ZEN("tlb_reload_coalesced_page_miss", 0x20,
	    "page walks to 4 KiB pages coalesced into one entry"),
	ZEN("tlb_reload_2m_l2_miss", 0x40, "page walks to a 2 MiB page"),
	ZEN("tlb_reload_1g_l2_miss", 0x80, "page walks to a 1 GiB page"),
	{ .name = NULL }
};

static const struct tlb_event neoverse_events[] = {
	OWN("L1D_TLB", 0x25, "accesses of the first level"),
	OWN("L1D_TLB_REFILL", 0x05, "misses of the first level"),
	OWN("L2D_TLB_REFILL", 0x2d,
	    "misses of the second level, of instructions as well"),
	OWN("DTLB_WALK", 0x34, "page walks for data"),
	{ .name = NULL }
};

static const struct tlb_event no_events[] = { { .name = NULL } };

#define UNKNOWN	"whatever the driver of this PMU takes it for"

/* The first that matches counts; the last one is for all others. */
static const struct tlb_pmu pmus[] = {
	{ .name = "riscv64 in QEMU", .device = "cpu",
	  .cpuid = "^0x0-0x(2a|[78][0-9a-f]{4})-",
	  .source = "QEMU, target/riscv/cpu_helper.c: pmu_tlb_fill_incr_ctr()",
	  .own = no_events,
	  .loads = "nothing: QEMU does not count it",
	  .load_misses = "fills of QEMU's own TLB for loads, 4 KiB each; no hardware",
	  .store_misses = "fills of QEMU's own TLB for stores, 4 KiB each; no hardware" },
	{ .name = "Intel, Skylake to Ice Lake", .device = "cpu",
	  .cpuid = "^GenuineIntel-6-(4E|5E|8E|9E|A5|A6|55|7D|7E|6A|6C|A7|8C|8D)$",
	  .source = "tools/perf/pmu-events/arch/x86/skylakex, icelakex",
	  .own = skylake_events,
	  .loads = "load instructions",
	  .load_misses = "page walks for loads",
	  .store_misses = "page walks for stores" },
	{ .name = "Intel, Sapphire Rapids and on", .device = "cpu",
	  .cpuid = "^GenuineIntel-6-(8F|CF|AD|AE)$",
	  .source = "tools/perf/pmu-events/arch/x86/sapphirerapids, graniterapids",
	  .own = golden_cove_events,
	  .loads = "load instructions",
	  .load_misses = "page walks for loads",
	  .store_misses = "page walks for stores" },
	{ .name = "AMD Zen 2 and on", .device = "cpu",
	  .cpuid = "^AuthenticAMD-(23-[3-9A-F][0-9A-F]$|25-|26-)",
	  .source = "tools/perf/pmu-events/arch/x86/amdzen2, 3, 4, 5",
	  .own = zen_events,
	  .loads = "misses of the first level, not loads",
	  .load_misses = "page walks, by loads and stores",
	  .store_misses = "nothing: there is no such event" },
	{ .name = "Arm Neoverse", .device = "armv8_*",
	  .cpuid = "^0x00000000410fd(0c|40|49|4f|83|84|8e)0$",
	  .source = "tools/perf/pmu-events/arch/arm64/arm/neoverse-n1, -n2-v2, -v1",
	  .own = neoverse_events,
	  .loads = "accesses of the first level, by loads and stores",
	  .load_misses = "misses of the first level, by loads and stores",
	  .store_misses = "nothing: there is no such event" },
	{ .name = "unknown", .device = "*", .cpuid = "", .source = "none",
	  .own = no_events,
	  .loads = UNKNOWN, .load_misses = UNKNOWN, .store_misses = UNKNOWN },
	{ .name = NULL },
};

#define GENERIC_NR	6

/**
 * tlb_pmu__row() - a row of the table
 * @i: which, from 0; at most one past the last one.
 *
 * Return: the row; NULL past the last one.
 */
const struct tlb_pmu *tlb_pmu__row(unsigned int i)
{
	return pmus[i].name ? &pmus[i] : NULL;
}

static bool matches(const char *pattern, const char *text)
{
	regex_t regex;
	bool found;

	if (regcomp(&regex, pattern, REG_EXTENDED | REG_NOSUB))
		return false;
	found = !regexec(&regex, text, 0, NULL, 0);
	regfree(&regex);
	return found;
}

/**
 * tlb_pmu__find() - the row of a PMU
 * @device: its name in /sys/bus/event_source/devices; "" where there is none.
 * @cpuid: the CPU, see struct pmu_id.
 *
 * Return: never NULL; of a PMU that nobody knows, the row that has only generic
 * events and says so.
 */
const struct tlb_pmu *tlb_pmu__find(const char *device, const char *cpuid)
{
	const struct tlb_pmu *pmu = pmus;

	while (fnmatch(pmu->device, device, 0) || !matches(pmu->cpuid, cpuid))
		pmu++;
	return pmu;
}

/**
 * tlb_pmu__event() - an event of a PMU
 * @pmu: the row.
 * @i: which, from 0: its own first, generic ones last.
 * @event: receives it.
 *
 * Return: false past the last one.
 */
bool tlb_pmu__event(const struct tlb_pmu *pmu, unsigned int i,
		    struct tlb_event *event)
{
	const struct tlb_event generic[GENERIC_NR] = {
		{ "cycles", true, PERF_TYPE_HARDWARE,
		  PERF_COUNT_HW_CPU_CYCLES, "ticks of the CPU's clock" },
		{ "instructions", true, PERF_TYPE_HARDWARE,
		  PERF_COUNT_HW_INSTRUCTIONS, "instructions that completed" },
		{ "dTLB-loads", true, PERF_TYPE_HW_CACHE,
		  DTLB(READ, ACCESS), pmu->loads },
		{ "dTLB-load-misses", true, PERF_TYPE_HW_CACHE,
		  DTLB(READ, MISS), pmu->load_misses },
		{ "dTLB-store-misses", true, PERF_TYPE_HW_CACHE,
		  DTLB(WRITE, MISS), pmu->store_misses },
		{ "page-faults", true, PERF_TYPE_SOFTWARE,
		  PERF_COUNT_SW_PAGE_FAULTS, "page faults; no PMU is needed" },
	};
	unsigned int own = 0;

	while (pmu->own[own].name)
		own++;
	if (i < own)
		*event = pmu->own[i];
	else if (i < own + GENERIC_NR)
		*event = generic[i - own];
	return i < own + GENERIC_NR;
}
