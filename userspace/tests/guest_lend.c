// SPDX-License-Identifier: GPL-2.0
/*
 * Memory that the module lends: it is that of the kernel, page by page; nobody else
 * comes to have it; and it is given back once the last mapping of it is gone.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "device.h"
#include "guest.h"

/* Bytes that no reading of the free memory can miss, of each kind. */
#define LENT_BYTES	(16UL << 20)
/* Bytes of which each page is looked at: not all blocks of kmalloc() are equal. */
#define LOOKED_AT_BYTES	((4UL << 20) + (32UL << 10))
#define PAGEMAP_PRESENT	(1ULL << 63)
#define PAGEMAP_FRAME	((1ULL << 55) - 1)

/**
 * struct lent - memory that was asked for
 * @device: of it.
 * @bytes: how much.
 * @frames: of its pages, as the module says.
 * @memory: where it is mapped; NULL: it is not.
 */
struct lent {
	struct device device;
	size_t bytes;
	uint64_t *frames;
	char *memory;
};

static size_t page_bytes(void)
{
	return sysconf(_SC_PAGESIZE);
}

static size_t nr_pages(const struct lent *lent)
{
	return lent->bytes / page_bytes();
}

static int lent__open(struct lent *lent)
{
	int err = device__open(&lent->device, DEVICE_PATH);

	if (!err)
		err = device__hello(&lent->device);
	return err ? err : device__load(&lent->device);
}

static int lent__ask(struct lent *lent, uint32_t kind, size_t bytes)
{
	struct kmb_lend lend = { .kind = kind, .share = 90, .bytes = bytes };
	int err;

	free(lent->frames);
	lent->bytes = bytes;
	lent->frames = calloc(nr_pages(lent), sizeof(*lent->frames));
	lend.frames = (uintptr_t)lent->frames;
	err = lent->frames ? device__lend(&lent->device, &lend) : -ENOMEM;
	if (err)
		printf("lend: %s, %s\n", strerror(-err), lend.why);
	return err;
}

static int lent__map(struct lent *lent, int prot)
{
	void *memory = mmap(NULL, lent->bytes, prot, MAP_SHARED, lent->device.fd, 0);

	lent->memory = memory == MAP_FAILED ? NULL : memory;
	return lent->memory ? 0 : -errno;
}

static void lent__close(struct lent *lent)
{
	free(lent->frames);
	lent->frames = NULL;
	device__close(&lent->device);
}

/* Kind 0 is kmalloc(). Ends the program where that cannot be: it is the set-up. */
static struct lent lent__new(uint32_t kind, size_t bytes, int prot)
{
	struct lent lent = { .memory = NULL };
	int err = lent__open(&lent);

	if (!err)
		err = lent__ask(&lent, kind, bytes);
	if (!err && prot)
		err = lent__map(&lent, prot);
	if (err) {
		fprintf(stderr, "kind %u: %s\n", kind, strerror(-err));
		exit(2);
	}
	return lent;
}

static void report_if(const char *name, bool bad, const char *what)
{
	report(name, bad ? what : "");
}

/* The first page that is not number @first and so on, else 0; -1: none is wrong. */
static long wrong_content(const char *memory, size_t pages, uint64_t first)
{
	size_t words = page_bytes() / sizeof(uint64_t), i, word;

	for (i = 0; i < pages; i++) {
		const uint64_t *page = (const uint64_t *)(memory + i * page_bytes());

		if (page[0] != first + i)
			return i;
		for (word = 1; word < words; word++)
			if (page[word])
				return i;
	}
	return -1;
}

/* Have it mapped. */
static void touch(const char *address)
{
	asm volatile("" : : "r" (*address));
}

/* The first page that lies in another frame; -1: none does. */
static long wrong_frame(const char *memory, const uint64_t *frames, size_t pages)
{
	int fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	uint64_t entry;
	long i;

	for (i = 0; i < (long)pages; i++) {
		touch(memory + i * page_bytes());
		if (pread(fd, &entry, sizeof(entry), ((uintptr_t)memory / page_bytes() + i) *
			  sizeof(entry)) != sizeof(entry))
			break;
		if (!(entry & PAGEMAP_PRESENT) || (entry & PAGEMAP_FRAME) != frames[i])
			break;
	}
	close(fd);
	return i < (long)pages ? i : -1;
}

