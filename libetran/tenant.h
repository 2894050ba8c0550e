/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Inside of libetran: the tenant.
 *
 * A process is one tenant: one UMEM, one AF_XDP socket a queue, one socket to
 * etrand. All of it is guarded by et_tenant.lock; every function named et_*
 * wants it held unless it says otherwise. Nothing here sleeps with the lock
 * held, except a request that waits for etrand's answer (HELLO, LISTEN).
 *
 * Trust: etrand and the kernel are believed but not blindly, so that a bug on
 * their side ends in a dropped packet or a failed call and never in a crash.
 */
#ifndef LIBETRAN_TENANT_H
#define LIBETRAN_TENANT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "libetran.h"
#include "lock.h"
#include "ring.h"
#include "uapi/etran_ctl.h"
#include "uapi/etran_io.h"

#define ET_API		__attribute__((visibility("default")))

struct et_ctl_out;
struct et_frame;

struct et_tenant {
	struct et_mutex lock;
	bool open;
	bool forked;		/* we are a child: hands off */
	bool corked;
	bool told;		/* somebody was told of changed events */
	int fail;		/* remembered result of etran_open() */
	uint32_t fail_reason;
	uint64_t fail_at;

	int ctl;
	bool lost;		/* et_ctl_settle() is due */
	uint32_t next_id;
	struct et_ctl_out *out, **out_tail;
	uint32_t sync_id;	/* request that somebody waits for */
	bool sync_done;
	struct etran_ctl_msg sync;

	uint8_t *umem;
	size_t umem_len;
	uint32_t chunk_shift;	/* a frame has 1 << chunk_shift bytes */
	uint32_t nr_queues;
	struct et_queue queues[ETRAN_MAX_QUEUES];
	struct et_frame *frames;
	uint32_t nr_frames;
	uint32_t fill_frames;	/* of each queue */
	uint32_t rx_frames, rx_held;
	uint32_t tx_frames, tx_free, free_head;
	uint32_t id;
	uint64_t cookie;
	uint64_t bad_rx;	/* descriptors or records that made no sense */

	/*
	 * Lists and counters of the shape (shape.h), which alone writes them.
	 * The core reads whether there is anything: when the lock is given up,
	 * and before the service thread goes to sleep.
	 */
	struct etran_sock *touched;	/* for et_shape.tell() */
	struct etran_sock *pending;	/* for et_shape.flush() */
	struct etran_sock **pending_tail;
	uint32_t tx_active;	/* sockets with unacknowledged frames */
	uint32_t nr_orphans;	/* closed by the application, but not over */
	uint32_t nr_starved;	/* writers that wait for a free frame */
	uint32_t nr_owed;	/* packets without payload that wait for a frame */

	int evfd;		/* wakes the application for what the thread found */
	bool ev_set;
	int thfd;		/* wakes the thread */
	bool thread_deep;	/* it sleeps without a time limit */
	bool thread_runs;
	uint64_t services;	/* calls of etran_service() by the application */
	uint32_t quiet;		/* services that did not look at etrand's socket */
	bool debug;
};

extern struct et_tenant et_tn;

/* May the calls of libetran.h do anything? No lock needed. */
static inline bool et_usable(void)
{
	return et_tn.open && !et_tn.forked;
}

__attribute__((format(printf, 1, 2)))
void et_debug(const char *fmt, ...);
uint64_t et_now(void);		/* ns */
void et_lock(void);
void et_unlock(void);
int et_tenant_hello(int ctl, bool resume, struct etran_ctl_msg *answer, int *fds, int *nr_fds);
void *et_map_fd(const char *what, int fd, size_t len, int prot);
void et_close_fds(int *fds, int n);
int et_fd_high(int fd);

#endif /* LIBETRAN_TENANT_H */
