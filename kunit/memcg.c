// SPDX-License-Identifier: GPL-2.0
/*
 * A memory cgroup of the test's own, which nothing else is charged to.
 *
 * No function that makes one is exported, so it is made as user space does:
 * a directory in a mount of cgroup2, also of the test's own, since nothing is
 * mounted when KUnit runs before user space. Left out: a memory controller
 * that cgroup v1 has, and favordynmods of a cgroup2 that is mounted already,
 * which another mount switches off.
 */
#include <kunit/test.h>
#include <linux/bits.h>
#include <linux/cgroup.h>
#include <linux/err.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/memcontrol.h>
#include <linux/mount.h>
#include <linux/namei.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "../module/compat.h"
#include "memcg.h"
#include "promises.h"

#define NAME "kmbench-charges"

/* What a case leaves is undone by a task that need not be a kernel thread. */
static int write_file(struct kmb_memcg *home, const char *path,
		      const char *text)
{
	size_t size = strlen(text);
	struct file *file;
	ssize_t done;
	loff_t at = 0;

	file = file_open_root_mnt(home->mnt, path, O_WRONLY, 0);
	if (IS_ERR(file))
		return PTR_ERR(file);
	done = kernel_write(file, text, size, &at);
	fput(file);
	flush_delayed_fput();
	if (done < 0)
		return done;
	return done == size ? 0 : -EIO;
}

static int switch_memory(struct kmb_memcg *home, const char *text)
{
	return write_file(home, "cgroup.subtree_control", text);
}

static int enable_memory(struct kmb_memcg *home)
{
	struct cgroup *top = cgroup_get_from_path("/");
	bool enabled;
	int err;

	if (IS_ERR(top))
		return PTR_ERR(top);
	enabled = READ_ONCE(top->subtree_control) & BIT(memory_cgrp_id);
	cgroup_put(top);
	if (enabled)
		return 0;
	err = switch_memory(home, "+memory");
	home->enabled_here = !err;
	return err;
}

/* Leave everything as it was before begin(). */
static void end(struct kmb_memcg *home)
{
	if (!home->mnt)
		return;
	kmb_memcg_remove(home);
	if (home->enabled_here)
		switch_memory(home, "-memory");
	home->enabled_here = false;
	kern_unmount(home->mnt);
	home->mnt = NULL;
}

/* Another mount would reset the options of the machine's own. */
static struct vfsmount *mount_beside(struct file_system_type *cgroup2)
{
	unsigned int flags = cgrp_dfl_root.flags & ~CGRP_ROOT_FAVOR_DYNMODS;
	struct vfsmount *mnt = kern_mount(cgroup2);

	cgrp_dfl_root.flags |= flags;
	return mnt;
}

/*
 * Return: 0, -EOPNOTSUPP when the memory controller is not to be had in
 * cgroup v2, or another error, after which there is nothing to end.
 */
static int begin(struct kmb_memcg *home)
{
	struct file_system_type *cgroup2 = get_fs_type("cgroup2");
	struct vfsmount *mnt;
	int err;

	if (!cgroup2 || mem_cgroup_disabled() ||
	    !cgroup_subsys_on_dfl(memory_cgrp_subsys))
		return -EOPNOTSUPP;
	mnt = mount_beside(cgroup2);
	if (IS_ERR(mnt))
		return PTR_ERR(mnt);
	home->mnt = mnt;
	err = enable_memory(home);
	if (err)
		end(home);
	return err;
}

/**
 * kmb_memcg_init() - the .init of a suite whose cases have a cgroup
 * @test: the case; its ->priv is the struct kmb_memcg.
 *
 * Return: 0 or -ENOMEM.
 */
int kmb_memcg_init(struct kunit *test)
{
	struct kmb_memcg *home;

	kmb_case_begins(test);
	home = kunit_kmalloc(test, sizeof(*home), GFP_KERNEL);
	if (!home)
		return -ENOMEM;
	*home = (struct kmb_memcg) {};
	test->priv = home;
	return 0;
}

/**
 * kmb_memcg_exit() - the .exit that belongs to kmb_memcg_init()
 * @test: the case.
 */
