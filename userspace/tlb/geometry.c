// SPDX-License-Identifier: GPL-2.0
/*
 * Reading what a TLB consists of. Whatever the model could not carry out, or would
 * carry out otherwise than its writer meant, is refused.
 */
#include <ctype.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "geometry.h"

#define NAME_CHARACTERS	"abcdefghijklmnopqrstuvwxyz0123456789.-_"

/* By enum kmb_page_size. */
static const char * const size_names[KMB_PAGE_SIZES] = { "4K", "2M", "1G" };

struct field {
	const char *name;
	json_type type;
};

/* `verified` is of two types, and looked at alone. */
static const struct field file_fields[] = {
	{ "name", JSON_STRING }, { "about", JSON_STRING }, { "source", JSON_STRING },
	{ "levels", JSON_ARRAY }, { "verified", JSON_NULL }, { NULL, 0 },
};

static const struct field array_fields[] = {
	{ "sizes", JSON_ARRAY }, { "entries", JSON_INTEGER }, { "ways", JSON_INTEGER },
	{ NULL, 0 },
};

static const char * const type_names[] = {
	[JSON_STRING] = "a text", [JSON_ARRAY] = "an array", [JSON_INTEGER] = "an integer",
};

/* One line of printable ASCII, whatever the file has in its names. Returns -1. */
static int why__tidy(char *why)
{
	for (; *why; why++)
		if (!isascii(*why) || !isprint(*why))
			*why = '?';
	return -1;
}

#define why__say(why, ...) \
	(snprintf(why, GEOMETRY_WHY_LEN, __VA_ARGS__), why__tidy(why))

