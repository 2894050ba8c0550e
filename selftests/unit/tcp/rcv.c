// SPDX-License-Identifier: GPL-2.0-only
/* Segments that arrive: acceptance, states, resets, old duplicates, payload. */
#include "unit.h"

static void accept__window(void **state)
{
	struct tcp_conn c;
	struct tcp_rx rx;
	uint64_t edge;

	(void)state;
	fix_open(&c);
	fix_data(&c, 0, 3000, 0, 1);
	assert_int_equal(c.rcv_nxt, 3000);
	tcp_wnd_take(&c, false);
	edge = tcp_rcv_edge(&c);
	/* wholly old: an ACK, nothing delivered */
	rx = fix_data(&c, 1000, 2000, 0, 1);
	assert_true(rx.stat & TCP_S_DUP);
	assert_true(rx.act & TCP_A_ACK);
	assert_false(rx.act & TCP_A_DELIVER);
	/* half old: the new half */
	rx = fix_data(&c, 2500, 1000, 0, 1);
	assert_int_equal(rx.off, 3000);
	assert_int_equal(rx.len, 500);
	assert_int_equal(rx.data, ETRAN_TCP_ROOM + 500);
	/* beyond the edge: cut */
	rx = fix_data(&c, edge - 10, 1000, 0, 1);
	assert_int_equal(rx.off, edge - 10);
	assert_int_equal(rx.len, 10);
	/* wholly beyond: refused with an ACK */
	c.flags &= ~TCP_F_ACK_REQ;
	rx = fix_data(&c, edge + 1, 1000, 0, 1);
	assert_true(rx.stat & TCP_S_BAD_SEQ);
	assert_true(rx.act & TCP_A_ACK);
	assert_int_equal(c.rcv_nxt, 3500);
}

static void accept__acks_beyond_what_was_sent(void **state)
{
	struct tcp_conn c;
	struct tcp_seg seg;
	struct tcp_rx rx;

	(void)state;
	fix_open(&c);
	fix_send(&c, 2);
	seg = fix_seg(&c);
	seg.len = 10;
	seg.ack = tcp_snd_wire(&c, 2 * MSS + 1);
	rx = fix_rcv(&c, seg, 1);
	assert_true(rx.stat & TCP_S_BAD_SEQ);
	assert_true(rx.act & TCP_A_DUPACK);
	assert_int_equal(c.snd_una, 0);
	assert_int_equal(c.rcv_nxt, 0);
	/* RFC 5961: nor far behind the window ever offered */
	now += 1000 * MS;
	seg.ack = tcp_snd_wire(&c, 0) - c.max_wnd - 1;
	rx = fix_rcv(&c, seg, 1);
	assert_true(rx.stat & TCP_S_BAD_SEQ);
	assert_int_equal(c.rcv_nxt, 0);
	/* a little behind is only late: its data counts */
	seg.ack = tcp_snd_wire(&c, 0) - 1;
	rx = fix_rcv(&c, seg, 1);
	assert_int_equal(c.rcv_nxt, 10);
}

static void accept__acks_at_the_wrap(void **state)
{
	struct tcp_conn c;
	int i;

	(void)state;
	fix_open(&c);
	for (i = 1; i <= 5000; i++) {
		fix_send(&c, 1);
		fix_ack(&c, (uint64_t)i * MSS);
		fix_data(&c, (uint64_t)(i - 1) * MSS, MSS, 0, 1);
		c.rcv_consumed = c.rcv_nxt;
		tcp_wnd_take(&c, false);
		assert_int_equal(c.snd_una, (uint64_t)i * MSS);
		assert_int_equal(c.rcv_nxt, (uint64_t)i * MSS);
	}
	assert_true(tcp_snd_wire(&c, c.snd_nxt) < ISS);
}

static void challenge__is_rate_limited(void **state)
{
	struct tcp_conn c;
	struct tcp_seg seg;
	int i, n = 0;

	(void)state;
	fix_open(&c);
	seg = fix_seg(&c);
	seg.flags = TCP_SYN;
	for (i = 0; i < 1000; i++) {
		struct tcp_rx rx = fix_rcv(&c, seg, 1);

		assert_true(rx.stat & TCP_S_CHALLENGE);
		n += !!(rx.act & TCP_A_DUPACK);
		now += MS;
	}
	assert_in_range(n, 9, 11);
	assert_int_equal(c.state, ETRAN_CS_ESTABLISHED);
}