void kmb_memcg_exit(struct kunit *test)
{
	if (test->priv)
		end(test->priv);
}

/* Not with cgroup.memory=nokmem, which shows once there is a cgroup. */
static void skip_unless_kmem_counts(struct kunit *test)
{
	struct kmb_memcg *home = test->priv;

	KUNIT_ASSERT_EQ(test, kmb_memcg_make(home), 0);
	if (!kmb_memcg_kmem_online())
		kmb_skip(test, "cgroup.memory=nokmem: memory of the kernel is not charged");
	kmb_memcg_remove(home);
}

/**
 * kmb_memcg_or_skip() - have a place to make a cgroup in
 * @test: the case, which is skipped where there is none.
 * @counts_kmem: skip it as well where memory of the kernel is not charged.
 */
void kmb_memcg_or_skip(struct kunit *test, bool counts_kmem)
{
	int err;

	if (!KMB_CHARGES_KMEM)
		kmb_skip(test, "CONFIG_MEMCG_KMEM is off");
	err = begin(test->priv);
	if (err == -EOPNOTSUPP)
		kmb_skip(test, "cgroup v2 has no memory controller");
	KUNIT_ASSERT_EQ(test, err, 0);
	if (counts_kmem)
		skip_unless_kmem_counts(test);
}

/* Return: the memory cgroup of that name, not one of an ancestor. */
static struct mem_cgroup *find_memcg(const char *path)
{
	struct cgroup *cgroup = cgroup_get_from_path(path);
	struct cgroup_subsys_state *css;

	if (IS_ERR(cgroup))
		return ERR_CAST(cgroup);
	css = cgroup_get_e_css(cgroup, &memory_cgrp_subsys);
	cgroup_put(cgroup);
	if (css->cgroup == cgroup)
		return mem_cgroup_from_css(css);
	css_put(css);
	return ERR_PTR(-ENODEV);
}

/**
 * kmb_memcg_make() - make the cgroup
 * @home: where; there is none yet.
 *
 * Return: 0 or an error.
 */
int kmb_memcg_make(struct kmb_memcg *home)
{
	struct mem_cgroup *memcg;
	int err;

	err = kmb_mkdir(home->mnt->mnt_root, NAME);
	if (err)
		return err;
	memcg = find_memcg("/" NAME);
	if (IS_ERR(memcg)) {
		kmb_rmdir(home->mnt->mnt_root, NAME);
		return PTR_ERR(memcg);
	}
	home->memcg = memcg;
	return 0;
}

/**
 * kmb_memcg_remove() - remove the cgroup, if there is one
 * @home: where.
 */
void kmb_memcg_remove(struct kmb_memcg *home)
{
	if (!home->memcg)
		return;
	css_put(&home->memcg->css);
	home->memcg = NULL;
	kmb_rmdir(home->mnt->mnt_root, NAME);
}

/**
 * kmb_memcg_limit() - limit how much the cgroup may be charged
 * @home: where it is.
 * @bytes: the limit.
 *
 * Return: 0 or an error.
 */
int kmb_memcg_limit(struct kmb_memcg *home, size_t bytes)
{
	char text[24];

	snprintf(text, sizeof(text), "%zu", bytes);
	return write_file(home, NAME "/memory.max", text);
}

/**
 * kmb_memcg_pages() - ask for how much the cgroup is charged
 * @home: where it is.
 *
 * Return: a number of pages, of which kmb_memcg_batch() a CPU may be in store.
 */
unsigned long kmb_memcg_pages(const struct kmb_memcg *home)
{
	return page_counter_read(&home->memcg->memory);
}

/**
 * kmb_memcg_batch() - how many pages a CPU charges and gives back at a time
 *
 * Return: that number.
 */
unsigned long kmb_memcg_batch(void)
{
	return MEMCG_CHARGE_BATCH;
}

/**
 * kmb_memcg_most_in_store() - ask how much of a charge may outlive its objects
 *
 * Return: pages: of each CPU a batch, and one that is charged by the byte.
 */
unsigned long kmb_memcg_most_in_store(void)
{
	return num_online_cpus() * (kmb_memcg_batch() + 1);
}
