// SPDX-License-Identifier: GPL-2.0
/*
 * Values of options, as all commands read them: what is wrong with one is told
 * in a line, and ends the tool.
 */
#include <err.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cmd.h"
#include "session.h"

/**
 * cmd__number() - a number from an option
 * @option: its name.
 * @text: its value.
 * @min: the smallest that is allowed.
 * @max: the largest.
 *
 * Return: the number; ends the tool where it is none.
 */
uint32_t cmd__number(const char *option, const char *text, uint32_t min,
		     uint32_t max)
{
	unsigned long number;
	char *end;

	errno = 0;
	number = strtoul(text, &end, 10);
	if (!strchr("0123456789", *text) || end == text || *end || errno ||
	    number < min || number > max)
		errx(EXIT_USAGE, "%s '%s': must be a number from %u to %u",
		     option, text, min, max);
	return number;
}

/**
 * cmd__profile() - a profile from --profile
 * @name: its value.
 *
 * Return: the profile; ends the tool where there is none of that name.
 */
const struct profile *cmd__profile(const char *name)
{
	const struct profile *profile = profile__find(name);
	char names[256];

	if (profile)
		return profile;
	profile__names(names, sizeof(names));
	errx(EXIT_USAGE, "no profile '%s'; there are: %s", name, names);
}
