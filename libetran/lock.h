/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * A mutex for sections of some ten instructions.
 *
 * A request passes through more than twenty of them, hardly ever contended: a
 * call into the C library for each end costs more than what is protected. So
 * both ends are one atomic instruction here, and only who has to sleep or to
 * wake somebody calls anything. Between processes it means nothing; a forked
 * child starts it anew.
 */
#ifndef LIBETRAN_LOCK_H
#define LIBETRAN_LOCK_H

#include <stdatomic.h>

struct et_mutex {
	atomic_uint state;	/* 0 free, 1 taken, 2 taken and somebody may sleep */
};

void et_mutex_wait(struct et_mutex *m);
void et_mutex_wake(struct et_mutex *m);

static inline void et_mutex_lock(struct et_mutex *m)
{
	unsigned int free = 0;

	if (!atomic_compare_exchange_strong_explicit(&m->state, &free, 1,
						     memory_order_acquire,
						     memory_order_relaxed))
		et_mutex_wait(m);
}

static inline void et_mutex_unlock(struct et_mutex *m)
{
	if (atomic_exchange_explicit(&m->state, 0, memory_order_release) == 2)
		et_mutex_wake(m);
}

static inline void et_mutex_init(struct et_mutex *m)
{
	atomic_store(&m->state, 0);
}

#endif /* LIBETRAN_LOCK_H */
