// SPDX-License-Identifier: GPL-2.0
/*
 * Geometries of a TLB: those that are shipped, and each that is refused.
 */
#include <dirent.h>
#include <jansson.h>

#include "root.h"
#include "userspace/tlb/geometry.h"

#define FILE_NAME	"/geometry.json"

/* Parts of a file; one that is refused has another in place of one of them. */
#define ABOUT	"\"about\": \"x\", "
#define SOURCE	"\"source\": \"y\", "
#define UNSEEN	"\"verified\": false, "
#define TEXTS	"\"about\": \"x\", \"source\": \"y\", \"verified\": false, "
#define NAME	"\"name\": \"n\", "
#define ALL	"{\"sizes\": [\"4K\", \"2M\", \"1G\"], \"entries\": 12, \"ways\": 3}"
#define SMALL	"{\"sizes\": [\"4K\"], \"entries\": 4, \"ways\": 4}"
#define LARGE	"{\"sizes\": [\"1G\", \"2M\"], \"entries\": 10, \"ways\": 5}"
#define FIRST(array)	"{" NAME TEXTS "\"levels\": [[" array "]]}"
#define BEHIND(levels)	"{" NAME TEXTS "\"levels\": [[" ALL "], " levels "]}"
#define ENTRIES(entries, ways) \
	FIRST("{\"sizes\": [\"4K\", \"2M\", \"1G\"], \"entries\": " entries ", \"ways\": " ways "}")
#define SIZES(sizes)	FIRST("{\"sizes\": " sizes ", \"entries\": 8, \"ways\": 2}")

static int read_text(const char *text, struct tlb_geometry *geometry, char *why)
{
	char path[64];

	root__put(FILE_NAME, text);
	snprintf(path, sizeof(path), "%s" FILE_NAME, root__path);
	why[0] = '\0';
	return geometry__read(path, geometry, why);
}

static void test_what_a_file_says_is_read(void **state)
{
	char why[GEOMETRY_WHY_LEN];
	struct tlb_geometry geometry;

	(void)state;
	assert_int_equal(read_text(BEHIND("[" SMALL ", " LARGE "]"), &geometry, why), 0);
	assert_string_equal(geometry.name, "n");
	assert_int_equal(geometry.levels, 2);
	assert_int_equal(geometry.nr_arrays, 3);
	assert_int_equal(geometry.arrays[0].level, 0);
	assert_int_equal(geometry.arrays[0].sizes, 7);
	assert_int_equal(geometry.arrays[0].entries, 12);
	assert_int_equal(geometry.arrays[0].ways, 3);
	assert_int_equal(geometry.arrays[1].level, 1);
	assert_int_equal(geometry.arrays[1].sizes, 1 << KMB_PAGE_4K);
	assert_int_equal(geometry.arrays[2].sizes, 1 << KMB_PAGE_2M | 1 << KMB_PAGE_1G);
	assert_int_equal(geometry.arrays[2].ways, 5);
}

static void test_the_largest_is_read(void **state)
{
	char why[GEOMETRY_WHY_LEN];
	struct tlb_geometry geometry;

	(void)state;
	assert_int_equal(read_text(ENTRIES("65536", "128"), &geometry, why), 0);
	assert_int_equal(read_text(ENTRIES("1", "1"), &geometry, why), 0);
	assert_int_equal(read_text(BEHIND("[" SMALL "], [" SMALL "]"), &geometry, why), 0);
	assert_int_equal(geometry.levels, 3);
	assert_int_equal(read_text("{\"name\": \"a234567890123456789012345678901\", " TEXTS
				   "\"levels\": [[" ALL "]]}", &geometry, why), 0);
	assert_int_equal(strlen(geometry.name), KMB_TLB_NAME_LEN - 1);
}

