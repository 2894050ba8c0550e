// SPDX-License-Identifier: GPL-2.0-only
/*
 * Preloaded into a client that is not ours, for insn_count.c: marks the start at
 * its MARK_SENDS_FIRST'th send() and the end MARK_SENDS_MORE sends later, and
 * writes into the file MARK_SENDS_OUT how many nanoseconds were between them.
 * What the program does before and after is not counted.
 *
 * link: -shared -fPIC -fvisibility=hidden -ldl
 */
#include <dlfcn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>

#include "mark.h"

static ssize_t (*real_send)(int fd, const void *buf, size_t len, int flags);
static unsigned long first, last, sent;
static uint64_t begin;

static uint64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000ull + t.tv_nsec;
}

static unsigned long number(const char *name)
{
	const char *value = getenv(name);

	return value ? strtoul(value, NULL, 10) : 0;
}

__attribute__((constructor))
static void prepare(void)
{
	*(void **)&real_send = dlsym(RTLD_NEXT, "send");
	first = number("MARK_SENDS_FIRST");
	last = first + number("MARK_SENDS_MORE");
}

static void write_result(uint64_t ns)
{
	const char *path = getenv("MARK_SENDS_OUT");
	FILE *f = path ? fopen(path, "w") : NULL;

	if (!f)
		abort();
	fprintf(f, "%llu\n", (unsigned long long)ns);
	if (fclose(f))
		abort();
}

__attribute__((visibility("default")))
ssize_t send(int fd, const void *buf, size_t len, int flags)
{
	uint64_t ns;

	sent++;
	if (sent == first) {
		mark_start();
		begin = now();
	} else if (sent == last) {
		ns = now() - begin;
		mark_stop();
		write_result(ns);
	}
	return real_send(fd, buf, len, flags);
}
