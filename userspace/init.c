// SPDX-License-Identifier: GPL-2.0
/*
 * The first and only process of a virtual machine that measures: boots, runs
 * one command, tells the host, powers off. main() is the table of contents.
 *
 * Without a command (the file is empty) the modules are all there is to run,
 * and the kernel's log is the results.
 *
 *	host                            guest
 *	  initramfs  ----------------->  /etc/kmbench/modules, command
 *	  results    <-- virtio port --  kmbench.results: /results.json
 *	  verdict    <-- virtio port --  kmbench.verdict: one line, the last thing
 *	  log        <--- console -----  the kernel's messages, the command's text
 *
 * The verdict is the only sign of success. It names the length and CRC-32 of
 * the results, so that a panic, a hang, a power failure and a truncated file
 * all show at the host, as does silence. It is one of
 *
 *	kmbench-verdict 1 exit=CODE bytes=N crc32=HEX
 *	kmbench-verdict 1 error=REASON
 *
 * whereby the second tells of a set-up that failed, or of a command that was
 * killed. Whether exit=CODE is good is left to the host, and so are time-outs.
 * Modules must be uncompressed and listed in the order of their dependencies.
 *
 * kmbench.truncate=N on the kernel's command line sends but the first N bytes
 * of the results and still announces all of them: a test of the host.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <stdnoreturn.h>
#include <string.h>
#include <sys/klog.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "crc32.h"

#define MODULES_FILE	"/etc/kmbench/modules"
#define COMMAND_FILE	"/etc/kmbench/command"
#define RESULTS_FILE	"/results.json"
#define RESULTS_PORT	"kmbench.results"
#define VERDICT_PORT	"kmbench.verdict"
#define PORTS_DIR	"/sys/class/virtio-ports"
#define CGROUPS_DIR	"/sys/fs/cgroup"
#define CGROUP_DIR	CGROUPS_DIR "/kmbench"

#define LINE_LEN	4096
#define COMMAND_WORDS	1024
/* Of klogctl(2); no header of the C library has them. */
#define SYSLOG_ACTION_READ_ALL		3
#define SYSLOG_ACTION_SIZE_BUFFER	10
/* The host names its ports some time after the driver is there: 10 s. */
#define PORT_TRIES	200
#define PORT_PAUSE_US	50000

static noreturn void power_off(void)
{
	fflush(stdout);
	sync();
	reboot(RB_POWER_OFF);
	/* PID 1 must not return; if this fails the host's time-out ends it. */
	perror("init: power off");
	for (;;)
		pause();
}

/* Cuts the newline off; false at the end of the file. */
static bool read_line(FILE *file, char *line)
{
	if (!fgets(line, LINE_LEN, file))
		return false;
	line[strcspn(line, "\n")] = '\0';
	return true;
}

static bool port_has_name(const char *port, const char *name)
{
	char path[LINE_LEN], line[LINE_LEN] = "";
	FILE *file;

	snprintf(path, sizeof(path), PORTS_DIR "/%s/name", port);
	file = fopen(path, "re");
	if (!file)
		return false;
	if (!read_line(file, line))
		line[0] = '\0';
	fclose(file);
	return !strcmp(line, name);
}

/* The device of a port, or -1 where there is none of that name (yet). */
static int try_port(const char *name)
{
	char path[LINE_LEN];
	struct dirent *entry;
	DIR *dir = opendir(PORTS_DIR);
	int fd = -1;

	while (dir && fd < 0 && (entry = readdir(dir))) {
		if (entry->d_name[0] == '.' ||
		    !port_has_name(entry->d_name, name))
			continue;
		snprintf(path, sizeof(path), "/dev/%s", entry->d_name);
		fd = open(path, O_WRONLY | O_CLOEXEC);
	}
	if (dir)
		closedir(dir);
	return fd;
}

static int open_port(const char *name)
{
	int i, fd = try_port(name);

	for (i = 0; fd < 0 && i < PORT_TRIES; i++) {
		usleep(PORT_PAUSE_US);
		fd = try_port(name);
	}
	return fd;
}

/* 0, or -1 with errno set. */
static int write_all(int fd, const void *data, size_t size)
{
	const char *next = data;
	ssize_t written;

	while (size) {
		written = write(fd, next, size);
		if (written < 0 && errno == EINTR)
			continue;
		if (written < 0)
			return -1;
		next += written;
		size -= written;
	}
	return 0;
}

/*
 * Sends the verdict, on the console too for people; without a port, only
 * there: the host takes silence for a failure.
 */