/* says: the whole line; of jansson's own words, and of long lists, the beginning. */
static const struct {
	const char *text;
	const char *says;
} refused[] = {
	{ "", "no JSON in line 1: " },
	{ "{\n\"name\": \"n\",\n}", "no JSON in line 3: " },
	{ "{\"name\": \"n\", \"name\": \"m\"}", "no JSON in line 1: duplicate object key near " },
	{ "[]", "is no JSON object" },
	{ "{" TEXTS "\"levels\": [[" ALL "]]}", "name is missing" },
	{ "{" NAME SOURCE UNSEEN "\"levels\": [[" ALL "]]}", "about is missing" },
	{ "{" NAME ABOUT UNSEEN "\"levels\": [[" ALL "]]}", "source is missing" },
	{ "{" NAME ABOUT SOURCE "\"levels\": [[" ALL "]]}", "verified is missing" },
	{ "{" NAME ABOUT SOURCE "\"verified\": true, \"levels\": [[" ALL "]]}",
	  "verified must be false, or a text that says how" },
	{ "{" NAME ABOUT SOURCE "\"verified\": \"\", \"levels\": [[" ALL "]]}",
	  "verified must be false, or a text that says how" },
	{ "{" NAME ABOUT "\"source\": \"\", " UNSEEN "\"levels\": [[" ALL "]]}",
	  "source is empty" },
	{ "{" NAME ABOUT "\"source\": 5, " UNSEEN "\"levels\": [[" ALL "]]}",
	  "source must be a text" },
	{ "{\"name\": \"\", " TEXTS "\"levels\": [[" ALL "]]}", "name is empty" },
	{ "{\"name\": \"a2345678901234567890123456789012\", " TEXTS "\"levels\": [[" ALL "]]}",
	  "name 'a2345678901234567890123456789012' is longer than 31 bytes" },
	{ "{\"name\": \"a b\", " TEXTS "\"levels\": [[" ALL "]]}",
	  "name 'a b' has characters that are none of " },
	{ "{" NAME TEXTS "\"way\\ns\": 1, \"levels\": [[" ALL "]]}", "unknown field 'way?s'" },
	{ "{" NAME TEXTS "\"levels\": 2}", "levels must be an array" },
	{ "{" NAME TEXTS "\"levels\": []}", "0 levels are not in 1 to 3" },
	{ BEHIND("[" SMALL "], [" SMALL "], [" SMALL "]"), "4 levels are not in 1 to 3" },
	{ BEHIND("[]"),
	  "level 2: must be an array with an object for each array of entries" },
	{ BEHIND(SMALL),
	  "level 2: must be an array with an object for each array of entries" },
	{ BEHIND("[3]"), "level 2, array 1: is no JSON object" },
	{ BEHIND("[{\"sizes\": [\"4K\"], \"entries\": 4}]"),
	  "level 2, array 1: ways is missing" },
	{ BEHIND("[" SMALL ", {\"sizes\": [\"2M\"], \"entries\": 4, \"ways\": 2, \"sets\": 2}]"),
	  "level 2, array 2: unknown field 'sets'" },
	{ SIZES("\"4K\""), "level 1, array 1: sizes must be an array" },
	{ SIZES("[]"), "level 1, array 1: sizes names no page size" },
	{ SIZES("[\"4K\", \"64K\"]"),
	  "level 1, array 1: page size 64K is none of \"4K\", \"2M\", \"1G\"" },
	{ SIZES("[4096]"),
	  "level 1, array 1: page size without quotes is none of \"4K\", \"2M\", \"1G\"" },
	{ SIZES("[\"4K\", \"4K\"]"), "level 1, array 1: page size 4K is named twice" },
	{ SIZES("[\"4K\", \"1G\"]"), "level 1: no array holds pages of 2M, which one must" },
	{ FIRST(SMALL), "level 1: no array holds pages of 2M, which one must" },
	{ FIRST(ALL ", " SMALL),
	  "level 1, array 2: holds pages of 4K, as does one before; only one array of a level may" },
	{ BEHIND("[{\"sizes\": [\"2M\"], \"entries\": 4, \"ways\": 2}, " ALL "]"),
	  "level 2, array 2: holds pages of 2M, as does one before; only one array of a level may" },
	{ ENTRIES("0", "1"), "level 1, array 1: entries 0 is not in 1 to 65536" },
	{ ENTRIES("-64", "1"), "level 1, array 1: entries -64 is not in 1 to 65536" },
	{ ENTRIES("131072", "1"), "level 1, array 1: entries 131072 is not in 1 to 65536" },
	{ ENTRIES("4294967304", "1"),
	  "level 1, array 1: entries 4294967304 is not in 1 to 65536" },
	{ ENTRIES("64.0", "1"), "level 1, array 1: entries must be an integer" },
	{ ENTRIES("\"64\"", "1"), "level 1, array 1: entries must be an integer" },
	{ ENTRIES("64", "0"), "level 1, array 1: ways 0 is not in 1 to 128" },
	{ ENTRIES("64", "-1"), "level 1, array 1: ways -1 is not in 1 to 128" },
	{ ENTRIES("256", "129"), "level 1, array 1: ways 129 is not in 1 to 128" },
	{ ENTRIES("64", "3"),
	  "level 1, array 1: entries 64 is no multiple of ways 3; 63 or 66 is" },
	{ ENTRIES("4", "8"),
	  "level 1, array 1: entries 4 is no multiple of ways 8; 8 is" },
	{ ENTRIES("96", "4"),
	  "level 1, array 1: 96 entries of 4 ways are 24 sets, which must be a power of two" },
	{ NULL, NULL },
};