static void check_kind(uint32_t kind, const struct kmb_row *row)
{
	struct lent lent = lent__new(kind, LOOKED_AT_BYTES, PROT_READ | PROT_WRITE);
	char name[128];

	snprintf(name, sizeof(name), "%s: what the kernel wrote to each page is read",
		 row->name);
	report_if(name, wrong_content(lent.memory, nr_pages(&lent), 0) != -1,
		  "a page has another content");
	snprintf(name, sizeof(name), "%s: each page lies in the kernel's frame", row->name);
	report_if(name, wrong_frame(lent.memory, lent.frames, nr_pages(&lent)) != -1,
		  "a page lies in another one");
	munmap(lent.memory, lent.bytes);
	lent__close(&lent);
}

static void check_kinds(void)
{
	struct device device;
	uint32_t kind;

	if (device__open(&device, DEVICE_PATH) || device__hello(&device) ||
	    device__load(&device))
		exit(2);
	for (kind = 0; kind < device.info.nr_rows[KMB_TABLE_KIND]; kind++)
		check_kind(kind, &device.rows[KMB_TABLE_KIND][kind]);
	device__close(&device);
}

/* What is no such memory is not taken for it. */
static void control_pages(void)
{
	struct lent one = lent__new(0, LOOKED_AT_BYTES, PROT_READ | PROT_WRITE);
	struct lent other = lent__new(0, LOOKED_AT_BYTES, PROT_READ | PROT_WRITE);
	size_t pages = nr_pages(&one);
	uint64_t *last = (uint64_t *)(one.memory + (pages - 1) * page_bytes());

	report_if("control: frames of other memory are seen",
		  wrong_frame(other.memory, one.frames, pages) != 0, "they are not");
	last[0]--;
	report_if("control: a page out of order is seen",
		  wrong_content(one.memory, pages, 0) != (long)pages - 1, "it is not");
	last[0]++;
	last[page_bytes() / sizeof(*last) - 1] = 1;
	report_if("control: what the kernel had there before is seen",
		  wrong_content(one.memory, pages, 0) != (long)pages - 1, "it is not");
	munmap(one.memory, one.bytes);
	munmap(other.memory, other.bytes);
	lent__close(&one);
	lent__close(&other);
}

static void check_refusals(void)
{
	struct lent lent = lent__new(0, LOOKED_AT_BYTES, 0);
	size_t bytes = lent.bytes, page = page_bytes();
	int fd = lent.device.fd;

	report_if("a private mapping is refused",
		  mmap(NULL, bytes, PROT_READ, MAP_PRIVATE, fd, 0) != MAP_FAILED ||
		  errno != EINVAL, "it is not");
	report_if("another length is refused",
		  mmap(NULL, bytes - page, PROT_READ, MAP_SHARED, fd, 0) != MAP_FAILED ||
		  errno != EINVAL, "it is not");
	report_if("another offset is refused",
		  mmap(NULL, bytes, PROT_READ, MAP_SHARED, fd, page) != MAP_FAILED ||
		  errno != EINVAL, "it is not");
	report_if("then it can be mapped all the same, read-only",
		  lent__map(&lent, PROT_READ) || wrong_content(lent.memory, nr_pages(&lent), 0) != -1,
		  "it cannot");
	report_if("but not once more",
		  mmap(NULL, bytes, PROT_READ, MAP_SHARED, fd, 0) != MAP_FAILED ||
		  errno != ENXIO, "it can");
	if (lent.memory)
		munmap(lent.memory, bytes);
	lent__close(&lent);
}

