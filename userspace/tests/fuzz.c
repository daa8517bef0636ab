// SPDX-License-Identifier: GPL-2.0
/*
 * Random ioctls against the module, run by init in a guest whose kernel looks
 * for what goes wrong: scripts/fuzz.
 *
 *	fuzz SEED COUNT [FAULT]
 *
 * The seed decides what each worker asks; what the others do meanwhile, and
 * when a signal comes, it does not. Two processes of two threads each share
 * their files, which are opened and closed all the time. The kernel's own
 * verdict is on the console and in kmemleak; here each answer is checked.
 *
 * FAULT is for a control: kmbench_fault.ko is loaded with it, halfway. Without, it
 * loses memory at the end, which kmemleak has to find.
 *
 * Such a kernel keeps books, which grow while it sees what is new to it: stacks for
 * KASAN, spare objects for kmemleak and for debug objects, slabs of which one object
 * is in use. So what is held at the end is compared with what was held halfway: what
 * the module loses, it loses in both halves.
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/klog.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "device.h"
#include "fuzz.h"
#include "guest.h"

#define RESULTS		"/results.json"
#define FAULT_MODULE	"/lib/modules/kmbench_fault.ko"
#define KMEMLEAK	"/sys/kernel/debug/kmemleak"
/* Seconds after which kmemleak takes what nobody points to for lost. */
#define KMEMLEAK_AGE	6
/* syslog(2): what less severe messages than this are not for the console. */
#define SYSLOG_CONSOLE_LEVEL	8
#define CONSOLE_ERRORS	4
#define NR_PROCESSES	2
#define NR_THREADS	2
#define NR_FILES	4
/* Microseconds between two signals, each of which breaks a run off. */
#define SIGNAL_US	5000
#define ERRNO_MAX	135
#define COMPLAINT_LEN	256

/**
 * struct tally - what came of it, shared by all processes
 * @answers: how often, by ioctl and errno.
 * @mapped: how often mmap() answered what, by errno.
 * @complaints: how many answers are wrong.
 * @first: the first of them.
 */
struct tally {
	uint64_t answers[FUZZ_KINDS][ERRNO_MAX];
	uint64_t mapped[ERRNO_MAX];
	uint64_t complaints;
	char first[COMPLAINT_LEN];
};

/**
 * struct worker - a thread that asks
 * @random: its sequence.
 * @count: how much it asks.
 * @files: those of its process; the first never hears the right version.
 * @offer: what the module offers.
 * @read_only: a page that can be read only; behind it is none.
 */
struct worker {
	struct fuzz_random random;
	uint64_t count;
	int *files;
	const struct fuzz_offer *offer;
	char *read_only;
};

static struct tally *tally;

static void *shared(size_t size)
{
	void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE,
			    MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (memory == MAP_FAILED)
		err(2, "mmap");
	return memory;
}

static int open_and_greet(uint32_t version)
{
	struct kmb_hello hello = { .abi_version = version };
	int fd = open(DEVICE_PATH, O_RDWR | O_CLOEXEC);

	if (fd >= 0)
		ioctl(fd, KMB_IOC_HELLO, &hello);
	return fd;
}

/* An address from which the module cannot read, or to which it cannot write. */
static void *bad_address(struct worker *worker)
{
	switch (fuzz__below(&worker->random, 5)) {
	case 0:
		return NULL;
	case 1:
		return (void *)-4096L;
	case 2:
		return (void *)0xffff888000001000UL;
	case 3:
		return worker->read_only;
	default:
		return worker->read_only + sysconf(_SC_PAGESIZE) - 4;
	}
}

static bool is_first_complaint(void)
{
	return !__atomic_fetch_add(&tally->complaints, 1, __ATOMIC_RELAXED);
}

static void complain(const struct fuzz_request *request, int err,
		     const char *complaint)
{
	const uint32_t *words = (const uint32_t *)request->body.bytes;

	if (!is_first_complaint())
		return;
	snprintf(tally->first, COMPLAINT_LEN,
		 "%s: %s, cmd %#x, words %#x %#x %#x %#x %#x %#x %#x %#x %#x",
		 complaint, strerror(-err), request->cmd, words[0], words[1],
		 words[2], words[3], words[4], words[5], words[6], words[7],
		 words[8]);
}