static void rst__only_at_rcv_nxt(void **state)
{
	struct tcp_conn c;
	struct tcp_seg seg;
	struct tcp_rx rx;

	(void)state;
	fix_open(&c);
	fix_data(&c, 0, 2000, 0, 1);
	seg = fix_seg(&c);
	seg.flags = TCP_RST;
	seg.has_ts = 0;			/* resets mostly carry none */
	seg.seq++;
	rx = fix_rcv(&c, seg, 1);	/* in the window: RFC 5961 3.2 */
	assert_int_equal(c.state, ETRAN_CS_ESTABLISHED);
	assert_true(rx.act & TCP_A_DUPACK);
	assert_int_equal(rx.event, 0);
	seg.seq = tcp_rcv_wire(&c, tcp_rcv_edge(&c) + 1);
	now += 1000 * MS;
	rx = fix_rcv(&c, seg, 1);	/* outside: no answer at all */
	assert_int_equal(rx.act, 0);
	seg.seq = tcp_rcv_wire(&c, c.rcv_nxt);
	rx = fix_rcv(&c, seg, 1);
	assert_int_equal(rx.event, TCP_EV(TCP_EV_RESET));
	assert_int_equal(c.state, ETRAN_CS_RESET);
	assert_int_equal(c.err, ECONNRESET);
	/* dead: nothing changes any more */
	seg.flags = TCP_ACK;
	rx = fix_rcv(&c, seg, 1);
	assert_int_equal(rx.act | rx.event, 0);
}

static void rst__in_syn_sent(void **state)
{
	struct tcp_sys_open a = {
		.state = ETRAN_CS_SYN_SENT, .rcvbuf = 50000, .iss = ISS,
	};
	struct tcp_conn c = { 0 };
	struct tcp_seg seg = { .flags = TCP_RST | TCP_ACK, .seq = 0 };
	struct tcp_rx rx;

	(void)state;
	assert_int_equal(tcp_life_open(&c, &a, START), 0);
	seg.ack = ISS;			/* not our SYN: forged */
	rx = fix_rcv(&c, seg, 1);
	assert_int_equal(rx.event, 0);
	seg.flags = TCP_RST;		/* no ACK: forged as well */
	seg.ack = ISS + 1;
	fix_rcv(&c, seg, 1);
	assert_int_equal(c.state, ETRAN_CS_SYN_SENT);
	seg.flags = TCP_RST | TCP_ACK;
	rx = fix_rcv(&c, seg, 1);
	assert_int_equal(rx.event, TCP_EV(TCP_EV_RESET));
	assert_int_equal(c.err, ECONNREFUSED);
}

/* The opener gives generations that rise; without one they rise in the entry. */
static void open__generation(void **state)
{
	struct tcp_sys_open a = {
		.state = ETRAN_CS_SYN_SENT, .rcvbuf = 50000, .iss = ISS, .gen = 1000,
	};
	struct tcp_conn c = { .gen = 7 };

	(void)state;
	assert_int_equal(tcp_life_open(&c, &a, START), 0);
	assert_int_equal(c.gen, 1000);
	assert_int_equal(a.gen, 1000);
	c.state = ETRAN_CS_FREE;
	a.gen = 0;
	assert_int_equal(tcp_life_open(&c, &a, START), 0);
	assert_int_equal(c.gen, 1001);
	assert_int_equal(a.gen, 1001);
}

