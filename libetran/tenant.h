/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Inside of libetran: the tenant, its frames, its connections.
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

#include <netinet/in.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/uio.h>

#include "etran_ctl.h"
#include "uapi/tcp.h"
#include "libetran.h"
#include "lock.h"
#include "ring.h"

#define ET_API		__attribute__((visibility("default")))
#define ET_NONE		UINT32_MAX
#define ET_TX_LIMIT	180		/* frames a connection may have unacknowledged: 256 KB */
#define ET_LINGER_NS	60000000000ull	/* an orphan is given up after this */
#define ET_ANSWER_MS	5000		/* etrand has to answer within this */
#define ET_QUIET_MAX	16	/* busy services between looks at etrand's socket */
#define ET_MAX_PAYLOAD	(ETRAN_CHUNK_MAX - ETRAN_TCP_ROOM)

/*
 * Life of a frame. Frames below nr_queues * fill_frames receive, the others
 * send; they never change sides.
 *
 *   FREE -> QUEUED -> KERNEL -> KEPT -> FREE		send
 *              KEPT -> KERNEL (retransmission)
 *   FILL -> HELD -> FILL				receive
 *
 * A frame in state KERNEL or FILL belongs to the kernel: nothing is written to
 * it and it is not submitted again before the completion ring (or the RX ring)
 * has given it back. An acknowledged frame that is still in state KERNEL loses
 * its owner and becomes FREE on completion.
 */
enum et_frame_state {
	ET_F_FREE,
	ET_F_QUEUED,		/* holds data, not submitted yet */
	ET_F_KERNEL,		/* submitted */
	ET_F_KEPT,		/* completed, not acknowledged */
	ET_F_FILL,
	ET_F_HELD,		/* holds received data */
};

#define ET_FR_AGAIN	(1 << 15)	/* in et_frame.flags: to be sent again */

/* Received payload, in a frame or (frame == ET_NONE) behind this header. */
struct et_seg {
	struct et_seg *next;
	uint64_t off;
	uint32_t len;
	uint32_t cap;		/* of a copy: bytes that fit */
	uint32_t frame;
	uint8_t *data;
};

struct et_frame {
	uint8_t state;		/* enum et_frame_state */
	uint16_t flags;		/* ETRAN_TX_* and ET_FR_AGAIN */
	uint16_t len;
	uint32_t next;		/* in the free list or the connection's list */
	uint64_t off;
	struct etran_sock *owner;	/* NULL: free it on completion */
	struct et_seg seg;	/* while HELD */
};

struct et_queue {
	int fd;
	bool dirty;		/* produced, but the kernel was not told */
	bool stuck;		/* the kernel did not take all of the TX ring */
	bool refilled;
	struct et_ring rx, tx, fill, comp;
};

/* An entry of the tenant's connection table, see etran_rx_hdr.slot. */
struct et_slot {
	struct etran_sock *sock;
	uint32_t gen;		/* of the early segments */
	uint32_t dead;		/* generations up to this one are over */
	struct et_seg *early;	/* arrived before NEWCONN or CONNECTED was read */
};

enum et_state {
	ET_S_LISTEN,
	ET_S_CONNECTING,
	ET_S_OPEN,		/* has a slot; FINs may have passed */
	ET_S_ENDED,		/* no slot (any more): closed, reset or refused */
};

struct etran_sock {
	struct etran_sock *next, **link;	/* et_tenant.socks */
	struct etran_sock *touched_next, *pending_next;
	uint8_t state;		/* enum et_state */
	bool orphan;		/* closed by the application */
	bool wr_shut, rd_shut;
	bool fin_due;		/* FIN wanted, no frame for it yet */
	bool fin_sent;		/* a frame carries FIN */
	bool ack_due;		/* window update wanted, no frame for it yet */
	bool again;		/* some frame has ET_FR_AGAIN */
	bool starved;		/* writer waits for a frame of the pool */
	bool touched, news, pending;
	bool reset;		/* ended by an error: sending gives EPIPE */
	bool ending;		/* over, once everything up to end_at is here */
	uint64_t end_at;
	int end_err;
	int err;
	uint32_t reason;
	uint32_t req;		/* CONNECTING, LISTEN: id of the request under way */
	uint32_t conn, gen, slot, queue, mss, rcvbuf;
	struct sockaddr_in self, peer;
	uint64_t deadline;	/* of an orphan */
	uint32_t last_events;

	/* send */
	uint64_t snd_end;	/* end of what the application gave */
	uint64_t snd_sub;	/* end of what was submitted, FIN included */
	uint64_t snd_una;
	uint32_t tx_head, tx_tail, tx_unsent;
	uint32_t tx_count;
	uint32_t tx_notify;	/* frame with NOTIFY, unacknowledged */
	uint32_t tx_after;	/* frames behind it */
	int32_t turn;		/* bytes left of its turn, while others wait, too */

	/* receive */
	struct et_seg *rx_head, *rx_tail;
	uint64_t rcv_read;	/* the application has read up to here */
	uint64_t rcv_told;	/* the kernel knows of this much */
	uint64_t rcv_end;	/* contiguous up to here */
	uint64_t rcv_fin;

	/* LISTEN */
	int fd;			/* keeps the port over a restart of etrand */
	int backlog;
	uint32_t listener;	/* etrand's id; of a connection: who it waits at */
	struct etran_sock *accept_head, **accept_tail, *accept_next;

