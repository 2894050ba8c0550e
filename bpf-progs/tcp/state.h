/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * TCP as an eTran transport: what tcp.bpf.c and etrand share.
 *
 * tcp.bpf.c holds every protocol decision of an established connection and the
 * last step of a handshake; etrand holds handshakes, time-outs in wall-clock
 * time, neighbours and life of connections, and changes connection state only
 * through the SEC("syscall") programs below, which take the connection's lock.
 *
 * Program names: tcp_ingress (xdp), tcp_port (xdp, the same on the device of a
 * virtual port), tcp_egress, tcp_gen, tcp_timer
 * (struct_ops map "tcp"), and the syscall programs tcp_open, tcp_establish,
 * tcp_release, tcp_close, tcp_tick, tcp_neigh. Each syscall program gets one
 * struct tcp_sys_* as context (BPF_PROG_TEST_RUN ctx_in, writable) and returns
 * 0 or a negative errno as its return value.
 *
 * Maps, pinned by etrand under /sys/fs/bpf/etran/tcp/<name>:
 *   conns      ARRAY[ETRAN_MAX_CONNS] of struct tcp_conn
 *   flows      HASH  struct tcp_tuple -> __u32 connection index
 *   listeners  HASH  struct tcp_listen_key -> struct tcp_listener
 *   pub        ARRAY_OF_MAPS[ETRAN_MAX_TENANTS] of ARRAY[ETRAN_TENANT_CONNS]
 *              (BPF_F_MMAPABLE) of struct etran_conn_pub, by tenant
 *   xsks       XSKMAP[ETRAN_MAX_TENANTS * ETRAN_MAX_QUEUES], key
 *              tenant * ETRAN_MAX_QUEUES + queue
 *   ports      DEVMAP[ETRAN_MAX_TENANTS], by tenant: device that leads to its
 *              virtual port, if it has one
 *   hold       PKT_QUEUE[ETRAN_MAX_CONNS], bucket = connection index
 *   events     RINGBUF of struct tcp_event
 *   stats      PERCPU_ARRAY[1] of struct tcp_stats
 *
 * What etrand has to know:
 * - Associate the xdp and syscall programs with the struct_ops map "tcp"
 *   (bpf_prog_assoc_struct_ops()) before the first packet.
 * - Time stamps count milliseconds of CLOCK_MONOTONIC; SYN and SYN-ACK carry
 *   the same clock. Their window is min(rcvbuf, 65535), never scaled. SACK is
 *   not offered.
 * - tcp_tick: at next_ns, but at least every 100 ms while a connection exists,
 *   since data that is sent between two ticks starts new time-outs. One event
 *   a connection and call; next_ns in the past means that more are waiting.
 * - Events carry conn and gen of the connection they are about; one whose gen
 *   is not conns[conn].gen any more is old. ESTABLISHED, RESET, CLOSED and RTO
 *   are repeated until the ring buffer takes them, never after; a SYN, SYNACK
 *   or SEND_RST that finds the ring full is lost, and the peer sends again.
 * - SYN with gen 0: a listener's. With gen and @conn in SYN_RCVD: the peer has
 *   not got our SYN-ACK. With gen, ETRAN_CS_CLOSED and a listener: the peer
 *   opens a new connection over one in TIME_WAIT; tcp_close that one first.
 * - CLOSED comes once with time_wait 1 when the connection enters TIME_WAIT,
 *   where ingress goes on answering, and with time_wait 0 when it can be freed
 *   (at once on the passive side): only then tcp_close it.
 * - RESET: conns entry waits for tcp_close. SEND_RST comes with RESET when a
 *   released connection got data: send the RST, then tcp_close.
 * - RTO: the tenant sends what it has from snd_una up to snd_lim again, also
 *   what was never sent, since a request itself can have been lost.
 * - What is not a SYN and belongs to no connection is left to the kernel, which
 *   resets it as any closed port's.
 *
 * A change of any layout here raises TCP_STATE_VERSION; etrand adopts pinned
 * maps only if it fits.
 */
#ifndef _ETRAN_TCP_H
#define _ETRAN_TCP_H

#ifndef __bpf__
#include <linux/types.h>
#include <linux/bpf.h>
#endif
#include "uapi/tcp.h"

