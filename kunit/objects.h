/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The objects that a case holds. They are freed when it ends, however it ends.
 */
#ifndef _KMBENCH_OBJECTS_H
#define _KMBENCH_OBJECTS_H

#include <kunit/test.h>
#include <linux/gfp.h>
#include <linux/sizes.h>
#include <linux/types.h>

/* As many as a case holds at once, to see several slots of a slab. */
#define KMB_MAX_OBJECTS		64
/* Bytes that it holds at once; two objects are always allowed. */
#define KMB_MAX_HELD		SZ_16M

/**
 * struct kmb_objects - objects of one kind
 * @nr: how many.
 * @bytes: the size that each was asked for with.
 * @gfp: names the flags.
 * @context: names where they were allocated, as in tables.h.
 * @at: their addresses.
 */
struct kmb_objects {
	unsigned int nr;
	size_t bytes;
	const char *gfp;
	const char *context;
	void *at[KMB_MAX_OBJECTS];
};

/**
 * struct kmb_chain - more objects than a case holds, for counters to see them
 * @last: the one that was added last; its first bytes point to the one before.
 * @nr: how many.
 */
struct kmb_chain {
	void *last;
	unsigned int nr;
};

typedef void kmb_check_fn(struct kunit *test, const struct kmb_objects *held);

int kmb_objects_init(struct kunit *test);
void kmb_objects_exit(struct kunit *test);

size_t kmb_hide(size_t number);
const char *kmb_kind_of(const void *object);
void *kmb_kmalloc(size_t bytes, gfp_t flags);
void *kmb_krealloc(const void *object, size_t bytes, gfp_t flags);
bool kmb_has_plenty(int node, size_t bytes, gfp_t flags);

const struct kmb_objects *
kmb_take(struct kunit *test, void *(*alloc)(size_t bytes, gfp_t flags),
	 size_t bytes, gfp_t flags, const char *name);
const struct kmb_objects *
kmb_take_some(struct kunit *test, void *(*alloc)(size_t bytes, gfp_t flags),
	      size_t bytes, gfp_t flags, const char *name);
void kmb_put(struct kunit *test);
void kmb_each_gfp(struct kunit *test, size_t bytes, kmb_check_fn *check);
void kmb_each_gfp_around(struct kunit *test, size_t bytes, kmb_check_fn *check);

bool kmb_chain_add(struct kmb_chain *chain, void *object);
bool kmb_chain_grow(struct kmb_chain *chain, unsigned int nr, size_t bytes,
		    gfp_t flags);
void kmb_chain_free(struct kmb_chain *chain);

void kmb_fill(const struct kmb_objects *held);
const u8 *kmb_find_foreign(const struct kmb_objects *held, unsigned int i);

#endif /* _KMBENCH_OBJECTS_H */
