/* SPDX-License-Identifier: GPL-2.0-only */
/* What the unit tests of the TCP logic share: an open connection, segments. */
#ifndef _UNIT_TCP_UNIT_H
#define _UNIT_TCP_UNIT_H

#include <stdarg.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "bpf-progs/tcp/rcv.bpf.h"
#include "bpf-progs/tcp/snd.bpf.h"
#include "bpf-progs/tcp/life.bpf.h"
#include "bpf-progs/tcp/wire.bpf.h"

#define MSS	1000u
#define ISS	0xfffffc00u	/* both sequence spaces wrap after 1,023 bytes */
#define IRS	0xfffffe00u
#define WND	60000u
#define MS	1000000ULL
#define START	(10000 * MS)

static uint64_t now;

/* A connection in SYN_RCVD, with time stamps and a scale of 2 each way. */
static inline void fix_syn_rcvd(struct tcp_conn *c)
{
	struct tcp_sys_open a = {
		.state = ETRAN_CS_SYN_RCVD, .tenant = 3, .slot = 4,
		.ifindex = 5, .snd_wscale = 2, .rcv_wscale = 2, .iss = ISS,
		.irs = IRS, .mss = MSS, .rcvbuf = 100000, .wnd = WND,
		.ts_recent = 500, .flags = TCP_F_TS | TCP_F_WS,
		.tuple = { htobe32(0x0a000001), htobe32(0x0a000002),
			   htobe16(80), htobe16(4000) },
		.eth = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 8, 0 },
	};

	now = START;
	memset(c, 0, sizeof(*c));
	assert_int_equal(tcp_life_open(c, &a, now), 0);
	assert_int_equal(a.gen, c->gen);
}

static inline void fix_open(struct tcp_conn *c)
{
	fix_syn_rcvd(c);
	c->state = ETRAN_CS_ESTABLISHED;
}

/* The next segment that the peer would send, with nothing new. */
static inline struct tcp_seg fix_seg(const struct tcp_conn *c)
{
	struct tcp_seg seg = {
		.seq = tcp_rcv_wire(c, c->rcv_nxt),
		.ack = tcp_snd_wire(c, c->snd_una),
		.tsval = c->ts_recent, .tsecr = tcp_now_ms(now),
		.wnd = WND / 4, .data = ETRAN_TCP_ROOM, .flags = TCP_ACK,
		.has_ts = 1,
	};

	return seg;
}

static inline struct tcp_rx fix_rcv(struct tcp_conn *c, struct tcp_seg seg,
				    int room)
{
	struct tcp_rx rx = { 0 };

	tcp_rcv(c, &seg, &rx, room, now);
	return rx;
}

/* Payload [off, off + len) of the peer's stream. */
static inline struct tcp_rx fix_data(struct tcp_conn *c, uint64_t off,
				     uint16_t len, uint8_t flags, int room)
{
	struct tcp_seg seg = fix_seg(c);

	seg.seq = tcp_rcv_wire(c, off);
	seg.len = len;
	seg.flags |= flags;
	return fix_rcv(c, seg, room);
}

/* A pure ACK of everything below @off. */
static inline struct tcp_rx fix_ack(struct tcp_conn *c, uint64_t off)
{
	struct tcp_seg seg = fix_seg(c);

	seg.ack = tcp_snd_wire(c, off);
	return fix_rcv(c, seg, 1);
}

static inline struct etran_tx_req fix_req(const struct tcp_conn *c,
					  uint64_t off, uint16_t len,
					  uint16_t flags)
{
	struct etran_tx_req req = {
		.gen = c->gen, .off = off, .len = len, .flags = flags,
		.rcv_off = c->rcv_consumed,
	};

	return req;
}

static inline int fix_tx(struct tcp_conn *c, struct etran_tx_req req,
			 struct tcp_tx *out)
{
	struct tcp_tx tx = { .tenant = 3, .ifindex = 5 };
	int verdict = tcp_tx(c, &req, &tx, now);

	if (out)
		*out = tx;
	return verdict;
}

/* Send @n segments of MSS bytes from snd_queued on; all must go. */
static inline void fix_send(struct tcp_conn *c, int n)
{
	while (n--)
		assert_int_equal(fix_tx(c, fix_req(c, c->snd_queued, MSS, 0),
					NULL), TCP_TX_SEND);
}

#endif /* _UNIT_TCP_UNIT_H */
