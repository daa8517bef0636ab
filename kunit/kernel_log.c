// SPDX-License-Identifier: GPL-2.0
/*
 * Did the kernel complain? Counts the warnings in the kernel log since a mark.
 *
 * The taint flag cannot tell: it stays once it is set, and a second warning
 * leaves no trace in it. Left out: who complained. A warning of another task
 * in the same moment is counted too.
 */
#include <linux/kernel.h>
#include <linux/string.h>

#include "kernel_log.h"

/* Enough for the part of a line that names a warning. */
#define LINE_SIZE 192

/* What each complaint prints once. */
static const char * const complaints[] = {
	"WARNING: ",
	"BUG: sleeping function called from invalid context",
	"page allocation failure: ",
	"SLUB: Unable to allocate memory",
	"Fix your code!",
};

static bool is_complaint(const char *line)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(complaints); i++)
		if (strstr(line, complaints[i]))
			return true;
	return false;
}

/**
 * kmb_log_ask() - say that complaints are asked for from here on
 *
 * Scripts take any other complaint of the kernel for a failure.
 */
void kmb_log_ask(void)
{
	pr_info("kmbench: the following warning is asked for\n");
}

/**
 * kmb_log_asked() - say that from here on there should be none again
 */
void kmb_log_asked(void)
{
	pr_info("kmbench: the warning that was asked for is over\n");
}

/**
 * kmb_log_mark() - remember where the kernel log ends now
 * @mark: (out) that place.
 */
void kmb_log_mark(struct kmsg_dump_iter *mark)
{
	kmsg_dump_rewind(mark);
	mark->cur_seq = mark->next_seq;
}

static bool next_line(struct kmsg_dump_iter *iter, char *line)
{
	size_t len;

	if (!kmsg_dump_get_line(iter, false, line, LINE_SIZE - 1, &len))
		return false;
	line[min_t(size_t, len, LINE_SIZE - 1)] = '\0';
	return true;
}

/**
 * kmb_log_warnings() - count the warnings since a mark
 * @mark: a place in the log, from kmb_log_mark().
 *
 * Return: how many; always 0 without CONFIG_PRINTK.
 */
unsigned int kmb_log_warnings(const struct kmsg_dump_iter *mark)
{
	struct kmsg_dump_iter iter = *mark;
	char line[LINE_SIZE];
	unsigned int count = 0;

	while (next_line(&iter, line))
		count += is_complaint(line);
	return count;
}

/**
 * kmb_log_lines() - count the lines since a mark that hold a text
 * @mark: a place in the log, from kmb_log_mark().
 * @text: the text.
 *
 * Return: how many; always 0 without CONFIG_PRINTK.
 */
unsigned int kmb_log_lines(const struct kmsg_dump_iter *mark, const char *text)
{
	struct kmsg_dump_iter iter = *mark;
	char line[LINE_SIZE];
	unsigned int count = 0;

	while (next_line(&iter, line))
		count += !!strstr(line, text);
	return count;
}

/**
 * kmb_log_may_show() - ask whether a file of the kernel warned since the boot
 * @file: its name.
 *
 * Return: true when it did, or when the log does not reach back to the boot.
 */
bool kmb_log_may_show(const char *file)
{
	struct kmsg_dump_iter iter;
	char line[LINE_SIZE];

	kmsg_dump_rewind(&iter);
	if (!next_line(&iter, line) || iter.cur_seq != 1)
		return true;
	do {
		if (is_complaint(line) && strstr(line, file))
			return true;
	} while (next_line(&iter, line));
	return false;
}
