/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Every difference between Linux 6.1 and 7.3 that one source has to bridge.
 * No other file of kmbench asks for a kernel version.
 */
#ifndef _KMBENCH_COMPAT_H
#define _KMBENCH_COMPAT_H

#include <linux/atomic.h>
#include <linux/cacheinfo.h>
#include <linux/hrtimer.h>
#include <linux/rcupdate.h>
#include <linux/kconfig.h>
#include <linux/mmzone.h>
#include <linux/slab.h>
#include <linux/version.h>

/* hrtimer_setup() came with 6.13, hrtimer_init() went with 6.15. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 13, 0)
#define kmb_hrtimer_setup hrtimer_setup
#define kmb_hrtimer_setup_on_stack hrtimer_setup_on_stack
#else
static inline void
kmb_hrtimer_setup(struct hrtimer *timer,
		  enum hrtimer_restart (*function)(struct hrtimer *),
		  clockid_t clock_id, enum hrtimer_mode mode)
{
	hrtimer_init(timer, clock_id, mode);
	timer->function = function;
}

static inline void
kmb_hrtimer_setup_on_stack(struct hrtimer *timer,
			   enum hrtimer_restart (*function)(struct hrtimer *),
			   clockid_t clock_id, enum hrtimer_mode mode)
{
	hrtimer_init_on_stack(timer, clock_id, mode);
	timer->function = function;
}
#endif

/* Sizes that are no power of two are promised an alignment since 6.12. */
#define KMB_ALIGNS_TO_DIVISOR \
	(LINUX_VERSION_CODE >= KERNEL_VERSION(6, 12, 0))

/* What can be no object is its own kmalloc_size_roundup() since 6.6. */
#define KMB_ROUNDUP_KEEPS_HUGE \
	(LINUX_VERSION_CODE >= KERNEL_VERSION(6, 6, 0))

/* The kernel's own memory had a switch of its own until 6.11. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 11, 0)
#define KMB_CHARGES_KMEM IS_ENABLED(CONFIG_MEMCG)
#else
#define KMB_CHARGES_KMEM IS_ENABLED(CONFIG_MEMCG_KMEM)
#endif

/*
 * Whether a cgroup is charged for it, renamed in 6.3. For files that include
 * <linux/memcontrol.h> before this one.
 */
#ifdef _LINUX_MEMCONTROL_H
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 3, 0)
#define kmb_memcg_kmem_online memcg_kmem_online
#else
#define kmb_memcg_kmem_online memcg_kmem_enabled
#endif
#endif

/*
 * To make and to remove a directory in one: 6.3 has mnt_idmap in place of the
 * user namespace, from 6.15 on vfs_mkdir() gives the dentry, 6.16 renames
 * lookup_one_len(), and from 6.19 on the lookup takes the lock.
 * For files that include <linux/namei.h> before this one.
 */
#ifdef _LINUX_NAMEI_H
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 19, 0)
static inline int kmb_mkdir(struct dentry *parent, const char *name)
{
	struct dentry *child = start_creating_noperm(parent, &QSTR(name));

	if (IS_ERR(child))
		return PTR_ERR(child);
	child = vfs_mkdir(&nop_mnt_idmap, d_inode(parent), child, 0700, NULL);
	end_creating(child);
	return PTR_ERR_OR_ZERO(child);
}

static inline int kmb_rmdir(struct dentry *parent, const char *name)
{
	struct dentry *child = start_removing_noperm(parent, &QSTR(name));
	int err;

	if (IS_ERR(child))
		return PTR_ERR(child);
	err = vfs_rmdir(&nop_mnt_idmap, d_inode(parent), child, NULL);
	end_removing(child);
	return err;
}
#else
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 16, 0)
#define kmb_lookup(_name, _parent) lookup_noperm(&QSTR(_name), _parent)
#else
#define kmb_lookup(_name, _parent) \
	lookup_one_len(_name, _parent, strlen(_name))