static void handshake__active(void **state)
{
	struct tcp_sys_open a = {
		.state = ETRAN_CS_SYN_SENT, .rcvbuf = 50000, .iss = ISS,
	};
	struct tcp_sys_establish e = {
		.irs = IRS, .mss = MSS, .wnd = WND, .ts_recent = 1,
		.flags = TCP_F_WS, .snd_wscale = 99, .rcv_wscale = 7,
	};
	struct tcp_conn c = { 0 };
	struct tcp_seg seg = {
		.flags = TCP_SYN | TCP_ACK, .seq = IRS, .ack = ISS + 2,
	};
	struct tcp_rx rx = { 0 };
	uint32_t seq, wnd;

	(void)state;
	assert_int_equal(tcp_life_open(&c, &a, START), 0);
	rx = fix_rcv(&c, seg, 1);
	assert_int_equal(rx.event, TCP_EV(TCP_EV_SEND_RST));
	seg.ack = ISS + 1;
	rx = fix_rcv(&c, seg, 1);
	assert_int_equal(rx.event, TCP_EV(TCP_EV_SYNACK));
	assert_int_equal(c.state, ETRAN_CS_SYN_SENT);

	e.gen = c.gen + 1;
	assert_int_equal(tcp_life_establish(&c, &e, &rx, START), -ENOENT);
	e.gen = c.gen;
	e.mss = TCP_MSS_MAX + 1;
	assert_int_equal(tcp_life_establish(&c, &e, &rx, START), -EINVAL);
	e.mss = MSS;
	rx.act = 0;
	assert_int_equal(tcp_life_establish(&c, &e, &rx, START), 0);
	assert_int_equal(rx.act, TCP_A_ACK);
	assert_int_equal(c.snd_wscale, 14);	/* RFC 7323 2.3 */
	assert_int_equal(c.wnd_lim, WND);
	assert_true(tcp_tx_gen(&c, c.gen, &seq, &wnd));
	assert_int_equal(seq, ISS + 1);
	/* a SYN-ACK again: our ACK got lost */
	now = START;
	rx = fix_rcv(&c, seg, 1);
	assert_true(rx.act & TCP_A_DUPACK);
}

static void handshake__passive(void **state)
{
	struct tcp_conn c;
	struct tcp_seg seg;
	struct tcp_rx rx;

	(void)state;
	fix_syn_rcvd(&c);
	seg = fix_seg(&c);
	seg.flags = TCP_SYN;
	seg.seq = IRS;
	assert_int_equal(fix_rcv(&c, seg, 1).event, TCP_EV(TCP_EV_SYN));
	seg = fix_seg(&c);
	seg.ack++;
	assert_int_equal(fix_rcv(&c, seg, 1).event, TCP_EV(TCP_EV_SEND_RST));
	assert_int_equal(c.state, ETRAN_CS_SYN_RCVD);
	/* the ACK may carry data */
	rx = fix_data(&c, 0, 100, TCP_PSH, 1);
	assert_int_equal(c.state, ETRAN_CS_ESTABLISHED);
	assert_int_equal(rx.event, TCP_EV(TCP_EV_ESTABLISHED));
	assert_int_equal(c.ev_owed, TCP_EV(TCP_EV_ESTABLISHED));
	assert_true(rx.act & TCP_A_DELIVER);
	assert_int_equal(rx.len, 100);
}

static void handshake__passive_reset(void **state)
{
	struct tcp_conn c;
	struct tcp_seg seg;

	(void)state;
	fix_syn_rcvd(&c);
	seg = fix_seg(&c);
	seg.flags = TCP_RST;
	seg.seq += 5;
	assert_int_equal(fix_rcv(&c, seg, 1).event, 0);
	seg.seq -= 5;
	assert_int_equal(fix_rcv(&c, seg, 1).event, TCP_EV(TCP_EV_RESET));
}

static void paws__old_duplicates(void **state)
{
	struct tcp_conn c;
	struct tcp_seg seg;
	struct tcp_rx rx;

	(void)state;
	fix_open(&c);
	seg = fix_seg(&c);
	seg.len = 100;
	seg.tsval = c.ts_recent - 1;
	rx = fix_rcv(&c, seg, 1);
	assert_true(rx.stat & TCP_S_PAWS);
	assert_true(rx.act & TCP_A_DUPACK);
	assert_int_equal(c.rcv_nxt, 0);
	/* without the option: dropped in silence */
	seg.has_ts = 0;
	rx = fix_rcv(&c, seg, 1);
	assert_true(rx.stat & TCP_S_PAWS);
	assert_int_equal(rx.act, 0);
	/* newer, across the wrap of the clock */
	seg.has_ts = 1;
	c.ts_recent = 0xfffffff0u;
	seg.tsval = 5;
	fix_rcv(&c, seg, 1);
	assert_int_equal(c.rcv_nxt, 100);
	assert_int_equal(c.ts_recent, 5);
	/* out of order: does not move ts_recent */
	tcp_wnd_take(&c, false);
	seg = fix_seg(&c);
	seg.seq += 1000;
	seg.len = 10;
	seg.tsval = 50;
	fix_rcv(&c, seg, 1);
	assert_int_equal(c.ts_recent, 5);
	/* after 24 days of silence the old value means nothing */
	now += 25ULL * 24 * 3600 * 1000 * MS;
	seg = fix_seg(&c);
	seg.len = 100;
	seg.tsval = c.ts_recent - 1000;
	fix_rcv(&c, seg, 1);
	assert_int_equal(c.rcv_nxt, 200);
}

