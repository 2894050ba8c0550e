/* SPDX-License-Identifier: ((GPL-2.0 WITH Linux-syscall-note) OR BSD-3-Clause) */
/*
 * The socket between libetran and etrand.
 *
 * AF_UNIX, SOCK_SEQPACKET, abstract name ETRAN_CTL_NAME, so one per network
 * namespace. Every message is one struct etran_ctl_msg; descriptors travel as
 * SCM_RIGHTS. The application asks, etrand answers with the same @id; etrand
 * also sends events (@id 0). etrand identifies the peer by SO_PEERCRED and
 * trusts nothing else; a message of wrong size, type or value gets
 * ETRAN_CTL_ERROR with EINVAL and changes nothing. The connection's end is the
 * tenant's end: etrand resets what is left of its connections.
 */
#ifndef _UAPI_ETRAN_CTL_H
#define _UAPI_ETRAN_CTL_H

#include <linux/types.h>

#define ETRAN_CTL_NAME		"etran"	/* behind the leading NUL */
#define ETRAN_CTL_VERSION	2

enum etran_ctl_type {
	/* application to etrand */
	ETRAN_CTL_HELLO = 1,	/* hello; answer WELCOME with descriptors */
	ETRAN_CTL_LISTEN,	/* listen + 1 fd: bound kernel TCP socket; answer OK (u.listen.listener) */
	ETRAN_CTL_UNLISTEN,	/* listen.listener; answer OK */
	ETRAN_CTL_CONNECT,	/* connect + 1 fd: bound kernel TCP socket; answer CONNECTED, maybe late */
	ETRAN_CTL_RELEASE,	/* conn/gen: all is acknowledged, FIN included; or nobody will send again; no answer */
	ETRAN_CTL_ABORT,	/* conn/gen: send RST, free; no answer */
	ETRAN_CTL_FALLBACK,	/* fallback: a socket stayed with the kernel; no answer */
	/* etrand to application */
	ETRAN_CTL_WELCOME = 64,	/* welcome + fds: UMEM memfd, conn_pub map, then one AF_XDP socket a queue */
	ETRAN_CTL_OK,
	ETRAN_CTL_ERROR,	/* error */
	ETRAN_CTL_CONNECTED,	/* conn */
	/* events */
	ETRAN_CTL_NEWCONN = 96,	/* conn: handshake done on conn.listener */
	ETRAN_CTL_RESET,	/* conn (conn, gen, slot, err): ended by RST or time-out */
	ETRAN_CTL_REXMIT,	/* conn (conn, gen, slot): retransmission time-out: send again from snd_una on */
	ETRAN_CTL_CLOSED,	/* conn (conn, gen, slot): both sides closed; the slot is free now */
};

/* Why a socket is not accelerated; names in etran_reason_names. */
enum etran_reason {
	ETRAN_R_NONE = 0,
	ETRAN_R_NO_DAEMON,	/* "no daemon": no etrand in this network namespace */
	ETRAN_R_VERSION,	/* "version": library and daemon do not match */
	ETRAN_R_NO_QUEUE,	/* "no queue": neither the NIC's queues nor a virtual port could be had */
	ETRAN_R_NO_TRANSPORT,	/* "no transport": TCP transport not loaded */
	ETRAN_R_NOT_IPV4,	/* "not IPv4" */
	ETRAN_R_LOCAL,		/* "local": peer is on this host */
	ETRAN_R_NO_ROUTE,	/* "no route": no route through an eTran NIC */
	ETRAN_R_NO_CONN,	/* "no connection slot" */
	ETRAN_R_FORK,		/* "forked child" */
	ETRAN_R_UNSUPPORTED,	/* "unsupported": a call or option not supported yet */
	ETRAN_R_PERMISSION,	/* "permission": zero copy not allowed to this user */
	ETRAN_R_TENANTS,	/* "too many programs": of this user, or on this host */
	ETRAN_R_MAX,
};

#define ETRAN_REASON_NAMES \
	"none", "no daemon", "version", "no queue", "no transport", "not IPv4", \
	"local", "no route", "no connection slot", "forked child", \
	"unsupported", "permission", "too many programs"

/* hello.flags */
#define ETRAN_HELLO_RESUME	(1 << 0) /* etrand was restarted: I am tenant .tenant with .cookie */

struct etran_ctl_hello {
	__u32 version;		/* ETRAN_CTL_VERSION */
	__u32 flags;
	__u32 tenant;		/* with RESUME */
	__u32 resv;
	__u64 cookie;		/* with RESUME */
	char comm[16];
};

/* WELCOME. With RESUME no descriptors come along and all is as before. */
struct etran_ctl_welcome {
	__u32 tenant;
	__u32 nr_queues;	/* AF_XDP sockets that follow */
	__u32 nr_frames;	/* chunks in the UMEM */
	__u32 fill_frames;	/* chunks [q*fill_frames, (q+1)*fill_frames) are in queue q's fill ring already */
	__u32 fill_size;	/* entries of the rings, powers of two */
	__u32 comp_size;
	__u32 rx_size;
	__u32 tx_size;
	__u64 cookie;		/* for RESUME */
	__u32 nr_slots;		/* entries of the conn_pub map */
	__u32 zerocopy;		/* 1 zero copy, 0 copy mode */
	__u32 chunk_size;	/* of the UMEM: ETRAN_CHUNK_SIZE or ETRAN_CHUNK_MAX bytes */
	__u32 resv;
};

struct etran_ctl_listen {
	__u32 listener;		/* set by etrand, never 0 */
	__u32 backlog;
};

struct etran_ctl_connect {
	__be32 daddr;
	__be16 dport;
	__u16 resv;
};

struct etran_ctl_conn {
	__u32 conn;		/* for etran_tx_req.conn */
	__u32 gen;
	__u32 slot;		/* entry of the conn_pub map, etran_rx_hdr.slot */
	__u32 listener;		/* NEWCONN: on which one */
	__be32 saddr;		/* own address and port */
	__be32 daddr;
	__be16 sport;
	__be16 dport;
	__u16 mss;		/* most payload bytes of one segment, options already taken off */
	__u16 queue;		/* index of the AF_XDP socket to send through */
	__u32 rcvbuf;		/* bytes of receive window that the kernel grants */
	__u32 err;		/* RESET: positive errno */
};

struct etran_ctl_error {
	__u32 err;		/* positive errno */
	__u32 reason;		/* enum etran_reason */
};

struct etran_ctl_fallback {
	__u32 reason;
	__u32 count;
};

struct etran_ctl_msg {
	__u32 type;
	__u32 id;		/* copied into the answer; never 0 in a request */
	union {
		struct etran_ctl_hello hello;
		struct etran_ctl_welcome welcome;
		struct etran_ctl_listen listen;
		struct etran_ctl_connect connect;
		struct etran_ctl_conn conn;
		struct etran_ctl_error error;
		struct etran_ctl_fallback fallback;
		__u8 pad[56];
	} u;
};

#ifndef __cplusplus
_Static_assert(sizeof(struct etran_ctl_hello) == 40, "etran_ctl_hello");
_Static_assert(sizeof(struct etran_ctl_welcome) == 56, "etran_ctl_welcome");
_Static_assert(sizeof(struct etran_ctl_conn) == 40, "etran_ctl_conn");
_Static_assert(sizeof(struct etran_ctl_msg) == 64, "etran_ctl_msg");
#endif

#endif /* _UAPI_ETRAN_CTL_H */
