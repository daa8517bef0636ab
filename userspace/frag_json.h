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
#include "frag_slabs.h"
#include "frag_types.h"
#include "frag_walks.h"

/**
 * struct frag_record - all that there is of a level
 * @level: was given to frag_level__reach(), and to frag_level__undo().
 * @types: free memory by migrate type, when it was reached.
 * @responses: of it; none where it was not reached.
 * @walks: likewise.
 * @slabs: of small objects there, where it was reached.
 * @recovery: from it, where it was reached.
 */
struct frag_record {
	struct frag_level level;
	struct frag_types types;
	struct frag_responses responses;
	struct frag_walks walks;
	struct frag_slabs slabs;
	struct frag_recovery recovery;
};

json_t *frag_json__level(const struct frag_record *record);

#endif /* KMBENCH_FRAG_JSON_H */
