// SPDX-License-Identifier: GPL-2.0
/*
 * kmbench: what does kmalloc() cost on this kernel?
 *
 * The command line's first word chooses a command; the commands are in
 * cmd_*.c. The tool knows no scenario, context, flag or size: it asks the
 * module, kmbench.ko, through /dev/kmbench. Of user space it knows itself.
 */
#include <err.h>
#include <errno.h>
#include <string.h>

#include "cmd.h"
#include "session.h"

const char *argp_program_version = "kmbench " KMB_VERSION;

static const struct command {
	const char *name;
	int (*run)(int argc, char **argv);
	char *title;
} commands[] = {
	{ .name = "list", .run = cmd__list, .title = "kmbench list" },
	{ .name = "info", .run = cmd__info, .title = "kmbench info" },
	{ .name = "run", .run = cmd__run, .title = "kmbench run" },
	{ .name = "check", .run = cmd__check, .title = "kmbench check" },
	{ .name = "tlb", .run = cmd__tlb, .title = "kmbench tlb" },
	{ .name = "chase", .run = cmd__chase, .title = "kmbench chase" },
	{ .name = "frag", .run = cmd__frag, .title = "kmbench frag" },
	{ .name = NULL },
};

struct choice {
	const struct command *command;
	int first;
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct choice *choice = state->input;
	const struct command *command;

	switch (key) {
	case ARGP_KEY_ARG:
		for (command = commands; command->name; command++)
			if (!strcmp(command->name, arg))
				choice->command = command;
		if (!choice->command)
			errx(EXIT_USAGE, "no command '%s'; list, info, run, check, tlb, chase or frag",
			     arg);
		choice->first = state->next - 1;
		state->next = state->argc;
		return 0;
	case ARGP_KEY_NO_ARGS:
		argp_usage(state);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp argp = {
	.parser = parse,
	.args_doc = "COMMAND [ARG...]",
	.doc = "Measure what kmalloc() costs on the running kernel.\n"
	       "\vCommands:\n"
	       "  list    name the cells that can be measured\n"
	       "  info    tell what the module and this machine offer\n"
	       "  run     measure cells\n"
	       "  check   compare the module's counts with the kernel's\n"
	       "  tlb     walk over memory of each kind, count TLB misses\n"
	       "  chase   the same in user space, by time; needs neither module nor root\n"
	       "  frag    fragment free memory to levels, verify and undo them\n\n"
	       "`kmbench COMMAND --help' tells more.\n\n"
	       "Exit codes: 0 good; 1 the kernel under test failed; 2 wrong use or broken set-up; 3 cannot tell.",
};

int main(int argc, char **argv)
{
	struct choice choice = { .command = NULL };

	program_invocation_short_name = "kmbench";
	argp_err_exit_status = EXIT_USAGE;
	argv[0] = program_invocation_short_name;
	if (argp_parse(&argp, argc, argv, ARGP_IN_ORDER, NULL, &choice) ||
	    !choice.command)
		return EXIT_USAGE;
	argv += choice.first;
	argv[0] = choice.command->title;
	return choice.command->run(argc - choice.first, argv);
}