static void data__in_order_coalesces_acks(void **state)
{
	struct tcp_conn c;
	struct tcp_rx rx;
	uint32_t seq, wnd;

	(void)state;
	fix_open(&c);
	rx = fix_data(&c, 0, 500, 0, 1);
	assert_int_equal(rx.act, TCP_A_DELIVER | TCP_A_ACK);
	rx = fix_data(&c, 500, 500, 0, 1);
	assert_int_equal(rx.act, TCP_A_DELIVER);
	assert_true(tcp_tx_gen(&c, c.gen, &seq, &wnd));
	assert_false(tcp_tx_gen(&c, c.gen, &seq, &wnd));
	rx = fix_data(&c, 1000, 500, 0, 1);
	assert_true(rx.act & TCP_A_ACK);
	/* gen was full: the next segment asks again */
	tcp_ack_refused(&c, TCP_A_ACK);
	rx = fix_data(&c, 1500, 500, 0, 1);
	assert_true(rx.act & TCP_A_ACK);
}

static void data__out_of_order_acks_each(void **state)
{
	struct tcp_conn c;
	uint32_t seq, wnd, wnd2;
	struct tcp_rx rx;
	int i;

	(void)state;
	fix_open(&c);
	for (i = 1; i <= 3; i++) {
		rx = fix_data(&c, 1000 * i, 1000, 0, 1);
		assert_int_equal(rx.act, TCP_A_DELIVER | TCP_A_DUPACK);
		assert_int_equal(rx.off, 1000 * i);
	}
	assert_int_equal(c.rcv_nxt, 0);
	assert_int_equal(c.nr_ooo, 1);
	assert_true(tcp_tx_gen(&c, c.gen, &seq, &wnd));
	c.rcvbuf *= 2;			/* a duplicate must look like one */
	assert_true(tcp_tx_gen(&c, c.gen, &seq, &wnd2));
	assert_int_equal(wnd, wnd2);
	assert_int_equal(c.acks_owed, 1);
	/* the hole is filled: one ACK, no duplicates of it */
	rx = fix_data(&c, 0, 1000, 0, 1);
	assert_true(rx.act & TCP_A_ACK);
	assert_int_equal(c.rcv_nxt, 4000);
	assert_true(tcp_tx_gen(&c, c.gen, &seq, &wnd));
	assert_false(tcp_tx_gen(&c, c.gen, &seq, &wnd));
}

static void data__nothing_is_taken_without_room(void **state)
{
	struct tcp_conn c;
	struct tcp_rx rx;

	(void)state;
	fix_open(&c);
	fix_send(&c, 1);
	rx = fix_data(&c, 0, 500, TCP_FIN, 0);
	assert_true(rx.stat & TCP_S_NO_ROOM);
	assert_int_equal(rx.act, 0);
	assert_int_equal(c.rcv_nxt, 0);
	assert_int_equal(c.rcv_fin, ETRAN_NO_OFF);
	rx = fix_data(&c, 1000, 500, 0, 0);
	assert_int_equal(rx.act, 0);
	assert_int_equal(c.nr_ooo, 0);
}

static void data__full_set_is_refused(void **state)
{
	struct tcp_conn c;
	struct tcp_rx rx;
	int i;

	(void)state;
	fix_open(&c);
	for (i = 1; i <= TCP_OOO_MAX; i++)
		fix_data(&c, 2000 * i, 1000, 0, 1);
	rx = fix_data(&c, 40000, 1000, 0, 1);
	assert_int_equal(rx.act, TCP_A_DUPACK);
	/* a byte of it would have been acknowledged otherwise */
	for (i = 0; i <= TCP_OOO_MAX; i++)
		fix_data(&c, 2000 * i, 2000, 0, 1);
	assert_int_equal(c.rcv_nxt, 2000 * (TCP_OOO_MAX + 1));
}

