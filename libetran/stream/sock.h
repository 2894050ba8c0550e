/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * The sockets of a tenant whose data are streams: what the files here share.
 */
#ifndef LIBETRAN_STREAM_SOCK_H
#define LIBETRAN_STREAM_SOCK_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "libetran/frame.h"
#include "libetran/libetran.h"
#include "uapi/tcp.h"

#define ET_MAX_PAYLOAD	(ETRAN_CHUNK_MAX - ETRAN_TCP_ROOM)

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
	struct etran_sock *next, **link;	/* et_stream.socks */
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

/* Guarded by et_tenant.lock. */
struct et_stream {
	struct etran_conn_pub *pub;	/* nr_slots of them, read-only */
	size_t pub_len;
	uint32_t nr_slots;
	struct et_slot *slots;
	uint32_t tx_limit;	/* frames of one connection */
	struct etran_sock *socks;
};

extern struct et_stream et_st;

#endif /* LIBETRAN_STREAM_SOCK_H */
