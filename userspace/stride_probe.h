/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Chases whose lines stand several pages apart, in memory of huge pages: by how many
 * lines the TLB holds at each distance it shows how much is translated at once.
 */
#ifndef KMBENCH_STRIDE_PROBE_H
#define KMBENCH_STRIDE_PROBE_H

#include <jansson.h>

#include "chase.h"

json_t *stride_probe__json(const struct chase_options *options);

#endif /* KMBENCH_STRIDE_PROBE_H */