static void data__probe_of_a_closed_window(void **state)
{
	struct tcp_conn c;
	struct tcp_seg seg;
	struct tcp_rx rx;
	uint32_t seq, wnd;

	(void)state;
	fix_open(&c);
	while (c.rcv_nxt < tcp_rcv_edge(&c)) {
		fix_data(&c, c.rcv_nxt, 1000, 0, 1);
		tcp_tx_gen(&c, c.gen, &seq, &wnd);
	}
	assert_int_equal(wnd, 0);
	seg = fix_seg(&c);		/* Linux' probe */
	seg.seq--;
	rx = fix_rcv(&c, seg, 1);
	assert_true(rx.act & TCP_A_DUPACK);
	assert_true(tcp_tx_gen(&c, c.gen, &seq, &wnd));
	assert_int_equal(wnd, 0);
	rx = fix_data(&c, c.rcv_nxt, 1, 0, 1);	/* a byte too many */
	assert_false(rx.act & TCP_A_DELIVER);
	assert_true(rx.act & TCP_A_ACK);
}

static void fin__in_order(void **state)
{
	struct tcp_conn c;
	struct tcp_rx rx;

	(void)state;
	fix_open(&c);
	rx = fix_data(&c, 0, 100, TCP_FIN, 1);
	assert_int_equal(rx.flags, ETRAN_RX_FIN);
	assert_int_equal(rx.off + rx.len, 100);
	assert_int_equal(c.rcv_nxt, 101);
	assert_int_equal(c.rcv_fin, 100);
	assert_true(c.flags & TCP_F_PEER_FIN);
	/* again: our ACK got lost */
	c.flags &= ~TCP_F_ACK_REQ;
	rx = fix_data(&c, 0, 100, TCP_FIN, 1);
	assert_int_equal(rx.act, TCP_A_ACK);
	/* data behind it is no data */
	rx = fix_data(&c, 101, 50, 0, 1);
	assert_false(rx.act & TCP_A_DELIVER);
	assert_int_equal(c.rcv_nxt, 101);
}

static void fin__out_of_order(void **state)
{
	struct tcp_conn c;
	struct tcp_rx rx;

	(void)state;
	fix_open(&c);
	rx = fix_data(&c, 200, 0, TCP_FIN, 1);	/* alone, ahead of 200 bytes */
	assert_int_equal(rx.flags, ETRAN_RX_FIN);
	assert_int_equal(rx.off + rx.len, 200);
	assert_int_equal(c.rcv_nxt, 0);
	assert_false(c.flags & TCP_F_PEER_FIN);
	/* a second opinion on where the end is does not count */
	rx = fix_data(&c, 250, 0, TCP_FIN, 1);
	assert_int_equal(c.rcv_fin, 200);
	rx = fix_data(&c, 100, 100, 0, 1);
	assert_int_equal(rx.flags, 0);
	rx = fix_data(&c, 0, 100, 0, 1);
	assert_int_equal(c.rcv_nxt, 201);
	assert_true(c.flags & TCP_F_PEER_FIN);
}

static void own_fin(struct tcp_conn *c)
{
	assert_int_equal(fix_tx(c, fix_req(c, c->snd_queued, 0, ETRAN_TX_FIN),
				NULL), TCP_TX_SEND);
}

static void close__active(void **state)
{
	struct tcp_conn c;
	struct tcp_rx rx;

	(void)state;
	fix_open(&c);
	own_fin(&c);
	assert_int_equal(c.snd_nxt, 1);
	fix_ack(&c, 1);
	assert_true(c.flags & TCP_F_FIN_ACKED);
	/* half closed: data goes on coming */
	rx = fix_data(&c, 0, 700, 0, 1);
	assert_true(rx.act & TCP_A_DELIVER);
	rx = fix_data(&c, 700, 0, TCP_FIN, 1);
	assert_int_equal(c.state, ETRAN_CS_TIME_WAIT);
	assert_int_equal(rx.event, TCP_EV(TCP_EV_CLOSED));
	assert_true(rx.act & TCP_A_DELIVER);	/* the tenant sees the end */
	/* the FIN again: acknowledged again, and the wait begins anew */
	c.flags &= ~TCP_F_ACK_REQ;
	now += 1000 * MS;
	rx = fix_data(&c, 700, 0, TCP_FIN, 1);
	assert_int_equal(rx.act, TCP_A_ACK);
	assert_int_equal(c.orphan_at, now + TCP_TIME_WAIT_MS * MS);
}

