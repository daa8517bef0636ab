/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A measurement as a table for people.
 */
#ifndef KMBENCH_TEXT_OUT_H
#define KMBENCH_TEXT_OUT_H

#include <stdio.h>

#include "measurement.h"

int text_out__write(FILE *file, const struct kmb_info *info,
		    const struct measurement *measurement);

#endif /* KMBENCH_TEXT_OUT_H */
