// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/* The rare half of lock.h. */
#include <errno.h>
#include <linux/futex.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lock.h"

/* Somebody has it. Who wakes up here leaves 2: there may be more sleepers. */
void et_mutex_wait(struct et_mutex *m)
{
	int err = errno;

	while (atomic_exchange_explicit(&m->state, 2, memory_order_acquire))
		syscall(SYS_futex, &m->state, FUTEX_WAIT_PRIVATE, 2, NULL, NULL, 0);
	errno = err;
}

void et_mutex_wake(struct et_mutex *m)
{
	int err = errno;

	syscall(SYS_futex, &m->state, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
	errno = err;
}
