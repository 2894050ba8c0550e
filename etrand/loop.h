/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ETRAND_LOOP_H
#define ETRAND_LOOP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/epoll.h>

#define container_of(ptr, type, member) \
	((type *)((char *)(ptr) - offsetof(type, member)))
#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))

#define NSEC_PER_SEC	1000000000ULL
#define NSEC_PER_MSEC	1000000ULL

/**
 * struct watch - a file descriptor the loop waits on
 * @fd: -1 when not watched
 * @fn: called with EPOLL* flags; may end the watch
 */
struct watch {
	int fd;
	void (*fn)(struct watch *w, uint32_t events);
};

/**
 * struct timer - a one-shot timer
 * @due: CLOCK_MONOTONIC in ns, 0 when not armed
 */
struct timer {
	struct timer *prev, *next;
	uint64_t due;
	void (*fn)(struct timer *t);
};

int loop_init(void);
int loop_run(void);
void loop_stop(int status);
uint64_t loop_now(void);
int watch_add(struct watch *w, uint32_t events);
int watch_set(struct watch *w, uint32_t events);
void watch_del(struct watch *w);
void timer_arm(struct timer *t, uint64_t delay_ns);
void timer_stop(struct timer *t);

#endif
