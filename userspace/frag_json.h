/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A level of fragmentation and what kmalloc() did there, as JSON.
 */
#ifndef KMBENCH_FRAG_JSON_H
#define KMBENCH_FRAG_JSON_H

#include <jansson.h>

#include "frag_level.h"
#include "frag_recovery.h"
#include "frag_response.h"

json_t *frag_json__level(const struct frag_level *level,
			 const struct frag_responses *responses,
			 const struct frag_recovery *recovery);

#endif /* KMBENCH_FRAG_JSON_H */