static void ask(struct worker *worker, struct fuzz_request *request)
{
	int fd, result = 0;
	const char *complaint;
	void *arg;

	fuzz__request(request, &worker->random, worker->offer);
	arg = request->fault ? bad_address(worker) : request->body.bytes;
	fd = request->deaf ? 0 : 1 + fuzz__below(&worker->random, NR_FILES - 1);
	if (ioctl(worker->files[fd], request->cmd, arg))
		result = -errno;
	__atomic_fetch_add(&tally->answers[fuzz__kind(request->cmd)][-result],
			   1, __ATOMIC_RELAXED);
	complaint = fuzz__complaint(request, result);
	if (complaint)
		complain(request, result, complaint);
}

/* What may be lent to one of the files; others may be mapping it right now. */
static void map(struct worker *worker)
{
	int fd = fuzz__below(&worker->random, NR_FILES);
	const char *complaint;
	int err = fuzz__map(worker->files[fd], &worker->random, &complaint);

	__atomic_fetch_add(&tally->mapped[-err], 1, __ATOMIC_RELAXED);
	if (complaint && is_first_complaint())
		snprintf(tally->first, COMPLAINT_LEN, "%s", complaint);
}

/* Others may be using it: dup3() closes the old file and opens none between. */
static void reopen(struct worker *worker)
{
	int fd = open_and_greet(KMB_ABI_VERSION);
	int which = 1 + fuzz__below(&worker->random, NR_FILES - 1);

	if (fd < 0)
		return;
	dup3(fd, worker->files[which], O_CLOEXEC);
	close(fd);
}

static void *work(void *arg)
{
	struct fuzz_request *request = calloc(1, sizeof(*request));
	struct worker *worker = arg;
	uint64_t i;

	for (i = 0; request && i < worker->count; i++) {
		ask(worker, request);
		if (!fuzz__below(&worker->random, 32))
			map(worker);
		if (!fuzz__below(&worker->random, 64))
			reopen(worker);
	}
	free(request);
	return NULL;
}

static char *read_only_page(void)
{
	size_t page = sysconf(_SC_PAGESIZE);
	char *pages = mmap(NULL, 2 * page, PROT_READ,
			   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	munmap(pages + page, page);
	return pages;
}

static void on_alarm(int signum)
{
	(void)signum;
}

/* Half of the processes are never disturbed. */
static void have_signals(int process)
{
	struct itimerval each = { { 0, SIGNAL_US }, { 0, SIGNAL_US } };
	struct sigaction action = { .sa_handler = on_alarm };

	sigaction(SIGALRM, &action, NULL);
	if (process % 2)
		setitimer(ITIMER_REAL, &each, NULL);
}

/* A signal of the process goes to its first thread, if that one takes it. */
static void leave_signals_to_others(void)
{
	sigset_t all;

	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, NULL);
}

static void work_in_process(int process, uint64_t seed, uint64_t count,
			    const struct fuzz_offer *offer)
{
	struct worker workers[NR_THREADS];
	pthread_t threads[NR_THREADS];
	int i, files[NR_FILES];

	for (i = 0; i < NR_FILES; i++)
		files[i] = open_and_greet(i ? KMB_ABI_VERSION :
					      KMB_ABI_VERSION + 1);
	have_signals(process);
	for (i = 0; i < NR_THREADS; i++) {
		workers[i] = (struct worker){
			.random = { seed + process * NR_THREADS + i },
			.count = count, .files = files, .offer = offer,
			.read_only = read_only_page(),
		};
		if (pthread_create(&threads[i], NULL, work, &workers[i]))
			_exit(1);
	}
	leave_signals_to_others();
	for (i = 0; i < NR_THREADS; i++)
		pthread_join(threads[i], NULL);
	_exit(0);
}

/* Return: whether all processes came to their end. */
static bool work_in_all(uint64_t seed, uint64_t count,
			const struct fuzz_offer *offer)
{
	int i, status, failed = 0;
	pid_t pid;

	for (i = 0; i < NR_PROCESSES; i++) {
		pid = fork();
		if (!pid)
			work_in_process(i, seed, count, offer);
		failed += pid < 0;
	}
	while (wait(&status) > 0) {
		failed += !!status;
		if (status && is_first_complaint())
			snprintf(tally->first, COMPLAINT_LEN,
				 "a process of the fuzzer itself ended with status %#x", status);
	}
	return !failed;
}

static void load_fault(const char *name)
{
	char parameter[64];
	int fd = open(FAULT_MODULE, O_RDONLY | O_CLOEXEC);

	snprintf(parameter, sizeof(parameter), "fault=%s", name);
	if (fd < 0 || syscall(SYS_finit_module, fd, parameter, 0))
		err(2, "kmbench_fault.ko %s", parameter);
	close(fd);
}

