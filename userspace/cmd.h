/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The commands of the tool: each parses its own arguments, prints, and
 * returns an exit code of session.h.
 */
#ifndef KMBENCH_CMD_H
#define KMBENCH_CMD_H

#include <argp.h>
#include <stdint.h>

/* Keys of options that have no short form. */
#define CMD_KEY_DEVICE	0x100

#define CMD_OPTION_DEVICE \
	{ .name = "device", .key = CMD_KEY_DEVICE, .arg = "PATH", \
	  .doc = "Ask this device instead of /dev/kmbench" }

#define CMD_DOC_NAME \
	"A NAME is the name of a cell (SCENARIO/CONTEXT/GFP/SIZE), a leading part of one that ends before a '/', or a glob for either, in which '*' stands for '/' too."

int cmd__info(int argc, char **argv);
int cmd__list(int argc, char **argv);
int cmd__run(int argc, char **argv);

#endif /* KMBENCH_CMD_H */
