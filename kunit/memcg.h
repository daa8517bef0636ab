/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A memory cgroup of the test's own, which nothing else is charged to.
 */
#ifndef _KMBENCH_MEMCG_H
#define _KMBENCH_MEMCG_H

#include <kunit/test.h>
#include <linux/errno.h>
#include <linux/types.h>

#include "promises.h"

struct mem_cgroup;
struct vfsmount;

/**
 * struct kmb_memcg - where cgroups are made, and the one that there is
 * @mnt: a mount of cgroup2, NULL when there is none.
 * @enabled_here: the memory controller was off before.
 * @memcg: the cgroup, NULL when there is none.
 */
struct kmb_memcg {
	struct vfsmount *mnt;
	bool enabled_here;
	struct mem_cgroup *memcg;
};

#ifdef CONFIG_MEMCG
int kmb_memcg_init(struct kunit *test);
void kmb_memcg_exit(struct kunit *test);
void kmb_memcg_or_skip(struct kunit *test, bool counts_kmem);
int kmb_memcg_make(struct kmb_memcg *home);
void kmb_memcg_remove(struct kmb_memcg *home);
int kmb_memcg_limit(struct kmb_memcg *home, size_t bytes);
unsigned long kmb_memcg_pages(const struct kmb_memcg *home);
unsigned long kmb_memcg_batch(void);
unsigned long kmb_memcg_most_in_store(void);
#else
static inline int kmb_memcg_init(struct kunit *test)
{
	return 0;
}

static inline void kmb_memcg_exit(struct kunit *test)
{
}

static inline void kmb_memcg_or_skip(struct kunit *test, bool counts_kmem)
{
	kmb_skip(test, "CONFIG_MEMCG is off");
}

static inline int kmb_memcg_make(struct kmb_memcg *home)
{
	return -EOPNOTSUPP;
}

static inline void kmb_memcg_remove(struct kmb_memcg *home)
{
}

static inline int kmb_memcg_limit(struct kmb_memcg *home, size_t bytes)
{
	return -EOPNOTSUPP;
}

static inline unsigned long kmb_memcg_pages(const struct kmb_memcg *home)
{
	return 0;
}

static inline unsigned long kmb_memcg_batch(void)
{
	return 0;
}

static inline unsigned long kmb_memcg_most_in_store(void)
{
	return 0;
}
#endif

#endif /* _KMBENCH_MEMCG_H */