#endif
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 3, 0)
#define KMB_NO_IDMAP (&nop_mnt_idmap)
#else
#define KMB_NO_IDMAP (&init_user_ns)
#endif

/* It takes over the reference to the child. */
static inline int kmb_vfs_mkdir(struct inode *dir, struct dentry *child)
{
	int err;

#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 15, 0)
	child = vfs_mkdir(KMB_NO_IDMAP, dir, child, 0700);
	err = PTR_ERR_OR_ZERO(child);
	if (!err)
		dput(child);
#else
	err = vfs_mkdir(KMB_NO_IDMAP, dir, child, 0700);
	dput(child);
#endif
	return err;
}

static inline int kmb_mkdir(struct dentry *parent, const char *name)
{
	struct inode *dir = d_inode(parent);
	struct dentry *child;
	int err;

	inode_lock_nested(dir, I_MUTEX_PARENT);
	child = kmb_lookup(name, parent);
	err = IS_ERR(child) ? PTR_ERR(child) : kmb_vfs_mkdir(dir, child);
	inode_unlock(dir);
	return err;
}

static inline int kmb_rmdir(struct dentry *parent, const char *name)
{
	struct inode *dir = d_inode(parent);
	struct dentry *child;
	int err;

	inode_lock_nested(dir, I_MUTEX_PARENT);
	child = kmb_lookup(name, parent);
	err = PTR_ERR_OR_ZERO(child);
	if (!err) {
		err = d_is_negative(child) ? -ENOENT :
		      vfs_rmdir(KMB_NO_IDMAP, dir, child);
		dput(child);
	}
	inode_unlock(dir);
	return err;
}
#endif
#endif

/* With 6.2 call_rcu() could become lazy, by seconds, and call_rcu_hurry() came. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 2, 0)
#define kmb_call_rcu call_rcu_hurry
#else
#define kmb_call_rcu call_rcu
#endif

/* kmalloc_objs() and kzalloc_objs() came with 7.0. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(7, 0, 0)
#define KMB_HAS_OBJS
#endif

/* So did sheaves for the caches of kmalloc(): arrays of objects that a CPU has at hand. */
#define KMB_KMALLOC_HAS_SHEAVES (LINUX_VERSION_CODE >= KERNEL_VERSION(7, 0, 0))

/* kmalloc_nolock() and kfree_nolock() came with 6.18. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 18, 0)
#define KMB_HAS_NOLOCK

/*
 * Whether slabs are changed by a cmpxchg of two words, as in mm/slab.h; without
 * it kmalloc_nolock() serves from debugged slabs only.
 */
static inline bool kmb_has_cmpxchg_double(void)
{
#if !defined(CONFIG_HAVE_ALIGNED_STRUCT_PAGE)
	return false;
#elif defined(CONFIG_64BIT) && defined(system_has_cmpxchg128)
	return system_has_cmpxchg128();
#elif !defined(CONFIG_64BIT) && defined(system_has_cmpxchg64)
	return system_has_cmpxchg64();
#else
	return false;
#endif
}
#endif

/* Where there is kfree_rcu_nolock(), its rcu_head has a type of its own. */
#ifdef kfree_rcu_nolock
#define KMB_HAS_RCU_NOLOCK
#endif

/*
 * Since 6.12 krealloc() is documented to honour __GFP_ZERO. Since 6.13 it does
 * so with SLUB's red zones as well, as it knows the size that was asked for.
 */
#define KMB_REALLOC_ZEROES (LINUX_VERSION_CODE >= KERNEL_VERSION(6, 12, 0))
#define KMB_REALLOC_KNOWS_SIZE (LINUX_VERSION_CODE >= KERNEL_VERSION(6, 13, 0))

/*
 * kmb_krealloc_node() - krealloc_node(); krealloc() before 6.18, which KMB_REALLOC_HAS_NODE says
 */
