// SPDX-License-Identifier: GPL-2.0
/*
 * What a reader must know of a machine before comparing figures: kernel,
 * CPU, memory, mitigations, debug options.
 *
 * Read from /proc and /sys only; what cannot be read is "unknown" or null,
 * never a guess. The kernel's configuration is left out: a guest has no file
 * of it, so that the one who builds or chooses the kernel records it.
 */
#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "system.h"

#define TEXT_LEN	4096

/* JSON is UTF-8, /proc is bytes: what is not ASCII becomes a '?'. */
static void line__tidy(char *line)
{
	line[strcspn(line, "\n")] = '\0';
	for (; *line; line++)
		if (*line & 0x80)
			*line = '?';
}

/* The first line of a file below root, empty where it cannot be read. */
static void file__first_line(const char *root, const char *path, char *line)
{
	char full[PATH_MAX];
	FILE *file;

	line[0] = '\0';
	snprintf(full, sizeof(full), "%s%s", root, path);
	file = fopen(full, "re");
	if (!file)
		return;
	if (!fgets(line, TEXT_LEN, file))
		line[0] = '\0';
	line__tidy(line);
	fclose(file);
}

/*
 * The text after "key", blanks and a colon in the first such line of a file;
 * returns 0 where there is none.
 */
static int file__field(const char *root, const char *path, const char *key,
		       char *text)
{
	char full[PATH_MAX], line[TEXT_LEN];
	size_t length = strlen(key);
	int found = 0;
	FILE *file;
	char *rest;

	snprintf(full, sizeof(full), "%s%s", root, path);
	file = fopen(full, "re");
	while (file && !found && fgets(line, sizeof(line), file)) {
		line__tidy(line);
		if (strncmp(line, key, length))
			continue;
		rest = line + length + strspn(line + length, " \t");
		if (*rest++ != ':')
			continue;
		snprintf(text, TEXT_LEN, "%s", rest + strspn(rest, " \t"));
		found = 1;
	}
	if (file)
		fclose(file);
	return found;
}

/*
 * The value of the last "key=value" on the kernel's command line, which is
 * the one that holds, empty for a bare "key"; returns 0 where there is none.
 */
static int cmdline__value(const char *cmdline, const char *key, char *value)
{
	size_t length = strlen(key);
	const char *word = cmdline;
	int found = 0;

	while (*word) {
		size_t end = strcspn(word, " ");

		if (end >= length && !strncmp(word, key, length) &&
		    strchr("= ", word[length])) {
			snprintf(value, TEXT_LEN, "%.*s", end > length ?
				 (int)(end - length - 1) : 0,
				 word + length + (end > length));
			found = 1;
		}
		word += end;
		word += strspn(word, " ");
	}
	return found;
}

/* As kstrtobool() in the kernel reads it; -1: neither. */
static int text__bool(const char *text)
{
	if (strchr("1yYtT", text[0]) && text[0])
		return 1;
	if (strchr("0nNfF", text[0]) && text[0])
		return 0;
	if (!strncasecmp(text, "on", 2))
		return 1;
	return strncasecmp(text, "of", 2) ? -1 : 0;
}

static json_t *system__init_on_alloc(const char *cmdline)
{
	char value[TEXT_LEN];
	int on = -1;

	if (cmdline__value(cmdline, "init_on_alloc", value))
		on = text__bool(value);
	return on < 0 ? json_null() : json_boolean(on);
}

static json_t *system__cpu(const char *root)
{
	static const char * const keys[] = { "model name", "uarch", "isa",
					     NULL };
	char text[TEXT_LEN];
	size_t i;

	for (i = 0; keys[i]; i++)
		if (file__field(root, "/proc/cpuinfo", keys[i], text))
			return json_string(text);
	return json_string("unknown");
}

static json_t *system__mem_total(const char *root)
{
	char text[TEXT_LEN];

	if (!file__field(root, "/proc/meminfo", "MemTotal", text))
		return json_null();
	return json_integer(strtoll(text, NULL, 10));
}