static void test_each_impossible_file_is_refused(void **state)
{
	char why[GEOMETRY_WHY_LEN];
	struct tlb_geometry geometry;
	size_t i;

	(void)state;
	for (i = 0; refused[i].text; i++) {
		assert_int_equal(read_text(refused[i].text, &geometry, why), -1);
		if (refused[i].says[strlen(refused[i].says) - 1] == ' ')
			why[strlen(refused[i].says)] = '\0';
		assert_string_equal(why, refused[i].says);
	}
}

static void test_no_file_is_refused(void **state)
{
	char path[64], why[GEOMETRY_WHY_LEN];
	struct tlb_geometry geometry;

	(void)state;
	snprintf(path, sizeof(path), "%s/absent.json", root__path);
	assert_int_equal(geometry__read(path, &geometry, why), -1);
	assert_non_null(strstr(why, "absent.json"));
	assert_non_null(strstr(why, "No such file"));
	assert_int_equal(geometry__read(root__path, &geometry, why), -1);
	assert_int_not_equal(strlen(why), 0);
}

/* Each is called as its file is, and names a source, by a number or an address. */
static void assert_sound(const char *file)
{
	char path[512], why[GEOMETRY_WHY_LEN];
	struct tlb_geometry geometry;
	const char *source;
	json_t *json;

	snprintf(path, sizeof(path), TLB_GEOMETRIES "/%s", file);
	why[0] = '\0';
	geometry__read(path, &geometry, why);
	assert_string_equal(why, "");
	assert_int_equal(strncmp(file, geometry.name, strlen(geometry.name)), 0);
	assert_string_equal(file + strlen(geometry.name), ".json");
	assert_int_equal(geometry.levels, 2);
	json = json_load_file(path, 0, NULL);
	source = json_string_value(json_object_get(json, "source"));
	assert_true(strlen(source) > 40);
	assert_non_null(strpbrk(source, "0123456789"));
	json_decref(json);
}

static void test_what_is_shipped_is_sound(void **state)
{
	DIR *directory = opendir(TLB_GEOMETRIES);
	const struct dirent *entry;
	unsigned int nr = 0;

	(void)state;
	assert_non_null(directory);
	while ((entry = readdir(directory))) {
		if (entry->d_name[0] == '.')
			continue;
		assert_sound(entry->d_name);
		nr++;
	}
	closedir(directory);
	assert_true(nr >= 6);
}

#define WITH_ROOT(test) cmocka_unit_test_setup_teardown(test, root__set_up, root__tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_ROOT(test_what_a_file_says_is_read),
		WITH_ROOT(test_the_largest_is_read),
		WITH_ROOT(test_each_impossible_file_is_refused),
		WITH_ROOT(test_no_file_is_refused),
		cmocka_unit_test(test_what_is_shipped_is_sound),
	};

	return cmocka_run_group_tests_name("tlb geometry", tests, NULL, NULL) != 0;
}