#define TCP_STATE_VERSION	4
#define TCP_OOO_MAX		8	/* intervals of out-of-order data */
#define TCP_RCVBUF		(256 * 1448) /* one connection cannot overflow the RX ring, etrand/xsk.h */
#define TCP_EV_BYTES		128	/* bytes of the packet that an event carries */
#define TCP_INIT_CWND		10	/* segments, RFC 6928 */
#define TCP_RTO_MIN_US		200000
#define TCP_RTO_MAX_US		120000000
#define TCP_MAX_BACKOFF		15
#define TCP_TIME_WAIT_MS	60000	/* also how long a released connection waits for a FIN */

/* Addresses and ports as on the wire; "s" is this host, "d" the peer. */
struct tcp_tuple {
	__be32 saddr;
	__be32 daddr;
	__be16 sport;
	__be16 dport;
};

struct tcp_listen_key {
	__be32 addr;		/* 0: any local address */
	__be16 port;
	__u16 resv;
};

struct tcp_listener {
	__u32 listener;		/* etrand's id */
	__u32 tenant;
};

struct tcp_ooo {
	__u64 from;
	__u64 to;
};

/* tcp_conn.state uses ETRAN_CS_* */
/* tcp_conn.flags */
#define TCP_F_TS		(1 << 0) /* time stamps agreed */
#define TCP_F_FIN_QUEUED	(1 << 1) /* fin_off is valid */
#define TCP_F_FIN_ACKED		(1 << 2)
#define TCP_F_PEER_FIN		(1 << 3) /* rcv_fin is valid and reached in order */
#define TCP_F_RELEASED		(1 << 4) /* nobody reads any more: data is answered with RST */
#define TCP_F_ACK_REQ		(1 << 5) /* a gen request is on its way */
#define TCP_F_NOTIFY		(1 << 6) /* notify_off is valid */
#define TCP_F_RECOVERY		(1 << 7) /* NewReno fast recovery until recover_off */
#define TCP_F_RTO		(1 << 8) /* in RTO recovery: go back from snd_una */
#define TCP_F_WS		(1 << 9) /* window scale agreed */
#define TCP_F_REXMIT_HINT	(1 << 10) /* a REXMIT report is owed, rexmit_off and rexmit_nr are valid */
#define TCP_F_ACTIVE		(1 << 11) /* our FIN left before the peer's came: TIME_WAIT is ours */
#define TCP_F_UNDO		(1 << 12) /* undo_* are valid: the reaction to loss may prove wrong */
#define TCP_F_PROBE		(1 << 13) /* gen has to send a window probe */
#define TCP_F_OVERRIDE		(1 << 14) /* one held segment may go beyond a small window */
#define TCP_F_AGAIN		(1 << 15) /* a request of the tenant got lost: TCP_EV_RTO without loss */
#define TCP_F_DELACK		(1 << 16) /* an ACK waits for data to go with, until delack_at */
#define TCP_F_DELACK_TIMER	(1 << 17) /* the timer runs by delack_at */
#define TCP_F_ANSWERS		(1 << 18) /* data is sent soon after data came: ACKs may wait */

/**
 * struct tcp_conn - one connection
 *
 * All of it is protected by @lock. @gen and @tenant change only while the
 * connection is in no map but conns (state ETRAN_CS_FREE).
 * The BPF side may add fields behind the ones here.
 */