static int entry__visible(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

static json_t *system__mitigations(const char *root)
{
	static const char dir[] = "/sys/devices/system/cpu/vulnerabilities";
	char full[PATH_MAX], path[PATH_MAX], line[TEXT_LEN];
	json_t *all = json_object();
	struct dirent **entries;
	int i, nr;

	snprintf(full, sizeof(full), "%s%s", root, dir);
	nr = scandir(full, &entries, entry__visible, alphasort);
	for (i = 0; i < nr; i++) {
		snprintf(path, sizeof(path), "%s/%s", dir, entries[i]->d_name);
		file__first_line(root, path, line);
		json_object_set_new(all, entries[i]->d_name, json_string(line));
		free(entries[i]);
	}
	if (nr >= 0)
		free(entries);
	return all;
}

/*
 * Of a line "ID:CONTROLLERS:PATH" the path, if that cgroup has the controller of
 * memory: in version 2, where the line names none, by its files.
 */
static const char *line__memory_cgroup(const char *root, const char *line)
{
	const char *controllers = strchr(line, ':');
	const char *path = controllers ? strchr(controllers + 1, ':') : NULL;
	char file[TEXT_LEN + PATH_MAX];

	if (!path++)
		return NULL;
	if (!strncmp(controllers, ":memory:", 8) || strstr(controllers, ",memory:"))
		return path;
	snprintf(file, sizeof(file), "%s/sys/fs/cgroup%s/memory.current", root, path);
	return !strncmp(line, "0::", 3) && !access(file, R_OK) ? path : NULL;
}

/* Null: the root's, which nothing is charged to, or none. */
static json_t *system__memory_cgroup(const char *root)
{
	char full[PATH_MAX], line[TEXT_LEN];
	json_t *found = json_null();
	const char *path;
	FILE *file;

	snprintf(full, sizeof(full), "%s/proc/self/cgroup", root);
	file = fopen(full, "re");
	while (file && json_is_null(found) && fgets(line, sizeof(line), file)) {
		line__tidy(line);
		path = line__memory_cgroup(root, line);
		if (path && strcmp(path, "/"))
			found = json_string(path);
	}
	if (file)
		fclose(file);
	return found;
}

/* SLUB's options as asked for, and as they are in the cache of kmalloc(64). */
static json_t *system__debug(const char *root, const char *cmdline)
{
	static const char * const asked[] = { "slub_debug", "slab_debug", NULL };
	static const char * const active[] = { "red_zone", "poison",
					       "store_user", "sanity_checks",
					       NULL };
	char path[PATH_MAX], text[TEXT_LEN];
	json_t *all = json_array();
	size_t i;

	for (i = 0; asked[i]; i++)
		if (cmdline__value(cmdline, asked[i], text))
			json_array_append_new(all, json_sprintf("%s=%s",
								asked[i], text));
	for (i = 0; active[i]; i++) {
		snprintf(path, sizeof(path), "/sys/kernel/slab/kmalloc-64/%s",
			 active[i]);
		file__first_line(root, path, text);
		if (!strcmp(text, "1"))
			json_array_append_new(all, json_sprintf("kmalloc-64/%s",
								active[i]));
	}
	return all;
}

/**
 * system__describe() - describe the machine this runs on
 * @root: is put before /proc and /sys; empty, but for a test.
 *
 * Return: the object "system" of the document, a new reference; NULL: no
 * memory.
 */
json_t *system__describe(const char *root)
{
	char cmdline[TEXT_LEN];
	struct utsname uts;

	uname(&uts);
	file__first_line(root, "/proc/cmdline", cmdline);
	return json_pack("{s:s, s:s, s:s, s:s, s:o, s:I, s:I, s:o, s:o, s:o, s:o, s:o}",
			 "release", uts.release, "build", uts.version,
			 "machine", uts.machine, "cmdline", cmdline,
			 "cpu", system__cpu(root),
			 "cpus_online", (json_int_t)sysconf(_SC_NPROCESSORS_ONLN),
			 "page_size", (json_int_t)sysconf(_SC_PAGESIZE),
			 "mem_total_kib", system__mem_total(root),
			 "init_on_alloc", system__init_on_alloc(cmdline),
			 "memory_cgroup", system__memory_cgroup(root),
			 "mitigations", system__mitigations(root),
			 "debug", system__debug(root, cmdline));
}

/* The value of a name in /proc/vmstat; returns 0 where it is not there. */
static int vmstat__value(const char *root, const char *name, __u64 *value)
{
	char path[PATH_MAX], line[TEXT_LEN], key[TEXT_LEN];
	FILE *file;
	int found = 0;

	snprintf(path, sizeof(path), "%s/proc/vmstat", root);
	file = fopen(path, "re");
	while (file && !found && fgets(line, sizeof(line), file))
		found = sscanf(line, "%s %llu", key, value) == 2 && !strcmp(key, name);
	if (file)
		fclose(file);
	return found;
}

/**
 * system__direct_map() - how the kernel's map of all memory is made now
 * @root: as in system__describe().
 *
 * Return: DirectMap4k and the others of /proc/meminfo; not known where the first
 * is not there. A machine whose pages cannot be of 1 GiB has no DirectMap1G. And
 * direct_map_level2_splits and direct_map_level3_splits of /proc/vmstat, together.
 */
struct direct_map system__direct_map(const char *root)
{
	static const char * const fields[KMB_PAGE_SIZES] = {
		"DirectMap4k", "DirectMap2M", "DirectMap1G",
	};
	static const char * const splits[] = {
		"direct_map_level2_splits", "direct_map_level3_splits", NULL,
	};
	struct direct_map map = { .known = false };
	char text[TEXT_LEN];
	__u64 value;
	int i;

	for (i = 0; i < KMB_PAGE_SIZES; i++) {
		if (!file__field(root, "/proc/meminfo", fields[i], text))
			continue;
		map.known |= i == KMB_PAGE_4K;
		map.bytes[i] = strtoull(text, NULL, 10) * 1024;
	}
	for (i = 0; splits[i]; i++) {
		if (!vmstat__value(root, splits[i], &value))
			continue;
		map.counts_splits = true;
		map.splits += value;
	}
	return map;
}
