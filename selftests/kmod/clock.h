/* SPDX-License-Identifier: GPL-2.0-only */
/* Deadlines. Tests wait for conditions; a deadline only ends a hopeless wait. */
#ifndef _KERNEL_CLOCK_H
#define _KERNEL_CLOCK_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#define NSEC_PER_MSEC	1000000ULL
#define NSEC_PER_SEC	1000000000ULL
/* No event for this long means that it will not come; emulation is slow. */
#define PATIENCE_NS	(15 * NSEC_PER_SEC)

static inline uint64_t clock_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * NSEC_PER_SEC + ts.tv_nsec;
}

static inline void clock_sleep(uint64_t ns)
{
	struct timespec ts = {
		.tv_sec = ns / NSEC_PER_SEC, .tv_nsec = ns % NSEC_PER_SEC,
	};

	nanosleep(&ts, NULL);
}

/* Let others run between two looks at a condition. */
static inline void clock_breathe(void)
{
	clock_sleep(500 * 1000);
}

/* Wait until @cond holds; the value says whether it does. */
#define WAIT_FOR(cond)							\
({									\
	uint64_t __end = clock_ns() + PATIENCE_NS;			\
	bool __ok;							\
									\
	while (!(__ok = !!(cond)) && clock_ns() < __end)		\
		clock_breathe();					\
	__ok;								\
})

#endif /* _KERNEL_CLOCK_H */
