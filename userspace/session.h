/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A session: the device and its catalog, as every command needs them.
 */
#ifndef KMBENCH_SESSION_H
#define KMBENCH_SESSION_H

#include "catalog.h"
#include "device.h"

/* What the tool exits with; scripts rely on it. */
#define EXIT_GOOD	0	/* all that was asked for was done */
#define EXIT_KERNEL	1	/* the kernel under test failed */
#define EXIT_USAGE	2	/* wrong use, or a set-up that is broken */
#define EXIT_UNKNOWN	3	/* it cannot be told */

/**
 * struct session - an open device and what it can measure
 * @device: the device.
 * @catalog: its cells.
 */
struct session {
	struct device device;
	struct catalog *catalog;
};

int session__open(struct session *session, const char *path);
int session__select(struct session *session, char **patterns,
		    uint32_t max_rank);
void session__close(struct session *session);

#endif /* KMBENCH_SESSION_H */