static noreturn void give_verdict(const char *verdict)
{
	int fd;

	printf("init: %s", verdict);
	fd = open_port(VERDICT_PORT);
	if (fd < 0)
		printf("init: no virtio port named " VERDICT_PORT "\n");
	else if (write_all(fd, verdict, strlen(verdict)))
		printf("init: " VERDICT_PORT ": %s\n", strerror(errno));
	else
		fsync(fd);
	if (fd >= 0)
		close(fd);
	power_off();
}

/* A set-up that failed, in a line. */
static noreturn void fail(const char *reason)
{
	char verdict[2 * LINE_LEN];

	snprintf(verdict, sizeof(verdict), "kmbench-verdict 1 error=%.*s\n",
		 (int)strcspn(reason, "\n"), reason);
	give_verdict(verdict);
}

static noreturn void fail_at(const char *object, int err)
{
	char reason[2 * LINE_LEN];

	snprintf(reason, sizeof(reason), "%s: %s", object, strerror(err));
	fail(reason);
}

static void mount_one(const char *type, const char *path)
{
	mkdir(path, 0755);
	if (mount(type, path, type, 0, NULL) && errno != EBUSY)
		fail_at(path, errno);
}

static void mount_filesystems(void)
{
	mount_one("proc", "/proc");
	mount_one("sysfs", "/sys");
	mount_one("devtmpfs", "/dev");
}

/* Of a file that a kernel need not have. */
static void write_if_there(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return;
	if (write_all(fd, text, strlen(text)))
		printf("init: %s: %s\n", path, strerror(errno));
	close(fd);
}

/*
 * A memory cgroup for the command: what is accounted (__GFP_ACCOUNT) is charged
 * to any but the root's. Where the kernel has none, the tool records that.
 */
static void make_cgroup(void)
{
	if (mount("cgroup2", CGROUPS_DIR, "cgroup2", 0, NULL))
		return;
	write_if_there(CGROUPS_DIR "/cgroup.subtree_control", "+memory");
	mkdir(CGROUP_DIR, 0755);
}