#ifdef krealloc_node
#define KMB_REALLOC_HAS_NODE true
static inline void *kmb_krealloc_node(const void *object, size_t bytes, gfp_t flags,
				      int node)
{
	return krealloc_node(object, bytes, flags, node);
}
#else
#define KMB_REALLOC_HAS_NODE false
static inline void *kmb_krealloc_node(const void *object, size_t bytes, gfp_t flags,
				      int node)
{
	return krealloc(object, bytes, flags);
}
#endif

/*
 * kmb_krealloc_aligned() - krealloc_node_align() on any node
 *
 * It came with 6.18; KMB_REALLOC_ALIGNS says whether it is there.
 */
#ifdef krealloc_node_align
#define KMB_REALLOC_ALIGNS true
static inline void *kmb_krealloc_aligned(const void *object, size_t bytes,
					 size_t align, gfp_t flags)
{
	return krealloc_node_align(object, bytes, align, flags, NUMA_NO_NODE);
}
#else
#define KMB_REALLOC_ALIGNS false
static inline void *kmb_krealloc_aligned(const void *object, size_t bytes,
					 size_t align, gfp_t flags)
{
	return NULL;
}
#endif

/* kvfree_rcu() lost its form with one argument when this got its name. */
#ifdef kvfree_rcu_mightsleep
#define kmb_kvfree_rcu_mightsleep(_object) kvfree_rcu_mightsleep(_object)
#else
#define kmb_kvfree_rcu_mightsleep(_object) kvfree_rcu(_object)
#endif

/*
 * kmb_kvfree_rcu_barrier() - wait for kfree_rcu()
 *
 * kvfree_rcu_barrier() came with 6.12, and is not exported by all kernels.
 *
 * Return: whether all is freed now; otherwise it is soon, see
 * KMB_KVFREE_RCU_SECONDS.
 */
static inline bool kmb_kvfree_rcu_barrier(void)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 12, 0) && !defined(MODULE)
	kvfree_rcu_barrier();
	return true;
#else
	rcu_barrier();
	return IS_ENABLED(CONFIG_TINY_RCU);
#endif
}

/* kfree_rcu() waits up to 5 s for more to free; then comes the grace period. */
#define KMB_KVFREE_RCU_SECONDS 15

/* A cache for itself. This flag came with 6.5; that one has the same effect. */
#ifdef SLAB_NO_MERGE
#define KMB_NO_MERGE SLAB_NO_MERGE
#else
#define KMB_NO_MERGE SLAB_NOLEAKTRACE
#endif

/*
 * kmb_alloc_bulk() - kmem_cache_alloc_bulk()
 *
 * It returned the number of objects before it returned whether there are any.
 *
 * Return: the number of objects.
 */
#define kmb_alloc_bulk(_cache, _flags, _nr, _objects) ({		\
	size_t _asked = (_nr);						\
	__auto_type _got = kmem_cache_alloc_bulk(_cache, _flags, _asked, \
						 _objects);		\
	sizeof(_got) == sizeof(bool) ? _got * _asked : (size_t)_got;	\
})

/* kvrealloc() wanted the old size, too, until 6.11. */
static inline void *kmb_kvrealloc(const void *object, size_t old, size_t bytes,
				  gfp_t flags)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 12, 0)
	return kvrealloc(object, bytes, flags);
#else
	return kvrealloc(object, old, bytes, flags);
#endif
}

/*
 * Until 6.8 a kmem_cache_alloc_bulk() that was charged and then found no memory
 * returned only the charge of what it had found.
 */
#define KMB_BULK_UNCHARGES (LINUX_VERSION_CODE >= KERNEL_VERSION(6, 8, 0))

/* kvmalloc() serves flags that do not let it sleep since 6.19. */
#define KMB_KVMALLOC_NEED_NOT_BLOCK \
	(LINUX_VERSION_CODE >= KERNEL_VERSION(6, 19, 0))

/* kmem_cache_destroy() waits for kfree_rcu() since 6.12. */
#define KMB_CACHE_DESTROY_WAITS (LINUX_VERSION_CODE >= KERNEL_VERSION(6, 12, 0))

