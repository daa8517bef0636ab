/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Signals that ask the tool to stop: they wait until it looks.
 */
#ifndef KMBENCH_SIGNALS_H
#define KMBENCH_SIGNALS_H

#include <stdbool.h>

void signals__block(void);
bool signals__arrived(void);

#endif /* KMBENCH_SIGNALS_H */
