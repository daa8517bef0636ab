// SPDX-License-Identifier: GPL-2.0
/*
 * A memory cgroup of the test's own, which nothing else is charged to.
 *
 * No function that makes one is exported, so it is made as user space does:
 * a directory in a mount of cgroup2, also of the test's own, since nothing is
 * mounted when KUnit runs before user space. Left out: a memory controller
 * that cgroup v1 has, and mount options of a cgroup2 that is mounted already,
 * which another mount resets.
 */
#include <linux/bits.h>
#include <linux/cgroup.h>
#include <linux/err.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/memcontrol.h>
#include <linux/mount.h>
#include <linux/namei.h>
#include <linux/string.h>

#include "../module/compat.h"
#include "memcg.h"

#define NAME "kmbench-charges"

/* What a case leaves is undone by a task that need not be a kernel thread. */
static int switch_memory(struct kmb_memcg *home, const char *text)
{
	size_t size = strlen(text);
	struct file *file;
	ssize_t done;
	loff_t at = 0;

	file = file_open_root_mnt(home->mnt, "cgroup.subtree_control",
				  O_WRONLY, 0);
	if (IS_ERR(file))
		return PTR_ERR(file);
	done = kernel_write(file, text, size, &at);
	fput(file);
	flush_delayed_fput();
	if (done < 0)
		return done;
	return done == size ? 0 : -EIO;
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

/**
 * kmb_memcg_begin() - have a place to make cgroups in
 * @home: (out) that place.
 *
 * Return: 0, -EOPNOTSUPP when the memory controller is not to be had in
 * cgroup v2, or another error, after which there is nothing to end.
 */
int kmb_memcg_begin(struct kmb_memcg *home)
{
	struct file_system_type *cgroup2 = get_fs_type("cgroup2");
	struct vfsmount *mnt;
	int err;

	*home = (struct kmb_memcg) {};
	if (!cgroup2 || mem_cgroup_disabled() ||
	    !cgroup_subsys_on_dfl(memory_cgrp_subsys))
		return -EOPNOTSUPP;
	mnt = kern_mount(cgroup2);
	if (IS_ERR(mnt))
		return PTR_ERR(mnt);
	home->mnt = mnt;
	err = enable_memory(home);
	if (err)
		kmb_memcg_end(home);
	return err;
}

/**
 * kmb_memcg_end() - leave everything as it was before kmb_memcg_begin()
 * @home: that place, which may be none.
 */
void kmb_memcg_end(struct kmb_memcg *home)
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