/* No page of it may be held by what outlives the mapping. */
static void check_no_page_is_held(void)
{
	struct lent lent = lent__new(0, LOOKED_AT_BYTES, PROT_READ | PROT_WRITE);
	char own[64] = "", *from[2] = { own, lent.memory };
	ssize_t got[2];
	int i, fds[2];

	wrong_content(lent.memory, nr_pages(&lent), 0);
	for (i = 0; i < 2; i++) {
		struct iovec iov = { from[i], sizeof(own) };

		if (pipe2(fds, O_CLOEXEC))
			exit(2);
		got[i] = vmsplice(fds[1], &iov, 1, 0);
		close(fds[0]);
		close(fds[1]);
	}
	report_if("control: a page of the process can be held", got[0] != sizeof(own),
		  "it cannot");
	report_if("no page can be held", got[1] >= 0, "one can");
	munmap(lent.memory, lent.bytes);
	lent__close(&lent);
}

/* How a child ends that reads from an address. */
static int reading_ends(const char *address)
{
	int status;
	pid_t pid = fork();

	if (!pid) {
		signal(SIGSEGV, SIG_DFL);
		touch(address);
		_exit(0);
	}
	waitpid(pid, &status, 0);
	return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

static void check_fork(void)
{
	struct lent lent = lent__new(0, LOOKED_AT_BYTES, PROT_READ | PROT_WRITE);
	char own = 0;

	report_if("control: a child has the memory of its parent", reading_ends(&own), "it has not");
	report_if("a child does not have it", reading_ends(lent.memory) != SIGSEGV, "it has");
	report_if("and the parent keeps it",
		  wrong_content(lent.memory, nr_pages(&lent), 0) != -1, "it does not");
	report_if("it cannot be made to be inherited",
		  !madvise(lent.memory, lent.bytes, MADV_DOFORK) || errno != EINVAL, "it can");
	munmap(lent.memory, lent.bytes);
	lent__close(&lent);
}

static void check_mremap(void)
{
	struct lent lent = lent__new(0, LOOKED_AT_BYTES, PROT_READ | PROT_WRITE);
	size_t pages = nr_pages(&lent), page = page_bytes();
	char *hole = mmap(NULL, lent.bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	void *grown = mremap(lent.memory, lent.bytes, lent.bytes + page, MREMAP_MAYMOVE);
	void *twice = mremap(lent.memory, 0, lent.bytes, MREMAP_MAYMOVE);
	char *moved;

	report_if("it cannot grow", grown != MAP_FAILED, "it can");
	report_if("it cannot be mapped a second time", twice != MAP_FAILED, "it can");
	if (grown != MAP_FAILED)
		lent.memory = grown;
	/* Half of the pages were touched before. */
	wrong_content(lent.memory, pages / 2, 0);
	moved = mremap(lent.memory, lent.bytes, lent.bytes, MREMAP_MAYMOVE | MREMAP_FIXED, hole);
	report_if("it can be moved, with all that is in it",
		  moved != hole || wrong_content(moved, pages, 0) != -1, "it cannot");
	munmap(hole, lent.bytes);
	lent__close(&lent);
}

static void fault_on(struct lent *lent)
{
	memset(lent->memory, 1, lent->bytes);
}

/* Half of it goes; the other one stays, with its content. */
static void unmap_in_parts(struct lent *lent, const struct holdings *before)
{
	size_t page = page_bytes(), part = lent->bytes / 4;
	char why[WHY_LEN] = "";
	bool held;

	wrong_content(lent->memory, nr_pages(lent), 0);
	munmap(lent->memory + part, 2 * part);
	held = !holdings__are_back(before, 0, why) && strstr(why, "KiB are not");
	report_if("unmapped in part, all of it is kept", !held, "it is not");
	report_if("the rest stays what it was",
		  wrong_content(lent->memory, part / page, 0) != -1 ||
		  wrong_content(lent->memory + 3 * part, part / page, 3 * part / page) != -1,
		  "it does not");
	report_if("the part is gone", reading_ends(lent->memory + part) != SIGSEGV, "it is not");
	munmap(lent->memory + 3 * part, part);
	munmap(lent->memory, part);
}

/**
 * struct ending - a way in which memory is given back
 * @name: for people.
 * @mapped: it is mapped before.
 * @end: what does it; the file is closed afterwards, if it is still open.
 */
struct ending {
	const char *name;
	bool mapped;
	void (*end)(struct lent *lent, const struct holdings *before);
};

static void end_munmap(struct lent *lent, const struct holdings *before)
{
	(void)before;
	fault_on(lent);
	munmap(lent->memory, lent->bytes);
}

static void end_untouched(struct lent *lent, const struct holdings *before)
{
	(void)before;
	munmap(lent->memory, lent->bytes);
}

static void end_map_over(struct lent *lent, const struct holdings *before)
{
	(void)before;
	fault_on(lent);
	mmap(lent->memory, lent->bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	munmap(lent->memory, lent->bytes);
}

static void end_close_first(struct lent *lent, const struct holdings *before)
{
	(void)before;
	lent__close(lent);
	report_if("after close() it is still mapped",
		  wrong_content(lent->memory, nr_pages(lent), 0) != -1, "it is not");
	report_if("and keeps the module", module__unload() != -EWOULDBLOCK, "it does not");
	munmap(lent->memory, lent->bytes);
}

static void end_close_unmapped(struct lent *lent, const struct holdings *before)
{
	(void)before;
	lent__close(lent);
}

/* What waits is small then. */
static void end_ask_again(struct lent *lent, const struct holdings *before)
{
	(void)before;
	lent__ask(lent, 0, page_bytes());
}

static const struct ending endings[] = {
	{ "by munmap(), the file open", true, end_munmap },
	{ "by munmap(), never touched", true, end_untouched },
	{ "by another mapping in its place", true, end_map_over },
	{ "by close(), then munmap()", true, end_close_first },
	{ "by munmap() of one part after the other", true, unmap_in_parts },
	{ "by close(), never mapped", false, end_close_unmapped },
	{ "by asking again, never mapped", false, end_ask_again },
	{ NULL, false, NULL },
};

static void check_ending(const struct holdings *before, uint32_t kind,
			 const struct ending *ending)
{
	struct lent lent = lent__new(kind, LENT_BYTES,
				     ending->mapped ? PROT_READ | PROT_WRITE : 0);
	char name[128], why[WHY_LEN] = "";
	bool held;

	held = !holdings__are_back(before, 0, why) && strstr(why, "KiB are not");
	snprintf(name, sizeof(name), "control: kind %u is seen to be held, %s", kind, ending->name);
	report_if(name, !held, "it is not");
	ending->end(&lent, before);
	holdings__are_back(before, HOLDINGS_PATIENCE, why);
	snprintf(name, sizeof(name), "kind %u is given back %s", kind, ending->name);
	report(name, why);
	if (lent.frames)
		lent__close(&lent);
}

static void hold_lent(void *arg)
{
	struct lent lent = lent__new(*(uint32_t *)arg, LENT_BYTES, PROT_READ | PROT_WRITE);

	fault_on(&lent);
	close(lent.device.fd);
}

static void check_kill(const struct holdings *before, uint32_t kind)
{
	pid_t pid = hog__start(hold_lent, &kind, 0);
	char name[128], why[WHY_LEN] = "";
	bool held;

	hog__wait(pid);
	held = !holdings__are_back(before, 0, why) && strstr(why, "KiB are not");
	snprintf(name, sizeof(name), "control: kind %u of a process is seen", kind);
	report_if(name, !held, "it is not");
	hog__end(pid);
	holdings__are_back(before, HOLDINGS_PATIENCE, why);
	snprintf(name, sizeof(name), "kind %u is given back when its process is killed", kind);
	report(name, why);
}

/* kmalloc(), its pages one by one, and vmalloc(). */
static void check_return(void)
{
	const struct ending *ending;
	struct holdings before;
	uint32_t kind;

	holdings__read(&before);
	for (kind = 0; kind < 3; kind++) {
		for (ending = endings; ending->name; ending++)
			check_ending(&before, kind, ending);
		check_kill(&before, kind);
	}
}

/**
 * lend__run() - memory is lent and given back
 */
void lend__run(void)
{
	char why[WHY_LEN] = "";

	module__measures(why);
	control_pages();
	check_kinds();
	check_refusals();
	check_no_page_is_held();
	check_fork();
	check_mremap();
	check_return();
	report_if("at last the module can be unloaded", module__unload(), "it cannot");
}
