// SPDX-License-Identifier: GPL-2.0
/*
 * The table of profiles. Which cells one has follows from the ranks that the
 * module gives to its rows; a new row needs nothing here.
 */
#include <stdio.h>
#include <string.h>

#include "catalog.h"
#include "profile.h"

/*
 * The first is that of a user who asks for none. standard takes 10000 samples of
 * a cell, as many as a p99.99 needs. The last, hidden, is what scripts ask for
 * where a figure only stands beside another one.
 */
static const struct profile profiles[] = {
	{ .name = "quick", .max_rank = 1, .iterations = 128, .warmup = 32,
	  .repetitions = 9, .budget = 128 << 10 },
	{ .name = "standard", .max_rank = 2, .iterations = 1112, .warmup = 64,
	  .repetitions = 9, .budget = 512 << 10 },
	{ .name = "full", .max_rank = CATALOG_ANY_RANK, .iterations = 128,
	  .warmup = 32, .repetitions = 9, .budget = 128 << 10 },
	{ .name = "core", .max_rank = 0, .iterations = 128, .warmup = 32,
	  .repetitions = 9, .budget = 128 << 10, .hidden = true },
	{ .name = NULL },
};

/**
 * profile__find() - look up a profile
 * @name: its name; NULL: the first.
 *
 * Return: the profile, or NULL.
 */
const struct profile *profile__find(const char *name)
{
	const struct profile *profile;

	for (profile = profiles; profile->name; profile++)
		if (!name || !strcmp(profile->name, name))
			return profile;
	return NULL;
}

/**
 * profile__names() - the names of the profiles that users are told of
 * @text: receives them, separated by spaces.
 * @size: of @text, bytes.
 */
void profile__names(char *text, size_t size)
{
	size_t i, length = 0;

	for (i = 0; profiles[i].name && !profiles[i].hidden && length < size; i++)
		length += snprintf(text + length, size - length, "%s%s",
				   i ? " " : "", profiles[i].name);
}