/* What is lost since the last time; -1: this kernel cannot tell, or gave up. */
static int count_leaks(FILE *results)
{
	char line[512];
	int nr = 0;
	FILE *file;

	sleep(KMEMLEAK_AGE);
	if (!file__write(KMEMLEAK, "scan") || !file__write(KMEMLEAK, "scan"))
		return -1;
	file = fopen(KMEMLEAK, "re");
	while (file && fgets(line, sizeof(line), file)) {
		nr += !strncmp(line, "unreferenced object", 19);
		fprintf(results, "# %s", line);
	}
	if (file)
		fclose(file);
	file__write(KMEMLEAK, "clear");
	return nr;
}

/* A control of the same kernel: what is lost on purpose has to be found. */
static int count_planted(FILE *results)
{
	/* It is no complaint. */
	klogctl(SYSLOG_CONSOLE_LEVEL, NULL, CONSOLE_ERRORS);
	load_fault("leak");
	return count_leaks(results);
}

static void write_answers_of(FILE *results, const char *name, const uint64_t answers[ERRNO_MAX])
{
	int number;

	for (number = 0; number < ERRNO_MAX; number++)
		if (answers[number])
			fprintf(results, "answers %s %s %" PRIu64 "\n", name,
				number ? strerrorname_np(number) : "0", answers[number]);
}

static void write_answers(FILE *results)
{
	int kind;

	for (kind = 0; kind < FUZZ_KINDS; kind++)
		write_answers_of(results, fuzz__kind_name(kind), tally->answers[kind]);
	write_answers_of(results, "mmap", tally->mapped);
}

/* The scenario that frees late; there is one. */
static uint32_t late_scenario(const struct device *device)
{
	const struct kmb_row *rows = device->rows[KMB_TABLE_SCENARIO];
	uint32_t i;

	for (i = 0; i < device->info.nr_rows[KMB_TABLE_SCENARIO]; i++)
		if (rows[i].flags & KMB_ROW_LATE)
			return i;
	errx(2, "no scenario frees late");
}

static void learn(struct fuzz_offer *offer)
{
	struct device device;

	if (device__open(&device, DEVICE_PATH) || device__hello(&device) ||
	    device__load(&device))
		errx(2, "%s does not answer", DEVICE_PATH);
	offer->info = device.info;
	offer->late = late_scenario(&device);
	device__close(&device);
}

/*
 * Loading a module has the kernel purge the addresses that vfree() left for later;
 * until then KASAN keeps their shadow, megabytes of it.
 */
static bool reload(void)
{
	return !module__unload() && !module__load();
}

/* Return: whether nothing went wrong that can be seen from here. */
static bool fuzz(FILE *results, uint64_t seed, uint64_t count, const char *fault)
{
	uint64_t each = count / (NR_PROCESSES * NR_THREADS * 2);
	struct holdings before, now;
	struct fuzz_offer offer;
	char why[WHY_LEN] = "";
	bool good;
	int leaks;

	learn(&offer);
	count_leaks(results);
	good = work_in_all(seed, each, &offer) && reload();
	holdings__read(&before);
	if (fault)
		load_fault(fault);
	good &= work_in_all(~seed, each, &offer);
	leaks = count_leaks(results);
	write_answers(results);
	good &= reload() && holdings__are_back(&before, HOLDINGS_PATIENCE, why);
	holdings__read(&now);
	fprintf(results, "# used: %ld KiB halfway, %ld at the end\n", before.used_kib,
		now.used_kib);
	good &= !module__unload();
	fprintf(results, "planted %d\n", fault ? 0 : count_planted(results));
	fprintf(results, "leaks %d\ncomplaints %" PRIu64 " %s\nheld %s\n", leaks,
		tally->complaints, tally->first, good ? "" : why);
	return good && leaks <= 0 && !tally->complaints;
}

int main(int argc, char **argv)
{
	uint64_t seed, count;
	FILE *results;
	bool good;

	if (argc < 3 || argc > 4)
		errx(2, "usage: fuzz SEED COUNT [FAULT]");
	seed = strtoull(argv[1], NULL, 0);
	count = strtoull(argv[2], NULL, 0);
	mount("debugfs", "/sys/kernel/debug", "debugfs", 0, NULL);
	tally = shared(sizeof(*tally));
	results = fopen(RESULTS, "w");
	if (!results)
		err(2, RESULTS);
	fprintf(results, "seed %" PRIu64 "\ncount %" PRIu64 "\n", seed, count);
	good = fuzz(results, seed, count, argv[3]);
	fclose(results);
	return good ? 0 : 1;
}