/*
 * Since 6.9 an architecture says whether two mappings of a frame may differ in
 * its data cache. Before, it is taken for granted of all but these.
 */
#ifdef cpu_dcache_is_aliasing
#define kmb_dcache_is_aliasing() cpu_dcache_is_aliasing()
#else
#define kmb_dcache_is_aliasing() \
	(!IS_ENABLED(CONFIG_X86) && !IS_ENABLED(CONFIG_ARM64) && \
	 !IS_ENABLED(CONFIG_RISCV) && !IS_ENABLED(CONFIG_PPC) && \
	 !IS_ENABLED(CONFIG_S390) && !IS_ENABLED(CONFIG_LOONGARCH) && \
	 !IS_ENABLED(CONFIG_UML))
#endif

/*
 * Frames by their numbers: 0 where all are allocated. What came in place of the migrate
 * type had a macro from the beginning. The blocks that they lie in are of that type then.
 */
#define KMB_HAS_CONTIG IS_ENABLED(CONFIG_CONTIG_ALLOC)
#if !defined(CONFIG_CONTIG_ALLOC)
#define kmb_alloc_contig(_frame, _nr) ((void)(_frame), (void)(_nr), -EOPNOTSUPP)
#elif defined(ACR_FLAGS_NONE)
#define kmb_alloc_contig(_frame, _nr) \
	alloc_contig_range(_frame, (_frame) + (_nr), ACR_FLAGS_NONE, GFP_KERNEL)
#else
#define kmb_alloc_contig(_frame, _nr) \
	alloc_contig_range(_frame, (_frame) + (_nr), MIGRATE_UNMOVABLE, GFP_KERNEL)
#endif

/* The flags of shmem_file_setup() became a type of their own with 7.0. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(7, 0, 0)
#define KMB_VM_NORESERVE mk_vma_flags(VMA_NORESERVE_BIT)
#else
#define KMB_VM_NORESERVE VM_NORESERVE
#endif

/* The flags of a VMA are set by a function since 6.3. For files that include <linux/mm.h>. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 3, 0)
#define kmb_vm_flags_set(_vma, _flags) vm_flags_set(_vma, _flags)
#else
#define kmb_vm_flags_set(_vma, _flags) ((void)((_vma)->vm_flags |= (_flags)))
#endif

/* A frame was a type of its own until 6.16, in a header that went with it. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 17, 0)
#define kmb_insert_mixed(_vma, _address, _frame) \
	vmf_insert_mixed(_vma, _address, _frame)
#else
#include <linux/pfn_t.h>
#define kmb_insert_mixed(_vma, _address, _frame) \
	vmf_insert_mixed(_vma, _address, pfn_to_pfn_t(_frame))
#endif

/*
 * The largest block of the page allocator: MAX_ORDER was one more than it up
 * to 6.3 and just that until it was renamed in 6.8.
 */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 4, 0)
#define MAX_PAGE_ORDER (MAX_ORDER - 1)
#elif LINUX_VERSION_CODE < KERNEL_VERSION(6, 8, 0)
#define MAX_PAGE_ORDER MAX_ORDER
#endif

/*
 * KUnit's generators of parameters got the test as their first argument, and
 * the first parameter the index 1, together with KUNIT_CASE_PARAM_WITH_INIT.
 * For files that include <kunit/test.h> before this one.
 */
#ifdef KUNIT_CASE_PARAM
#ifdef KUNIT_CASE_PARAM_WITH_INIT
#define KMB_GENERATOR(_name) \
	const void *_name(struct kunit *test, const void *prev, char *desc)
#define KMB_FIRST_PARAM 1
#else
#define KMB_GENERATOR(_name) const void *_name(const void *prev, char *desc)
#define KMB_FIRST_PARAM 0
#endif
#endif

#endif /* _KMBENCH_COMPAT_H */
