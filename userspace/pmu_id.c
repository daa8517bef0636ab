// SPDX-License-Identifier: GPL-2.0
/*
 * Which PMU the CPU has, from /sys/bus/event_source/devices and /proc/cpuinfo.
 */
#include <glob.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pmu_id.h"

#define DEVICES		"/sys/bus/event_source/devices/"
#define CPUINFO_LEN	16384

/* Names of PMUs of a CPU; other devices count something else. */
static const char *const device_names[] = { "cpu", "cpu_core", "armv8_*", NULL };

/* The value of the first line "key : value"; false where there is none. */
static bool field(const char *text, const char *key, char value[PMU_ID_LEN])
{
	size_t len = strlen(key);
	const char *line;

	for (line = text; line; line = strchr(line, '\n')) {
		line += strspn(line, "\n");
		if (!strncmp(line, key, len) && strchr("\t :", line[len]) &&
		    sscanf(line + len, " : %127[^\n]", value) == 1)
			return true;
	}
	return false;
}

static bool cpuid_x86(const char *text, char cpuid[PMU_ID_LEN])
{
	char vendor[PMU_ID_LEN], family[PMU_ID_LEN], model[PMU_ID_LEN];

	if (!field(text, "vendor_id", vendor) ||
	    !field(text, "cpu family", family) || !field(text, "model", model))
		return false;
	snprintf(cpuid, PMU_ID_LEN, "%.60s-%.20s-%X", vendor, family,
		 (unsigned int)strtoul(model, NULL, 10));
	return true;
}

/* The register MIDR without variant and revision, all of whose fields are here. */
static bool cpuid_arm(const char *text, char cpuid[PMU_ID_LEN])
{
	char implementer[PMU_ID_LEN], part[PMU_ID_LEN];

	if (!field(text, "CPU implementer", implementer) ||
	    !field(text, "CPU part", part))
		return false;
	snprintf(cpuid, PMU_ID_LEN, "0x%016lx",
		 strtoul(implementer, NULL, 16) << 24 | 0xfUL << 16 |
		 strtoul(part, NULL, 16) << 4);
	return true;
}

static bool cpuid_riscv(const char *text, char cpuid[PMU_ID_LEN])
{
	char vendor[PMU_ID_LEN], arch[PMU_ID_LEN], implementation[PMU_ID_LEN];

	if (!field(text, "mvendorid", vendor) || !field(text, "marchid", arch) ||
	    !field(text, "mimpid", implementation))
		return false;
	snprintf(cpuid, PMU_ID_LEN, "%.40s-%.40s-%.40s", vendor, arch,
		 implementation);
	return true;
}

/**
 * pmu_id__cpuid() - name the first CPU
 * @cpuinfo: text of /proc/cpuinfo.
 * @cpuid: receives its name, see struct pmu_id.
 */
void pmu_id__cpuid(const char *cpuinfo, char cpuid[PMU_ID_LEN])
{
	if (!cpuid_x86(cpuinfo, cpuid) && !cpuid_arm(cpuinfo, cpuid) &&
	    !cpuid_riscv(cpuinfo, cpuid))
		cpuid[0] = '\0';
}

static void read_text(const char *path, char *text, size_t size)
{
	FILE *file = fopen(path, "re");

	text[0] = '\0';
	if (!file)
		return;
	text[fread(text, 1, size - 1, file)] = '\0';
	fclose(file);
}

/* The first directory of the name; false where there is none. */
static bool find_device(struct pmu_id *id, const char *root, const char *name)
{
	char path[PATH_MAX], text[PMU_ID_LEN];
	glob_t found;

	snprintf(path, sizeof(path), "%s" DEVICES "%s", root, name);
	if (glob(path, 0, NULL, &found))
		return false;
	snprintf(id->device, sizeof(id->device), "%s",
		 strrchr(found.gl_pathv[0], '/') + 1);
	snprintf(path, sizeof(path), "%s/type", found.gl_pathv[0]);
	globfree(&found);
	read_text(path, text, sizeof(text));
	id->type = strtoul(text, NULL, 10);
	return true;
}

/**
 * pmu_id__read() - look which PMU there is
 * @id: receives it; of several that of the first CPU.
 * @root: "", or a directory that stands for the root of the file system.
 */
void pmu_id__read(struct pmu_id *id, const char *root)
{
	char path[PATH_MAX], cpuinfo[CPUINFO_LEN];
	int i = 0;

	memset(id, 0, sizeof(*id));
	while (device_names[i] && !find_device(id, root, device_names[i]))
		i++;
	snprintf(path, sizeof(path), "%s/proc/cpuinfo", root);
	read_text(path, cpuinfo, sizeof(cpuinfo));
	pmu_id__cpuid(cpuinfo, id->cpuid);
}
