/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Did the kernel complain? Counts the warnings in the kernel log since a mark.
 */
#ifndef _KMBENCH_KERNEL_LOG_H
#define _KMBENCH_KERNEL_LOG_H

#include <linux/kmsg_dump.h>

void kmb_log_ask(void);
void kmb_log_asked(void);
void kmb_log_mark(struct kmsg_dump_iter *mark);
unsigned int kmb_log_warnings(const struct kmsg_dump_iter *mark);
unsigned int kmb_log_lines(const struct kmsg_dump_iter *mark, const char *text);
bool kmb_log_may_show(const char *file);

#endif /* _KMBENCH_KERNEL_LOG_H */
