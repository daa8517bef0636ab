// SPDX-License-Identifier: GPL-2.0
/*
 * The table of events: which row a CPU gets, and what the rows say. That the
 * numbers are the vendors' is compared with the kernel's own tables by
 * scripts/tests/test_pmu.py.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <linux/perf_event.h>
#include <cmocka.h>

#include "events_tlb.h"

static const struct {
	const char *device;
	const char *cpuid;
	const char *name;
} machines[] = {
	{ "cpu", "0x0-0x70216-0x70216", "riscv64 in QEMU" },
	{ "cpu", "0x0-0x2a-0x0", "riscv64 in QEMU" },
	{ "cpu", "GenuineIntel-6-55", "Intel, Skylake to Ice Lake" },
	{ "cpu", "GenuineIntel-6-8F", "Intel, Sapphire Rapids and on" },
	{ "cpu", "AuthenticAMD-23-31", "AMD Zen 2 and on" },
	{ "cpu", "AuthenticAMD-25-1", "AMD Zen 2 and on" },
	{ "armv8_pmuv3_0", "0x00000000410fd0c0", "Arm Neoverse" },
	/* The controls: alike, but none of them. */
	{ "cpu", "0x489-0x8000000000000007-0x0", "unknown" },
	{ "cpu", "0x0-0x2b-0x0", "unknown" },
	{ "cpu", "GenuineIntel-6-5", "unknown" },
	{ "cpu", "GenuineIntel-15-8F", "unknown" },
	{ "cpu", "AuthenticAMD-23-1", "unknown" },
	{ "cpu", "AuthenticAMD-21-31", "unknown" },
	{ "armv8_pmuv3_0", "0x00000000410fd0b0", "unknown" },
	{ "cpu", "0x00000000410fd0c0", "unknown" },
	{ "", "AuthenticAMD-25-1", "unknown" },
	{ "cpu", "", "unknown" },
	{ NULL, NULL, NULL },
};

static void test_each_machine_gets_its_row(void **state)
{
	int i;

	(void)state;
	for (i = 0; machines[i].device; i++)
		assert_string_equal(tlb_pmu__find(machines[i].device,
						  machines[i].cpuid)->name,
				    machines[i].name);
}

static void test_generic_names_come_last_and_say_so(void **state)
{
	const struct tlb_pmu *pmu;
	struct tlb_event event;
	unsigned int i, j;
	bool generic;

	(void)state;
	for (i = 0; (pmu = tlb_pmu__row(i)); i++) {
		generic = false;
		for (j = 0; tlb_pmu__event(pmu, j, &event); j++) {
			assert_true(event.means[0]);
			assert_true(event.generic || !generic);
			assert_int_equal(event.generic,
					 event.type != TLB_EVENT_OWN);
			generic = event.generic;
		}
		assert_true(generic);
	}
	assert_true(i > 4);
}

/* The three that mean something else on each PMU. */
static const char *meaning(const struct tlb_pmu *pmu, const char *name)
{
	struct tlb_event event;
	unsigned int i;

	for (i = 0; tlb_pmu__event(pmu, i, &event); i++)
		if (!strcmp(event.name, name))
			return event.means;
	fail_msg("no event '%s'", name);
	return NULL;
}

static void test_unknown_pmu_has_generic_events_only(void **state)
{
	const struct tlb_pmu *pmu = tlb_pmu__find("cpu", "CentaurHauls-7-3B");
	struct tlb_event event;

	(void)state;
	assert_true(tlb_pmu__event(pmu, 0, &event));
	assert_string_equal(event.name, "cycles");
	assert_non_null(strstr(meaning(pmu, "dTLB-load-misses"), "whatever"));
	/* The control: of a PMU that is known, it is known. */
	pmu = tlb_pmu__find("cpu", "AuthenticAMD-25-1");
	assert_true(tlb_pmu__event(pmu, 0, &event));
	assert_int_equal(event.type, TLB_EVENT_OWN);
	assert_string_equal(meaning(pmu, "dTLB-load-misses"),
			    "page walks, by loads and stores");
}

static void test_generic_events_have_the_kernels_numbers(void **state)
{
	const struct tlb_pmu *pmu = tlb_pmu__find("", "");
	struct tlb_event event;

	(void)state;
	assert_true(tlb_pmu__event(pmu, 3, &event));
	assert_string_equal(event.name, "dTLB-load-misses");
	assert_int_equal(event.type, PERF_TYPE_HW_CACHE);
	assert_int_equal(event.config, 0x10003);
	assert_true(tlb_pmu__event(pmu, 5, &event));
	assert_int_equal(event.type, PERF_TYPE_SOFTWARE);
	assert_false(tlb_pmu__event(pmu, 6, &event));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_machine_gets_its_row),
		cmocka_unit_test(test_generic_names_come_last_and_say_so),
		cmocka_unit_test(test_unknown_pmu_has_generic_events_only),
		cmocka_unit_test(test_generic_events_have_the_kernels_numbers),
	};

	return cmocka_run_group_tests_name("events_tlb", tests, NULL, NULL) != 0;
}
