// SPDX-License-Identifier: GPL-2.0
/*
 * Signals that ask the tool to stop wait, so that no ioctl is cut in two and
 * everything is given back.
 */
#include <signal.h>
#include <stddef.h>

#include "signals.h"

/**
 * signals__block() - have signals that ask to stop wait
 */
void signals__block(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGQUIT);
	sigprocmask(SIG_BLOCK, &set, NULL);
}

/**
 * signals__arrived() - whether one waits
 *
 * Return: true if so.
 */
bool signals__arrived(void)
{
	sigset_t set;

	sigpending(&set);
	return sigismember(&set, SIGINT) || sigismember(&set, SIGTERM) ||
	       sigismember(&set, SIGHUP) || sigismember(&set, SIGQUIT);
}