static void close__passive(void **state)
{
	struct tcp_conn c;
	struct tcp_rx rx;

	(void)state;
	fix_open(&c);
	fix_data(&c, 0, 0, TCP_FIN, 1);
	fix_send(&c, 2);		/* half closed by the peer */
	own_fin(&c);
	rx = fix_ack(&c, 2 * MSS);
	assert_int_equal(rx.event, 0);
	rx = fix_ack(&c, 2 * MSS + 1);
	assert_int_equal(c.state, ETRAN_CS_CLOSED);
	assert_int_equal(rx.event, TCP_EV(TCP_EV_CLOSED));
	assert_int_equal(c.rto_at, 0);
}

static void close__simultaneous(void **state)
{
	struct tcp_conn c;
	struct tcp_rx rx;

	(void)state;
	fix_open(&c);
	own_fin(&c);
	rx = fix_data(&c, 0, 0, TCP_FIN, 1);	/* does not acknowledge ours */
	assert_int_equal(c.state, ETRAN_CS_ESTABLISHED);
	rx = fix_ack(&c, 1);
	assert_int_equal(c.state, ETRAN_CS_TIME_WAIT);
	assert_int_equal(rx.event, TCP_EV(TCP_EV_CLOSED));
}

static void close__time_wait_ends(void **state)
{
	struct tcp_conn c;
	struct tcp_rx rx = { 0 };
	struct tcp_seg seg;

	(void)state;
	fix_open(&c);
	own_fin(&c);
	fix_ack(&c, 1);
	fix_data(&c, 0, 0, TCP_FIN, 1);
	seg = fix_seg(&c);
	seg.flags = TCP_RST;		/* RFC 1337 */
	fix_rcv(&c, seg, 1);
	assert_int_equal(c.state, ETRAN_CS_TIME_WAIT);
	c.ev_owed = 0;
	now = tcp_life_due(&c);
	tcp_life_tick(&c, &rx, now - 1);
	assert_int_equal(rx.event, 0);
	tcp_life_tick(&c, &rx, now);
	assert_int_equal(rx.event, TCP_EV(TCP_EV_CLOSED));
	assert_int_equal(c.state, ETRAN_CS_CLOSED);
}

static void close__new_connection_over_time_wait(void **state)
{
	struct tcp_conn c;
	struct tcp_seg seg;
	struct tcp_rx rx;

	(void)state;
	fix_open(&c);
	own_fin(&c);
	fix_ack(&c, 1);
	fix_data(&c, 0, 0, TCP_FIN, 1);
	seg = fix_seg(&c);
	seg.flags = TCP_SYN;
	seg.seq -= 100;			/* an old duplicate */
	rx = fix_rcv(&c, seg, 1);
	assert_int_equal(rx.act, TCP_A_DUPACK);
	assert_int_equal(c.state, ETRAN_CS_TIME_WAIT);
	seg.seq += 5000;
	rx = fix_rcv(&c, seg, 1);
	assert_int_equal(rx.act, TCP_A_SYN);
	assert_int_equal(c.state, ETRAN_CS_CLOSED);
	/* the event got lost, the SYN comes again */
	rx = fix_rcv(&c, seg, 1);
	assert_int_equal(rx.act, TCP_A_SYN);
}

static void release__data_is_reset(void **state)
{
	struct tcp_conn c;
	struct tcp_rx rx = { 0 };

	(void)state;
	fix_open(&c);
	own_fin(&c);
	assert_int_equal(tcp_life_release(&c, c.gen + 1, &rx, now), -ENOENT);
	assert_int_equal(tcp_life_release(&c, c.gen, &rx, now), 0);
	rx = fix_ack(&c, 1);
	assert_int_equal(rx.act, 0);
	rx = fix_data(&c, 0, 10, 0, 1);
	assert_int_equal(rx.event, TCP_EV(TCP_EV_RESET) |
			 TCP_EV(TCP_EV_SEND_RST));
	assert_int_equal(c.state, ETRAN_CS_RESET);
}

