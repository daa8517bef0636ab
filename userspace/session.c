// SPDX-License-Identifier: GPL-2.0
/*
 * Opening a session, with the words for all that can go wrong there.
 *
 * Belongs to the commands, not to the library: it prints, one line to stderr,
 * and returns exit codes.
 */
#include <err.h>
#include <errno.h>
#include <string.h>

#include "session.h"

static const char *session__hint(int err)
{
	switch (-err) {
	case ENOENT:
	case ENODEV:
	case ENXIO:
		return "load kmbench.ko first (insmod kmbench.ko)";
	case EACCES:
	case EPERM:
		return "be root";
	default:
		return "see the kernel's log (dmesg)";
	}
}

static int session__hello(struct device *device, const char *path)
{
	int err = device__hello(device);

	if (!err)
		return EXIT_GOOD;
	if (err == -EPROTO)
		warnx("the module speaks ABI %u, this tool ABI %u; build both from one tree",
		      device->abi, KMB_ABI_VERSION);
	else if (err == -ENOTTY)
		warnx("%s: not a kmbench device; use %s", path, DEVICE_PATH);
	else
		warnx("%s: hello: %s; %s", path, strerror(-err),
		      session__hint(err));
	return EXIT_USAGE;
}

static int session__load(struct session *session, const char *path)
{
	struct device *device = &session->device;
	int err = device__load(device);

	if (err == -EPROTO)
		warnx("the module has %u buckets, this tool %u; build both from one tree",
		      device->info.hist_buckets, KMB_HIST_BUCKETS);
	else if (err)
		warnx("%s: tables: %s; %s", path, strerror(-err),
		      session__hint(err));
	if (err)
		return EXIT_USAGE;
	session->catalog = catalog__new(device->rows, device->info.nr_rows,
					device->info.max_size);
	if (session->catalog)
		return EXIT_GOOD;
	warnx("no memory for the catalog");
	return EXIT_UNKNOWN;
}

/**
 * session__open() - open the device and make its catalog
 * @session: to be filled; needs session__close() also where this fails.
 * @path: of the device node.
 *
 * Return: an exit code, EXIT_GOOD if all went well; what went wrong has been
 * printed.
 */
int session__open(struct session *session, const char *path)
{
	int err, code;

	session->catalog = NULL;
	err = device__open(&session->device, path);
	if (err) {
		warnx("%s: %s; %s", path, strerror(-err), session__hint(err));
		return EXIT_USAGE;
	}
	code = session__hello(&session->device, path);
	return code ? code : session__load(session, path);
}

static int session__select_one(struct session *session, const char *pattern,
			       uint32_t max_rank)
{
	const char *asked = pattern ? pattern : "*";
	char why[4 * CELL_NAME_LEN];
	int err = catalog__select(session->catalog, pattern, max_rank);

	if (!err)
		return EXIT_GOOD;
	if (err != -ERANGE)
		catalog__explain(session->catalog, asked, why, sizeof(why));
	if (err == -ERANGE)
		warnx("'%s' is not in this profile; ask for a larger one, or for none",
		      asked);
	else if (err == -EPERM)
		warnx("'%s' cannot be measured: %s", asked, why);
	else
		warnx("no scenario matches '%s'; %s", asked, why);
	return EXIT_USAGE;
}

/**
 * session__select() - select cells by the names that a user gave
 * @session: an open session.
 * @patterns: see cell__matches(), ends with NULL; empty: all cells.
 * @max_rank: cells of a higher rank are left out.
 *
 * Return: an exit code, EXIT_GOOD if each means at least one cell that is
 * legal; else the first that does not has been told of.
 */
int session__select(struct session *session, char **patterns,
		    uint32_t max_rank)
{
	int code = EXIT_GOOD;

	if (!*patterns)
		return session__select_one(session, NULL, max_rank);
	for (; *patterns && !code; patterns++)
		code = session__select_one(session, *patterns, max_rank);
	return code;
}

/**
 * session__close() - close the device, free the catalog
 * @session: was given to session__open(), with or without success.
 */
void session__close(struct session *session)
{
	catalog__delete(session->catalog);
	device__close(&session->device);
}
