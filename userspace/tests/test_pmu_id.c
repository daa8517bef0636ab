// SPDX-License-Identifier: GPL-2.0
/*
 * Which PMU a machine has, from files as kernels write them.
 */
#include "root.h"
#include "pmu_id.h"

static const struct {
	const char *cpuinfo;
	const char *cpuid;
} machines[] = {
	{ "processor\t: 0\nvendor_id\t: GenuineIntel\ncpu family\t: 6\n"
	  "model\t\t: 143\nmodel name\t: Intel(R) Xeon(R)\n", "GenuineIntel-6-8F" },
	{ "vendor_id\t: AuthenticAMD\ncpu family\t: 25\nmodel\t\t: 1\n\n"
	  "vendor_id\t: AuthenticAMD\ncpu family\t: 26\nmodel\t\t: 2\n",
	  "AuthenticAMD-25-1" },
	{ "processor\t: 0\nCPU implementer\t: 0x41\nCPU architecture: 8\n"
	  "CPU variant\t: 0x3\nCPU part\t: 0xd0c\n", "0x00000000410fd0c0" },
	{ "processor\t: 0\nhart\t\t: 0\nisa\t\t: rv64imafdc\nmmu\t\t: sv48\n"
	  "mvendorid\t: 0x0\nmarchid\t\t: 0x70216\nmimpid\t\t: 0x70216\n",
	  "0x0-0x70216-0x70216" },
	/* The controls: "model name" is no model. */
	{ "vendor_id\t: GenuineIntel\ncpu family\t: 6\nmodel name\t: 143\n", "" },
	{ "processor\t: 0\nisa\t\t: rv64imafdc\n", "" },
	{ "", "" },
	{ NULL, NULL },
};

static void test_cpu_is_named_as_the_kernels_tables_do(void **state)
{
	char cpuid[PMU_ID_LEN];
	int i;

	(void)state;
	for (i = 0; machines[i].cpuinfo; i++) {
		pmu_id__cpuid(machines[i].cpuinfo, cpuid);
		assert_string_equal(cpuid, machines[i].cpuid);
	}
}

static void test_device_and_number_are_read(void **state)
{
	struct pmu_id id;

	(void)state;
	root__put("/proc/cpuinfo", machines[2].cpuinfo);
	root__put("/sys/bus/event_source/devices/software/type", "1\n");
	pmu_id__read(&id, root__path);
	assert_string_equal(id.device, "");
	assert_int_equal(id.type, 0);
	root__put("/sys/bus/event_source/devices/armv8_pmuv3_0/type", "8\n");
	pmu_id__read(&id, root__path);
	assert_string_equal(id.device, "armv8_pmuv3_0");
	assert_int_equal(id.type, 8);
	assert_string_equal(id.cpuid, machines[2].cpuid);
	root__put("/sys/bus/event_source/devices/cpu/type", "4\n");
	pmu_id__read(&id, root__path);
	assert_string_equal(id.device, "cpu");
	assert_int_equal(id.type, 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cpu_is_named_as_the_kernels_tables_do),
		cmocka_unit_test_setup_teardown(test_device_and_number_are_read,
						root__set_up, root__tear_down),
	};

	return cmocka_run_group_tests_name("pmu_id", tests, NULL, NULL) != 0;
}