/*
 * The tenant has read everything, but its word of that went with it: a window
 * that stays closed would keep the peer from ever learning that nobody reads.
 */
static void release__opens_the_window(void **state)
{
	struct tcp_rx rx = { 0 };
	struct tcp_conn c;

	(void)state;
	fix_open(&c);
	own_fin(&c);
	fix_ack(&c, 1);
	do {
		fix_data(&c, c.rcv_nxt, MSS, 0, 1);
	} while (tcp_wnd_take(&c, false));
	c.flags &= ~(TCP_F_ACK_REQ | TCP_F_DELACK);
	assert_int_equal(tcp_life_release(&c, c.gen, &rx, now), 0);
	assert_int_equal(rx.act, TCP_A_ACK);
	assert_true(tcp_wnd_take(&c, false) > 0);
	rx = fix_data(&c, c.rcv_nxt, 10, 0, 1);
	assert_true(rx.event & TCP_EV(TCP_EV_SEND_RST));
	/* one who knows of room is not told again */
	fix_open(&c);
	memset(&rx, 0, sizeof(rx));
	tcp_life_release(&c, c.gen, &rx, now);
	assert_int_equal(rx.act, 0);
}

static void release__fin_needs_nobody(void **state)
{
	struct tcp_conn c;
	struct tcp_rx rx = { 0 };

	(void)state;
	fix_open(&c);
	own_fin(&c);
	fix_ack(&c, 1);
	tcp_life_release(&c, c.gen, &rx, now);
	rx = fix_data(&c, 0, 0, TCP_FIN, 0);	/* no room: no matter */
	assert_int_equal(c.state, ETRAN_CS_TIME_WAIT);
	assert_false(rx.act & TCP_A_DELIVER);
	assert_true(rx.act & TCP_A_ACK);
}

static void release__peer_never_closes(void **state)
{
	struct tcp_conn c;
	struct tcp_rx rx = { 0 };

	(void)state;
	fix_open(&c);
	own_fin(&c);
	fix_ack(&c, 1);
	tcp_life_release(&c, c.gen, &rx, now);
	assert_int_equal(tcp_life_due(&c), now + TCP_TIME_WAIT_MS * MS);
	now = tcp_life_due(&c);
	tcp_life_tick(&c, &rx, now);
	assert_int_equal(rx.event, TCP_EV(TCP_EV_CLOSED));
	assert_int_equal(c.state, ETRAN_CS_CLOSED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(accept__window),
		cmocka_unit_test(accept__acks_beyond_what_was_sent),
		cmocka_unit_test(accept__acks_at_the_wrap),
		cmocka_unit_test(challenge__is_rate_limited),
		cmocka_unit_test(rst__only_at_rcv_nxt),
		cmocka_unit_test(rst__in_syn_sent),
		cmocka_unit_test(open__generation),
		cmocka_unit_test(handshake__active),
		cmocka_unit_test(handshake__passive),
		cmocka_unit_test(handshake__passive_reset),
		cmocka_unit_test(paws__old_duplicates),
		cmocka_unit_test(data__in_order_coalesces_acks),
		cmocka_unit_test(data__out_of_order_acks_each),
		cmocka_unit_test(data__nothing_is_taken_without_room),
		cmocka_unit_test(data__full_set_is_refused),
		cmocka_unit_test(data__probe_of_a_closed_window),
		cmocka_unit_test(fin__in_order),
		cmocka_unit_test(fin__out_of_order),
		cmocka_unit_test(close__active),
		cmocka_unit_test(close__passive),
		cmocka_unit_test(close__simultaneous),
		cmocka_unit_test(close__time_wait_ends),
		cmocka_unit_test(close__new_connection_over_time_wait),
		cmocka_unit_test(release__data_is_reset),
		cmocka_unit_test(release__opens_the_window),
		cmocka_unit_test(release__fin_needs_nobody),
		cmocka_unit_test(release__peer_never_closes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
