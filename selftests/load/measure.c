// SPDX-License-Identifier: GPL-2.0-only
/* What the clients of load.h measure by: clocks, CPU time of others, memory. */
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#include "load.h"
#include "selftests/bench/mark.h"

static uint64_t daemon_ns;	/* when the measured part began */

static uint64_t clock_of(clockid_t id)
{
	struct timespec t;

	if (clock_gettime(id, &t))
		err(1, "no such clock");
	return t.tv_sec * 1000000000ull + t.tv_nsec;
}

uint64_t load_now(void)
{
	return clock_of(CLOCK_MONOTONIC);
}

void *load_zeroes(size_t size)
{
	void *p = malloc(size);

	if (!p)
		err(1, "malloc");
	return memset(p, 0, size);	/* touched: not while something is measured */
}

/* CPU time of the processes PID,PID,... */
static uint64_t cpu_ns(const char *pids)
{
	uint64_t sum = 0;
	clockid_t clock;
	char *end;

	while (pids && *pids) {
		if (clock_getcpuclockid(strtol(pids, &end, 10), &clock) || end == pids)
			errx(1, "no process %s", pids);
		sum += clock_of(clock);
		pids = *end ? end + 1 : end;
	}
	return sum;
}

uint64_t load_begin(const struct load_opts *o)
{
	daemon_ns = cpu_ns(o->daemons);
	mark_start();
	return load_now();
}

static void report_daemons(const struct load_opts *o)
{
	if (o->daemons)
		printf(" daemon_ns %llu",
		       (unsigned long long)(cpu_ns(o->daemons) - daemon_ns));
	printf("\n");
}

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

void load_end(const struct load_opts *o, uint64_t begin, uint64_t *took)
{
	uint64_t n = o->requests;
	double s = (load_now() - begin) / 1e9;

	mark_stop();
	qsort(took, n, sizeof(*took), compare);
	printf("requests %llu seconds %.6f rps %.1f p50_us %.1f p99_us %.1f",
	       (unsigned long long)n, s, n / s, took[n / 2] / 1e3,
	       took[n - 1 - n / 100] / 1e3);
	report_daemons(o);
}

/* In use and not to be had back: what files are cached is not meant. */
static long used_kb(void)
{
	long total = 0, value, used = 0;
	FILE *f = fopen("/proc/meminfo", "r");
	char name[64];

	if (!f)
		err(1, "meminfo");
	while (fscanf(f, "%63s %ld%*[^\n]", name, &value) == 2) {
		if (!strcmp(name, "MemTotal:"))
			total = value;
		else if (!strcmp(name, "MemFree:") || !strcmp(name, "Buffers:") ||
			 !strcmp(name, "Cached:"))
			used -= value;
		else if (!strcmp(name, "Shmem:"))
			used += value;
	}
	fclose(f);
	return total + used;
}

/* Connections on which nothing is ever said, so that the server has no buffers. */
int load_hold(const struct load_opts *o)
{
	int ep = epoll_create1(0);
	struct epoll_event ev;
	uint64_t begin;
	uint32_t i;
	int fd;

	for (i = 0; i < o->conns; i++) {
		fd = load_connect(o);
		load_watch(ep, EPOLL_CTL_ADD, fd, EPOLLOUT, NULL);
		if (epoll_wait(ep, &ev, 1, 60000) != 1 || ev.events & (EPOLLERR | EPOLLHUP))
			errx(1, "connection %u does not come about", i);
		load_watch(ep, EPOLL_CTL_DEL, fd, 0, NULL);
	}
	sleep(1);	/* the server has a say in it, and the daemons */
	begin = load_begin(o);
	sleep(o->seconds);
	mark_stop();
	printf("conns %u seconds %.6f used_kb %ld", o->conns,
	       (load_now() - begin) / 1e9, used_kb());
	report_daemons(o);
	return 0;
}