/* The kernel gives none where the initramfs has no /dev/console. */
static void open_console(void)
{
	int fd = open("/dev/console", O_RDWR);

	if (fd >= 0) {
		dup2(fd, STDIN_FILENO);
		dup2(fd, STDOUT_FILENO);
		dup2(fd, STDERR_FILENO);
		if (fd > STDERR_FILENO)
			close(fd);
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
}

/* finit_module(2) says ENOENT for what no file is missing for. */
static noreturn void fail_to_load(const char *module, int err)
{
	char reason[2 * LINE_LEN];

	if (err != ENOENT)
		fail_at(module, err);
	snprintf(reason, sizeof(reason),
		 "%s: unknown symbol or parameter, see the console", module);
	fail(reason);
}

static void load_module(char *line)
{
	char *parameters = line + strcspn(line, " \t");
	int fd;

	if (*parameters)
		*parameters++ = '\0';
	parameters += strspn(parameters, " \t");
	fd = open(line, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		fail_at(line, errno);
	if (syscall(SYS_finit_module, fd, parameters, 0))
		fail_to_load(line, errno);
	close(fd);
}

static void load_modules(void)
{
	FILE *file = fopen(MODULES_FILE, "re");
	char line[LINE_LEN];

	if (!file)
		fail_at(MODULES_FILE, errno);
	while (read_line(file, line))
		if (line[0])
			load_module(line);
	fclose(file);
}

/* Before the command, lest it run in vain or beside a driver that settles. */
static int open_results_port(void)
{
	int port = open_port(RESULTS_PORT);

	if (port < 0)
		fail("no virtio port named " RESULTS_PORT);
	return port;
}

/* One word a line; the words stay until power off, and end with a NULL. */
static char **read_command(void)
{
	static char *words[COMMAND_WORDS + 1];
	FILE *file = fopen(COMMAND_FILE, "re");
	char line[LINE_LEN];
	size_t nr = 0;

	if (!file)
		fail_at(COMMAND_FILE, errno);
	while (read_line(file, line)) {
		if (nr == COMMAND_WORDS)
			fail(COMMAND_FILE ": too many words");
		words[nr] = strdup(line);
		if (!words[nr++])
			fail_at(COMMAND_FILE, ENOMEM);
	}
	fclose(file);
	return words;
}

static noreturn void become_command(char **words, int errors)
{
	int err;

	write_if_there(CGROUP_DIR "/cgroup.procs", "0");
	setenv("PATH", "/bin:/sbin:/usr/bin:/usr/sbin", 1);
	setenv("HOME", "/", 1);
	execvp(words[0], words);
	err = errno;
	write_all(errors, &err, sizeof(err));
	_exit(127);
}

/* Returns what waitpid() says; a command that cannot be started fails. */
static int start_and_wait(char **words)
{
	int status, err, errors[2];
	pid_t pid;

	if (pipe2(errors, O_CLOEXEC))
		fail_at("pipe", errno);
	pid = fork();
	if (pid < 0)
		fail_at("fork", errno);
	if (!pid)
		become_command(words, errors[1]);
	close(errors[1]);
	if (read(errors[0], &err, sizeof(err)) == sizeof(err))
		fail_at(words[0], err);
	close(errors[0]);
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			fail_at("waitpid", errno);
	return status;
}

/* The command's exit code. */
static int run_command(char **words)
{
	int status = start_and_wait(words);
	char reason[LINE_LEN];

	if (WIFEXITED(status))
		return WEXITSTATUS(status);
	snprintf(reason, sizeof(reason), "command killed by signal %d",
		 WTERMSIG(status));
	fail(reason);
}

static void write_results(const void *data, size_t size)
{
	int fd = open(RESULTS_FILE, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);

	if (fd < 0 || write_all(fd, data, size) || close(fd))
		fail_at(RESULTS_FILE, errno);
}

/* In place of a command, with its exit code when all is well. */
static int keep_log(void)
{
	int size = klogctl(SYSLOG_ACTION_SIZE_BUFFER, NULL, 0);
	char *log = size > 0 ? malloc(size) : NULL;
	int used;

	if (!log)
		fail("the kernel's log: no size, or no memory for it");
	used = klogctl(SYSLOG_ACTION_READ_ALL, log, size);
	if (used < 0)
		fail_at("the kernel's log", errno);
	write_results(log, used);
	free(log);
	return 0;
}

/* How many bytes of results may be sent: all, but for a test of the host. */
static uint64_t results_limit(void)
{
	static const char option[] = "kmbench.truncate=";
	char line[LINE_LEN] = "";
	FILE *file = fopen("/proc/cmdline", "re");
	const char *found;

	if (!file)
		fail_at("/proc/cmdline", errno);
	read_line(file, line);
	fclose(file);
	found = strstr(line, option);
	return found ? strtoull(found + sizeof(option) - 1, NULL, 10) :
		       UINT64_MAX;
}

/**
 * struct results - what the verdict says of the results
 * @bytes: their length.
 * @crc32: their CRC-32, that of zlib.
 */
struct results {
	uint64_t bytes;
	uint32_t crc32;
};

static void send_chunk(struct results *results, int port, const void *data,
		       size_t size, uint64_t limit)
{
	uint64_t left = results->bytes < limit ? limit - results->bytes : 0;

	results->crc32 = crc32_add(results->crc32, data, size);
	results->bytes += size;
	if (write_all(port, data, size < left ? size : left))
		fail_at(RESULTS_PORT, errno);
}

static void send_file(struct results *results, int port, int file)
{
	static char data[16384];
	uint64_t limit = results_limit();
	ssize_t size;

	while ((size = read(file, data, sizeof(data))))
		if (size > 0)
			send_chunk(results, port, data, size, limit);
		else if (errno != EINTR)
			fail_at(RESULTS_FILE, errno);
}

/* A command that wrote none has results of 0 bytes; its exit code tells why. */
static struct results send_results(int port)
{
	struct results results = { .bytes = 0, .crc32 = 0 };
	int file;

	file = open(RESULTS_FILE, O_RDONLY | O_CLOEXEC);
	if (file < 0 && errno != ENOENT)
		fail_at(RESULTS_FILE, errno);
	if (file >= 0) {
		send_file(&results, port, file);
		close(file);
	}
	fsync(port);
	close(port);
	return results;
}

static noreturn void tell_of(int code, const struct results *results)
{
	char verdict[LINE_LEN];

	snprintf(verdict, sizeof(verdict), "kmbench-verdict 1 exit=%d bytes=%"
		 PRIu64 " crc32=%08" PRIx32 "\n", code, results->bytes,
		 results->crc32);
	give_verdict(verdict);
}

int main(void)
{
	struct results results;
	char **command;
	int port, code;

	mount_filesystems();
	open_console();
	load_modules();
	make_cgroup();
	port = open_results_port();
	command = read_command();
	code = command[0] ? run_command(command) : keep_log();
	results = send_results(port);
	tell_of(code, &results);
}
