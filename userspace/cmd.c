// SPDX-License-Identifier: GPL-2.0
/*
 * What all commands say: what is wrong with the value of an option, which ends
 * the tool, and what became of a cell.
 */
#include <err.h>
#include <errno.h>
#include <inttypes.h>
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

/**
 * cmd__refuse_name() - end the tool, as a command has options only
 * @state: argp's, whose name is the command's.
 * @arg: what stands where others have names.
 *
 * Return: never, but argp's parsers end with it.
 */
error_t cmd__refuse_name(const struct argp_state *state, const char *arg)
{
	errx(EXIT_USAGE, "'%s': `%s' takes options only; see `%s --help'", arg,
	     state->name, state->name);
}

/**
 * cmd__open_json() - the file that --json names
 * @out: the file; to be closed in any case.
 * @path: its name; NULL: none was asked for.
 *
 * Return: EXIT_GOOD; EXIT_USAGE, said in a line, where it cannot be written.
 */
int cmd__open_json(struct json_out *out, const char *path)
{
	int err = path ? json_out__open(out, path) : 0;

	if (!err)
		return EXIT_GOOD;
	warnx("--json %s: %s; name a regular file in a directory that can be written",
	      path, strerror(-err));
	return EXIT_USAGE;
}

/**
 * cmd__commit_json() - let that file appear, if all of it was written
 * @out: an open file.
 * @err: 0, or the negative error of writing.
 *
 * Return: EXIT_GOOD; EXIT_UNKNOWN, said in a line, where it does not.
 */
int cmd__commit_json(struct json_out *out, int err)
{
	if (!err)
		err = json_out__commit(out);
	if (!err)
		return EXIT_GOOD;
	warnx("%s: %s; nothing written", out->path, strerror(-err));
	return EXIT_UNKNOWN;
}

/**
 * cmd__write_json() - write a whole document there
 * @out: an open file.
 * @all: the document, whose reference is taken; NULL: there was no memory for it.
 * @flags: of json_dumpf(3).
 *
 * Return: as cmd__commit_json().
 */
int cmd__write_json(struct json_out *out, json_t *all, size_t flags)
{
	int err = -ENOMEM;

	errno = EIO;
	if (all)
		err = json_dumpf(all, out->file, flags) ||
		      fputc('\n', out->file) == EOF ? -errno : 0;
	json_decref(all);
	return cmd__commit_json(out, err);
}

/**
 * cmd__tell_walk() - say on stderr how far a command is that walks over memory
 * @nr: the walk that is next, from 0.
 * @total: walks; of them some twenty are told of.
 * @kind: of memory.
 * @bytes: its footprint.
 */
void cmd__tell_walk(size_t nr, size_t total, const char *kind, uint64_t bytes)
{
	if (nr * 20 % total < 20)
		warnx("walk %zu of %zu, now %s of %" PRIu64 " KiB", nr + 1, total, kind,
		      bytes / 1024);
}

/**
 * cmd__explain() - tell why a cell was not measured, in a line
 * @cell: its name.
 * @why: what the module says of it, or "".
 * @err: the negative error.
 *
 * Return: the exit code that it means.
 */
int cmd__explain(const char *cell, const char *why, int err)
{
	bool known = why[0];

	if (!known)
		why = strerror(-err);
	switch (-err) {
	case ECANCELED:
	case EINTR:
		warnx("interrupted; nothing written");
		return EXIT_UNKNOWN;
	case EIO:
		warnx("%s: %s; nothing written", cell, known ? why :
		      "the kernel did not reach the context");
		return EXIT_KERNEL;
	case EBUSY:
		warnx("%s: another run is under way; wait for its end", cell);
		return EXIT_USAGE;
	case ENOSPC:
		warnx("%s: %s; give a larger --share, or a smaller size", cell,
		      why);
		return EXIT_USAGE;
	case EINVAL:
	case EOPNOTSUPP:
	case ENODEV:
	case EPROTO:
		warnx("%s: refused by the module: %s", cell, why);
		return EXIT_USAGE;
	case EBADMSG:
		warnx("%s: the module's answer contradicts itself; nothing written",
		      cell);
		return EXIT_UNKNOWN;
	case ERANGE:
		warnx("%s: a sample of 2^63 ticks or more, the clock ran backwards",
		      cell);
		return EXIT_UNKNOWN;
	default:
		warnx("%s: %s; nothing written", cell, why);
		return EXIT_UNKNOWN;
	}
}
