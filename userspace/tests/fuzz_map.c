// SPDX-License-Identifier: GPL-2.0
/*
 * Mappings of what the module lends, as large as it may be or not, and what can be
 * done to one: parts of it go, it is moved, it is left behind in a fork.
 */
#include <errno.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fuzz.h"

#define PAGE		4096UL

/* Return: whether each page that is left has its number. */
static bool has_content(const char *memory, size_t first, size_t end)
{
	for (; first < end; first++)
		if (*(const uint64_t *)(memory + first * PAGE) != first)
			return false;
	return true;
}

static void leave_to_child(void)
{
	pid_t pid = fork();

	if (!pid)
		_exit(0);
	if (pid > 0)
		waitpid(pid, NULL, 0);
}

/*
 * Return: whether it is, and was, what it should be; nothing is left of it. What is
 * unmapped once is not unmapped again: another thread may have mapped there.
 */
static bool unmap_in_some_way(char *memory, size_t pages, struct fuzz_random *random)
{
	size_t first = 0, end = pages, part = fuzz__below(random, pages);
	bool good = has_content(memory, 0, fuzz__below(random, 2) ? pages : 1);
	void *moved = MAP_FAILED;

	switch (fuzz__below(random, 8)) {
	case 0:
		first = part;
		munmap(memory, first * PAGE);
		break;
	case 1:
		end = part + 1;
		munmap(memory + end * PAGE, (pages - end) * PAGE);
		break;
	case 2:
		moved = mremap(memory, pages * PAGE, pages * PAGE, MREMAP_MAYMOVE |
			       MREMAP_DONTUNMAP);
		break;
	case 3:
		moved = mremap(memory, pages * PAGE, (pages + 1) * PAGE, MREMAP_MAYMOVE);
		break;
	case 4:
		leave_to_child();
		break;
	}
	/* Where it is then, nobody knows. */
	if (moved != MAP_FAILED)
		return false;
	good &= has_content(memory, first, end);
	munmap(memory + first * PAGE, (end - first) * PAGE);
	return good;
}

/**
 * fuzz__map() - map what a file may have to lend, and unmap it
 * @fd: the file; others may be at it, too.
 * @random: the sequence.
 * @complaint: receives what is wrong with it, a text; NULL: nothing.
 *
 * The length is guessed: most that is lent has a power of two pages.
 *
 * Return: 0, or the negative error of mmap(2).
 */
int fuzz__map(int fd, struct fuzz_random *random, const char **complaint)
{
	int flags = fuzz__below(random, 16) ? MAP_SHARED : MAP_PRIVATE;
	int prot = fuzz__below(random, 2) ? PROT_READ : PROT_READ | PROT_WRITE;
	off_t offset = fuzz__below(random, 16) ? 0 : PAGE;
	size_t pages = 1;
	char *memory;

	*complaint = NULL;
	do {
		memory = mmap(NULL, pages * PAGE, prot, flags, fd, offset);
	} while (memory == MAP_FAILED && errno == EINVAL && (pages *= 2) <= FUZZ_LENT_PAGES);
	if (memory == MAP_FAILED)
		return -errno;
	if (flags == MAP_PRIVATE || offset)
		*complaint = "mmap: a mapping that is to be refused";
	if (!unmap_in_some_way(memory, pages, random))
		*complaint = "mmap: memory that is not what was lent";
	return 0;
}
