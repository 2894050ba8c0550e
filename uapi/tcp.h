/* SPDX-License-Identifier: ((GPL-2.0 WITH Linux-syscall-note) OR BSD-3-Clause) */
/*
 * What libetran and the TCP transport tell each other in a packet's bytes.
 *
 * The first ETRAN_TCP_ROOM bytes of every frame are the place of the Ethernet,
 * IPv4 and TCP headers. Between the library and the BPF program the same bytes
 * carry a small record instead: a request on the way out, which egress reads
 * once, checks against kernel state and overwrites with real headers; a report
 * on the way in, with which ingress overwrites the headers it has consumed. So
 * the layout needs no headroom, no driver support for metadata, and is the same
 * in zero copy and in copy mode.
 *
 * Stream offsets count payload bytes of one direction from 0 and are 64 bits
 * wide; the wire's sequence number is (initial sequence number + 1 + offset)
 * modulo 2^32. A FIN takes the offset behind the last byte.
 *
 * All fields are in host byte order.
 */
#ifndef _UAPI_ETRAN_TCP_H
#define _UAPI_ETRAN_TCP_H

#ifndef __VMLINUX_H__	/* BPF objects have the types from there */
#include <linux/types.h>
#endif
#include "etran_io.h"

#define ETRAN_TCP_ROOM		66	/* 14 Ethernet + 20 IPv4 + 32 TCP with time stamps */
#define ETRAN_NO_OFF		(~0ULL)

/* etran_tx_req.flags */
#define ETRAN_TX_FIN		(1 << 0) /* the stream ends behind this payload */
#define ETRAN_TX_NOTIFY		(1 << 1) /* report when this payload is acknowledged */
#define ETRAN_TX_PSH		(1 << 2) /* end of a write() */
#define ETRAN_TX_ACK		(1 << 3) /* no payload: tell the peer the new window */
#define ETRAN_TX_KNOWN		0x000f

/**
 * struct etran_tx_req - library to egress: please send this payload
 * @conn: connection, as in struct etran_ctl_conn
 * @gen: its generation; another one means that the connection is gone
 * @off: stream offset of the first payload byte
 * @rcv_off: the application has consumed received bytes below this offset;
 *	opens the receive window (never beyond what was received)
 * @len: payload bytes behind ETRAN_TCP_ROOM; with ETRAN_TX_ACK 0
 * @flags: ETRAN_TX_*; unknown bits make the packet be dropped
 * @resv: 0
 *
 * Payload must be submitted in stream order the first time; a segment that was
 * submitted before may be submitted again with the same @off and @len (or cut
 * or joined differently) as retransmission. Anything else is dropped and
 * counted; its frame is completed like any other.
 */
struct etran_tx_req {
	__u32 conn;
	__u32 gen;
	__u64 off;
	__u64 rcv_off;
	__u16 len;
	__u16 flags;
	__u32 resv;
};

/* etran_rx_hdr.flags */
#define ETRAN_RX_FIN		(1 << 0) /* peer's stream ends at @off + @len */
#define ETRAN_RX_NOTIFY		(1 << 1) /* an ETRAN_TX_NOTIFY payload was acknowledged */
#define ETRAN_RX_REXMIT		(1 << 2) /* send the segment at @rexmit again, now */

/**
 * struct etran_rx_hdr - ingress to library, at the start of the packet
 * @slot: the tenant's slot of the connection
 * @gen: its generation
 * @off: stream offset of the first payload byte; segments can arrive out of
 *	order and can overlap, the same byte is always the same
 * @ack: the peer has acknowledged all bytes below this offset
 * @rexmit: with ETRAN_RX_REXMIT, offset of the first byte to send again
 * @data: where the payload begins, from the start of the packet
 * @len: payload bytes, 0 for a mere report
 * @flags: ETRAN_RX_*
 * @rexmit_nr: with ETRAN_RX_REXMIT, how many segments to send again from
 *	@rexmit on, as far as they were sent before (pub->snd_nxt); 0 means 1.
 *	More than 1 comes only after a time-out, when all is taken for lost
 */
