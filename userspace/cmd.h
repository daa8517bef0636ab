/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The commands of the tool: each parses its own arguments, prints, and
 * returns an exit code of session.h.
 */
#ifndef KMBENCH_CMD_H
#define KMBENCH_CMD_H

#include <argp.h>
#include <stdint.h>

#include "json_out.h"
#include "profile.h"

/* Keys of options that have no short form. */
#define CMD_KEY_DEVICE	0x100
#define CMD_KEY_PROFILE	0x101
#define CMD_KEYS	0x102

#define CMD_OPTION_DEVICE \
	{ .name = "device", .key = CMD_KEY_DEVICE, .arg = "PATH", \
	  .doc = "Ask this device instead of /dev/kmbench" }

#define CMD_OPTION_PROFILE \
	{ .name = "profile", .key = CMD_KEY_PROFILE, .arg = "NAME", \
	  .doc = "How much of everything: quick (default), standard, full; with a NAME of cells all that it means, unless this is given" }

#define CMD_DOC_NAME \
	"A NAME is the name of a cell (SCENARIO/CONTEXT/GFP/SIZE, and on several CPUs /Ncpus), a leading part of one that ends before a '/', or a glob for either, in which '*' stands for '/' too."

uint32_t cmd__number(const char *option, const char *text, uint32_t min,
		     uint32_t max);
const struct profile *cmd__profile(const char *name);
error_t cmd__refuse_name(const struct argp_state *state, const char *arg);
int cmd__open_json(struct json_out *out, const char *path);
int cmd__commit_json(struct json_out *out, int err);
int cmd__write_json(struct json_out *out, json_t *all, size_t flags);
void cmd__tell_walk(size_t nr, size_t total, const char *kind, uint64_t bytes);
int cmd__explain(const char *cell, const char *why, int err);

int cmd__chase(int argc, char **argv);
int cmd__check(int argc, char **argv);
int cmd__frag(int argc, char **argv);
int cmd__info(int argc, char **argv);
int cmd__list(int argc, char **argv);
int cmd__run(int argc, char **argv);
int cmd__tlb(int argc, char **argv);

#endif /* KMBENCH_CMD_H */