struct tcp_conn {
	struct bpf_spin_lock lock;
	__u32 gen;		/* never 0 once used */
	__u32 state;
	__u32 flags;
	__u32 tenant;
	__u32 slot;
	__u32 ifindex;
	__u32 listener;		/* passive: etrand's id, else 0 */
	struct tcp_tuple tuple;
	__u8 eth[14];		/* Ethernet header to send with */
	__u8 snd_wscale;	/* shift of the peer's windows */
	__u8 rcv_wscale;	/* shift of ours */
	__u32 iss;
	__u32 irs;
	__u32 mss;		/* payload bytes of a segment, options taken off */
	__u32 rcvbuf;
	/* send side, stream offsets */
	__u64 snd_una;
	__u64 snd_nxt;		/* highest offset sent + 1; counts the FIN */
	__u64 snd_queued;	/* highest offset accepted from the tenant, sent or held */
	__u64 fin_off;
	__u64 notify_off;
	__u64 recover_off;
	__u64 wnd_lim;		/* peer's window: offsets below may be sent */
	__u64 snd_wl1;		/* receive offset of the segment that set wnd_lim */
	__u32 cwnd;		/* bytes */
	__u32 ssthresh;
	__u32 cwnd_acked;
	__u32 dupacks;
	/* receive side */
	__u64 rcv_nxt;
	__u64 rcv_fin;
	__u64 rcv_consumed;	/* what the tenant says, bounded by rcv_nxt */
	__u64 rcv_adv;		/* right edge that was advertised */
	__u32 nr_ooo;
	__u32 backoff;
	struct tcp_ooo ooo[TCP_OOO_MAX];
	/* time */
	__u32 ts_recent;
	__u32 ts_recent_age;	/* ms */
	__u32 srtt_us;		/* << 3 as RFC 6298 implementations do */
	__u32 rttvar_us;	/* << 2 */
	__u64 rto_at;		/* bpf_ktime_get_ns() when the time-out fires, 0: not armed */
	__u64 last_rx;
	__u32 rexmits;
	__u32 err;
	__u64 probe_at;		/* zero-window probe due, 0: none */
	__u64 orphan_at;	/* TIME_WAIT, or released and FIN acknowledged: its end, 0: none */
	/* what only the BPF side uses */
	__u64 rexmit_off;	/* TCP_F_REXMIT_HINT: where to send again */
	__u64 rexmit_nxt;	/* TCP_F_RTO: sent again below this offset */
	__u64 rexmit_asked;	/* TCP_F_RTO: last rexmit_off asked for */
	__u64 again_to;		/* TCP_F_AGAIN: requests below this offset got lost */
	__u64 notify_max;	/* last TCP_F_NOTIFY offset; notify_off is the first */
	__u64 last_ack;		/* receive offset acknowledged last */
	__u64 rtt_off;		/* acknowledgment of this offset ends an RTT sample */
	__u64 rtt_at;		/* when it began, 0: no sample is being taken */
	__u32 rexmit_nr;	/* TCP_F_REXMIT_HINT: how many segments */
	__u32 max_wnd;		/* largest window the peer ever offered */
	__u32 acks_owed;	/* duplicate and challenge ACKs gen has to send */
	__u32 challenge_ms;	/* when the last rate-limited ACK was asked for */
	__u32 undo_cwnd;
	__u32 undo_ssthresh;
	__u32 undo_ms;		/* time stamp when the loss was declared */
	__u32 ev_owed;		/* 1 << TCP_EV_*: events that tcp_tick has to repeat */
	__u32 probes;		/* window probes without any answer */
	__u32 probe_shift;	/* their back-off */
	__u32 ip_id;
	__u32 ts_sent;		/* last TSval sent */
	__u64 rcv_at;		/* when payload came in order last, 0: never */
	__u64 delack_at;	/* TCP_F_DELACK: when the ACK has to go */
	__u64 cubic_at;		/* when congestion avoidance began, 0: it has yet to */
	__u32 cubic_k;		/* ms from there to cubic_max */
	__u32 cubic_max;	/* bytes: where the curve is flat */
	__u32 cubic_est;	/* bytes that Reno's window would have */
	__u32 cubic_prior;	/* bytes: the window at the last loss */
};

struct tcp_sys_open {		/* tcp_open: put a new connection into conns, flows, pub */
	__u32 conn;		/* index; its state must be ETRAN_CS_FREE */
	__u32 state;		/* ETRAN_CS_SYN_SENT or ETRAN_CS_SYN_RCVD */
	__u32 tenant;
	__u32 slot;
	__u32 ifindex;
	__u32 listener;
	struct tcp_tuple tuple;
	__u8 eth[14];
	__u8 snd_wscale;
	__u8 rcv_wscale;
	__u32 iss;
	__u32 irs;		/* SYN_RCVD */
	__u32 mss;		/* SYN_RCVD */
	__u32 rcvbuf;
	__u32 wnd;		/* SYN_RCVD: window of the SYN, unscaled */
	__u32 ts_recent;	/* SYN_RCVD */
	__u32 flags;		/* TCP_F_TS, TCP_F_WS */
	__u32 gen;		/* later than any other's, or 0: the entry's next; out: its own */
};