struct etran_rx_hdr {
	__u32 slot;
	__u32 gen;
	__u64 off;
	__u64 ack;
	__u64 rexmit;
	__u16 data;
	__u16 len;
	__u16 flags;
	__u16 rexmit_nr;
};

/* etran_conn_pub.state: RFC 9293 3.3.2, as far as the library can see it */
#define ETRAN_CS_FREE		0
#define ETRAN_CS_SYN_SENT	1
#define ETRAN_CS_SYN_RCVD	2
#define ETRAN_CS_ESTABLISHED	3	/* until both FINs are acknowledged; see fin fields */
#define ETRAN_CS_TIME_WAIT	4
#define ETRAN_CS_CLOSED		5	/* both FINs acknowledged */
#define ETRAN_CS_RESET		6	/* ended by RST or time-out, see err */

/**
 * struct etran_conn_pub - what a tenant may read of its connections
 *
 * Entry @slot of the tenant's own mmapable array map (ETRAN_TENANT_CONNS
 * entries), read-only to it; written by BPF under the connection's lock, each
 * field with one store. Nothing in the kernel reads it back.
 *
 * @gen: generation, 0 when the slot was never used
 * @state: ETRAN_CS_*
 * @snd_una: bytes below are acknowledged; @snd_una = end of data + 1 when the
 *	FIN is acknowledged too
 * @snd_nxt: bytes below were sent at least once
 * @snd_lim: bytes below may be in flight now (congestion and peer window)
 * @rcv_nxt: bytes below were received in order
 * @rcv_fin: offset at which the peer's stream ends, ETRAN_NO_OFF before its FIN
 * @err: positive errno with ETRAN_CS_RESET
 * @srtt_us: smoothed round-trip time
 */
struct etran_conn_pub {
	__u32 gen;
	__u32 state;
	__u64 snd_una;
	__u64 snd_nxt;
	__u64 snd_lim;
	__u64 rcv_nxt;
	__u64 rcv_fin;
	__u32 err;
	__u32 srtt_us;
	__u64 resv;
};

#ifndef __cplusplus
#define ETRAN_AT(type, field, off) \
	_Static_assert(__builtin_offsetof(struct type, field) == (off), #type "." #field)
ETRAN_AT(etran_tx_req, conn, 0);
ETRAN_AT(etran_tx_req, gen, 4);
ETRAN_AT(etran_tx_req, off, 8);
ETRAN_AT(etran_tx_req, rcv_off, 16);
ETRAN_AT(etran_tx_req, len, 24);
ETRAN_AT(etran_tx_req, flags, 26);
ETRAN_AT(etran_tx_req, resv, 28);
_Static_assert(sizeof(struct etran_tx_req) == 32, "etran_tx_req");
ETRAN_AT(etran_rx_hdr, slot, 0);
ETRAN_AT(etran_rx_hdr, gen, 4);
ETRAN_AT(etran_rx_hdr, off, 8);
ETRAN_AT(etran_rx_hdr, ack, 16);
ETRAN_AT(etran_rx_hdr, rexmit, 24);
ETRAN_AT(etran_rx_hdr, data, 32);
ETRAN_AT(etran_rx_hdr, len, 34);
ETRAN_AT(etran_rx_hdr, flags, 36);
ETRAN_AT(etran_rx_hdr, rexmit_nr, 38);
_Static_assert(sizeof(struct etran_rx_hdr) == 40, "etran_rx_hdr");
ETRAN_AT(etran_conn_pub, gen, 0);
ETRAN_AT(etran_conn_pub, state, 4);
ETRAN_AT(etran_conn_pub, snd_una, 8);
ETRAN_AT(etran_conn_pub, snd_nxt, 16);
ETRAN_AT(etran_conn_pub, snd_lim, 24);
ETRAN_AT(etran_conn_pub, rcv_nxt, 32);
ETRAN_AT(etran_conn_pub, rcv_fin, 40);
ETRAN_AT(etran_conn_pub, err, 48);
ETRAN_AT(etran_conn_pub, srtt_us, 52);
_Static_assert(sizeof(struct etran_conn_pub) == 64, "etran_conn_pub");
#undef ETRAN_AT
#endif /* !__cplusplus */

#endif /* _UAPI_ETRAN_TCP_H */