/* The same of an array of a level; both count from 1, as the writer of a file does. */
#define array__refuse(why, array, number, format, ...) \
	why__say(why, "level %u, array %u: " format, (array)->level + 1, number, ##__VA_ARGS__)

static const struct field *fields__find(const struct field *fields, const char *name)
{
	while (fields->name && strcmp(fields->name, name))
		fields++;
	return fields->name ? fields : NULL;
}

/* Whether an object has these fields, and no others. */
static int object__check(json_t *object, const struct field *fields, const char *where, char *why)
{
	const struct field *field;
	const char *name;
	json_t *value;

	if (!json_is_object(object))
		return why__say(why, "%sis no JSON object", where);
	json_object_foreach(object, name, value) {
		field = fields__find(fields, name);
		if (!field)
			return why__say(why, "%sunknown field '%.40s'", where, name);
		if (field->type != JSON_NULL && json_typeof(value) != field->type)
			return why__say(why, "%s%s must be %s", where, name,
					type_names[field->type]);
	}
	for (field = fields; field->name; field++)
		if (!json_object_get(object, field->name))
			return why__say(why, "%s%s is missing", where, field->name);
	return 0;
}

static int size__find(const char *name)
{
	int size;

	for (size = 0; size < KMB_PAGE_SIZES; size++)
		if (name && !strcmp(size_names[size], name))
			return size;
	return -1;
}

static int sizes__read(json_t *sizes, struct tlb_geometry_array *array, unsigned int number,
		       char *why)
{
	json_t *value;
	size_t i;
	int size;

	json_array_foreach(sizes, i, value) {
		size = size__find(json_string_value(value));
		if (size < 0)
			return array__refuse(why, array, number,
					     "page size %.40s is none of \"4K\", \"2M\", \"1G\"",
					     json_is_string(value) ? json_string_value(value) :
								     "without quotes");
		if (array->sizes & (1U << size))
			return array__refuse(why, array, number, "page size %s is named twice",
					     size_names[size]);
		array->sizes |= 1U << size;
	}
	if (!array->sizes)
		return array__refuse(why, array, number, "sizes names no page size");
	return 0;
}

static int number__read(json_t *object, const char *name, unsigned int max, unsigned int *value)
{
	json_int_t number = json_integer_value(json_object_get(object, name));

	if (number < 1 || number > max)
		return -1;
	*value = number;
	return 0;
}

static int ways__check(const struct tlb_geometry_array *array, unsigned int number, char *why)
{
	unsigned int sets = array->entries / array->ways;

	if (!sets)
		return array__refuse(why, array, number,
				     "entries %u is no multiple of ways %u; %u is",
				     array->entries, array->ways, array->ways);
	if (array->entries % array->ways)
		return array__refuse(why, array, number,
				     "entries %u is no multiple of ways %u; %u or %u is",
				     array->entries, array->ways, sets * array->ways,
				     (sets + 1) * array->ways);
	if (sets & (sets - 1))
		return array__refuse(why, array, number,
				     "%u entries of %u ways are %u sets, which must be a power of two",
				     array->entries, array->ways, sets);
	return 0;
}

static int array__read(json_t *object, struct tlb_geometry_array *array, unsigned int number,
		       char *why)
{
	char where[64];

	snprintf(where, sizeof(where), "level %u, array %u: ", array->level + 1, number);
	if (object__check(object, array_fields, where, why) ||
	    sizes__read(json_object_get(object, "sizes"), array, number, why))
		return -1;
	if (number__read(object, "entries", GEOMETRY_ENTRIES_MAX, &array->entries))
		return array__refuse(why, array, number, "entries %lld is not in 1 to %d",
				     json_integer_value(json_object_get(object, "entries")),
				     GEOMETRY_ENTRIES_MAX);
	if (number__read(object, "ways", GEOMETRY_WAYS_MAX, &array->ways))
		return array__refuse(why, array, number, "ways %lld is not in 1 to %d",
				     json_integer_value(json_object_get(object, "ways")),
				     GEOMETRY_WAYS_MAX);
	return ways__check(array, number, why);
}

/* The name of the first of some sizes. */
static const char *sizes__first(unsigned int sizes)
{
	return size_names[__builtin_ctz(sizes)];
}

static int level__read(json_t *level, struct tlb_geometry *geometry, char *why)
{
	unsigned int number, held = 0, all = (1U << KMB_PAGE_SIZES) - 1;
	struct tlb_geometry_array array;
	json_t *object;
	size_t i;

	if (!json_array_size(level))
		return why__say(why, "level %u: must be an array with an object for each array of entries",
				geometry->levels + 1);
	json_array_foreach(level, i, object) {
		array = (struct tlb_geometry_array){ .level = geometry->levels };
		number = i + 1;
		if (array__read(object, &array, number, why))
			return -1;
		if (array.sizes & held)
			return array__refuse(why, &array, number,
					     "holds pages of %s, as does one before; only one array of a level may",
					     sizes__first(array.sizes & held));
		held |= array.sizes;
		geometry->arrays[geometry->nr_arrays++] = array;
	}
	if (!geometry->levels && held != all)
		return why__say(why, "level 1: no array holds pages of %s, which one must",
				sizes__first(all & ~held));
	geometry->levels++;
	return 0;
}

static int levels__read(json_t *levels, struct tlb_geometry *geometry, char *why)
{
	json_t *level;
	size_t i;

	if (json_array_size(levels) < 1 || json_array_size(levels) > KMB_TLB_LEVELS_MAX)
		return why__say(why, "%zu levels are not in 1 to %d", json_array_size(levels),
				KMB_TLB_LEVELS_MAX);
	json_array_foreach(levels, i, level)
		if (level__read(level, geometry, why))
			return -1;
	return 0;
}

/* Texts of which none may be empty, and the name not long. */
static int texts__check(json_t *object, char *why)
{
	json_t *verified = json_object_get(object, "verified");
	const struct field *field;
	const char *text;

	for (field = file_fields; field->type == JSON_STRING; field++) {
		text = json_string_value(json_object_get(object, field->name));
		if (!*text)
			return why__say(why, "%s is empty", field->name);
	}
	text = json_string_value(json_object_get(object, "name"));
	if (strlen(text) >= KMB_TLB_NAME_LEN)
		return why__say(why, "name '%s' is longer than %d bytes", text,
				KMB_TLB_NAME_LEN - 1);
	if (text[strspn(text, NAME_CHARACTERS)])
		return why__say(why, "name '%s' has characters that are none of " NAME_CHARACTERS,
				text);
	if (!json_is_false(verified) && !json_string_length(verified))
		return why__say(why, "verified must be false, or a text that says how");
	return 0;
}

static int file__read(json_t *object, struct tlb_geometry *geometry, char *why)
{
	memset(geometry, 0, sizeof(*geometry));
	if (object__check(object, file_fields, "", why) || texts__check(object, why))
		return -1;
	strcpy(geometry->name, json_string_value(json_object_get(object, "name")));
	return levels__read(json_object_get(object, "levels"), geometry, why);
}

/**
 * geometry__read() - read a TLB's geometry
 * @path: of a file, in the format that is described on top of geometry.h.
 * @geometry: receives what it says; of no use after an error.
 * @why: GEOMETRY_WHY_LEN bytes; receives one line without a newline after an error:
 *	what is wrong and what would be right. The caller names the file.
 *
 * Return: 0; -1: the file cannot be read, is no JSON or says what cannot be.
 */
int geometry__read(const char *path, struct tlb_geometry *geometry, char *why)
{
	json_error_t error;
	json_t *object;
	int ret;

	object = json_load_file(path, JSON_REJECT_DUPLICATES, &error);
	if (!object && error.line < 0)
		return why__say(why, "%s", error.text);
	if (!object)
		return why__say(why, "no JSON in line %d: %s", error.line, error.text);
	ret = file__read(object, geometry, why);
	json_decref(object);
	return ret;
}