struct tcp_sys_establish {	/* tcp_establish: SYN_SENT got its SYN-ACK; sends the ACK through gen */
	__u32 conn;
	__u32 gen;
	__u32 irs;
	__u32 mss;
	__u32 wnd;		/* of the SYN-ACK, unscaled */
	__u32 ts_recent;
	__u32 flags;		/* TCP_F_TS, TCP_F_WS */
	__u8 snd_wscale;
	__u8 rcv_wscale;
	__u16 resv;
};

struct tcp_sys_conn {		/* tcp_release, tcp_close */
	__u32 conn;
	__u32 gen;
	/* tcp_close, out: what etrand needs for a RST */
	__u32 seq;		/* wire sequence number snd_nxt */
	__u32 ack;		/* wire number rcv_nxt */
	__u32 err;		/* in: errno for pub->err with ETRAN_CS_RESET, 0: ETRAN_CS_CLOSED */
	__u32 state;		/* out: state before */
};

struct tcp_sys_neigh {		/* tcp_neigh: new link-layer address for all connections to @daddr on @ifindex */
	__be32 daddr;		/* next hop's connections are etrand's business: one call per destination */
	__u32 ifindex;
	__u8 dmac[6];
	__u16 resv;
};

struct tcp_sys_tick {		/* tcp_tick: time-outs of all connections below @nr */
	__u32 nr;
	__u32 active;		/* out: connections that still need ticks */
	__u64 next_ns;		/* out: earliest due time, bpf_ktime_get_ns(), 0: none */
};

enum tcp_event_type {
	TCP_EV_SYN = 1,		/* to a listener; bytes */
	TCP_EV_SYNACK,		/* to a connection in SYN_SENT; bytes */
	TCP_EV_ESTABLISHED,	/* SYN_RCVD got its ACK */
	TCP_EV_RESET,		/* peer's RST was accepted, or too many time-outs: err */
	TCP_EV_CLOSED,		/* both FINs acknowledged; time_wait says who waits */
	TCP_EV_RTO,		/* tenant has to send again, from snd_una to snd_lim */
	TCP_EV_SEND_RST,	/* segment to a released or unknown connection: reset it; bytes */
};

struct tcp_event {
	__u32 type;
	__u32 conn;
	__u32 gen;
	__u32 tenant;
	__u32 slot;
	__u32 ifindex;
	__u32 err;
	__u32 time_wait;
	__u32 listener;
	__u32 len;		/* of the whole packet */
	__u8 bytes[TCP_EV_BYTES]; /* its beginning, from the Ethernet header */
};

/* Each counter says what it means if it climbs. */
struct tcp_stats {
	__u64 rx_segs;		/* segments of eTran connections */
	__u64 rx_pure_acks;
	__u64 rx_bad_csum;	/* damaged on the way */
	__u64 rx_bad_seq;	/* outside of the window: old duplicates or an attack */
	__u64 rx_ooo;		/* loss or reordering towards us */
	__u64 rx_dup;		/* peer retransmits what we have: our ACKs get lost */
	__u64 rx_no_room;	/* application does not read its ring in time */
	__u64 rx_events_lost;	/* etrand does not read the ring buffer */
	__u64 tx_segs;
	__u64 tx_held;		/* window was closed */
	__u64 tx_rexmit;
	__u64 tx_acks;		/* by gen */
	__u64 tx_bad_owner;	/* tenant names a connection that is not its own */
	__u64 tx_bad_req;	/* tenant's request makes no sense */
	__u64 tx_stale;		/* connection is gone */
	__u64 fast_rexmit;
	__u64 rto;
	__u64 probes;
	__u64 tx_acked;		/* retransmissions of what was acknowledged meanwhile */
	__u64 tx_gap;		/* requests behind one that was dropped */
	__u64 tx_no_hold;	/* hold queue was full */
	__u64 rx_paws;		/* old duplicates by their time stamp */
	__u64 rx_challenge;	/* SYN or RST that did not fit: blind attacks */
	__u64 undo;		/* reordering or delay was taken for loss */
	__u64 gen_refused;	/* queue of gen requests was full: ACKs late */
};

#endif /* _ETRAN_TCP_H */