	void *user;
	void (*changed)(struct etran_sock *s, void *user);
};

/* A message that etrand's socket had no room for. */
struct et_ctl_out {
	struct et_ctl_out *next;
	struct etran_ctl_msg msg;
	int fd;
};

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
	struct etran_conn_pub *pub;	/* read-only */
	size_t pub_len;
	uint32_t nr_slots;
	struct et_slot *slots;
	uint32_t nr_queues;
	struct et_queue queues[ETRAN_MAX_QUEUES];
	struct et_frame *frames;
	uint32_t nr_frames;
	uint32_t fill_frames;	/* of each queue */
	uint32_t rx_frames, rx_held;
	uint32_t tx_frames, tx_free, free_head;
	uint32_t tx_active;	/* connections with unacknowledged frames */
	uint32_t tx_limit;	/* frames of one connection */
	uint32_t nr_orphans, nr_starved, nr_owed;
	uint32_t id;
	uint64_t cookie;

	struct etran_sock *socks, *touched, *pending, **pending_tail;
	uint64_t bad_rx;	/* descriptors or records that made no sense */

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

/* Compiler barrier for words that the kernel writes. */
#define ET_READ(x)	__atomic_load_n(&(x), __ATOMIC_RELAXED)

__attribute__((format(printf, 1, 2)))
void et_debug(const char *fmt, ...);
uint64_t et_now(void);		/* ns */

/* ring.c */
int et_queue_map(struct et_queue *q, int fd, const struct etran_ctl_welcome *w);
void et_queue_unmap(struct et_queue *q);
void et_queue_kick(struct et_queue *q);
void et_kick_all(void);
void et_refill(void);

/* frame.c */
int et_frames_init(uint32_t nr, uint32_t nr_queues, uint32_t fill);
uint32_t et_frame_take(void);
void et_frame_free(uint32_t f);
bool et_frame_submit(struct et_queue *q, uint32_t f, const struct etran_tx_req *req);
bool et_frames_reap(void);
void et_frame_refill(uint32_t f);

/* Where a frame is in the UMEM. */
static inline uint64_t et_frame_addr(uint32_t f)
{
	return (uint64_t)f << et_tn.chunk_shift;
}

static inline uint8_t *et_frame_data(uint32_t f)
{
	return et_tn.umem + et_frame_addr(f);
}

/* conn.c */
struct etran_sock *et_sock_new(uint8_t state);
void et_sock_free(struct etran_sock *s);
int et_conn_attach(struct etran_sock *s, const struct etran_ctl_conn *c);
void et_conn_detach(struct etran_sock *s);
void et_conn_end(struct etran_sock *s, int err);
void et_conn_finish(struct etran_sock *s, int err);
void et_conn_abort(struct etran_sock *s);
void et_conn_refresh(struct etran_sock *s);
void et_conn_serve_orphan(struct etran_sock *s);
void et_refresh_all(void);
uint32_t et_conn_events(struct etran_sock *s);
uint32_t et_conn_look(struct etran_sock *s);
void et_touch(struct etran_sock *s, bool news);
void et_tell(void);

/* conn_tx.c */
bool et_tx_writable(struct etran_sock *s);
size_t et_tx_append(struct etran_sock *s, const struct iovec *iov, int iovcnt);
void et_tx_fin(struct etran_sock *s);
void et_tx_acked(struct etran_sock *s, uint64_t una);
void et_tx_completed(struct etran_sock *s, uint32_t f);
void et_tx_rexmit(struct etran_sock *s, uint64_t off, uint32_t nr);
void et_tx_timeout(struct etran_sock *s);
void et_tx_window(struct etran_sock *s);
void et_tx_flush_all(void);
void et_tx_pend(struct etran_sock *s);
void et_tx_drop(struct etran_sock *s);

/* conn_rx.c */
bool et_rx_drain(void);
size_t et_rx_read(struct etran_sock *s, const struct iovec *iov, int iovcnt, bool peek);
void et_rx_adopt(struct etran_sock *s, struct et_slot *slot);
void et_rx_drop(struct et_seg **head);
static inline bool et_rx_eof(const struct etran_sock *s)
{
	return s->rcv_read >= s->rcv_fin;
}

/* ctl.c */
int et_ctl_dial(void);
int et_ctl_recv(int fd, struct etran_ctl_msg *m, int *fds, int *nr_fds, int wait_ms);
int et_ctl_send(struct etran_ctl_msg *m, int fd);
int et_ctl_ask(struct etran_ctl_msg *m, int fd);
void et_ctl_conn(uint32_t type, const struct etran_sock *s);
bool et_ctl_read(void);
void et_ctl_flush(void);
void et_ctl_lost(void);
void et_ctl_settle(void);
uint32_t et_ctl_id(void);

/* tenant.c */
int et_tenant_hello(int ctl, bool resume, struct etran_ctl_msg *answer, int *fds, int *nr_fds);
void et_close_fds(int *fds, int n);
int et_fd_high(int fd);
void et_lock(void);
void et_unlock(void);

/* service.c */
int et_thread_start(void);
void et_thread_wake(void);
void et_wake_app(void);

#endif /* LIBETRAN_TENANT_H */
