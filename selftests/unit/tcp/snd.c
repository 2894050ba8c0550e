// SPDX-License-Identifier: GPL-2.0-only
/* Requests of tenants, honest and hostile; windows that are advertised. */
#include "unit.h"

static struct tcp_conn c;

static int fresh(void **state)
{
	(void)state;
	fix_open(&c);
	return 0;
}

static uint32_t refused(struct etran_tx_req req)
{
	struct tcp_conn before = c;
	struct tcp_tx tx;

	assert_int_equal(fix_tx(&c, req, &tx), TCP_TX_DROP);
	/* Not a byte of the connection is changed by what is refused. */
	assert_memory_equal(&before, &c, sizeof(c));
	return tx.stat;
}

static void req__identity(void **state)
{
	struct etran_tx_req req = fix_req(&c, 0, 100, 0);
	struct tcp_tx tx = { .tenant = 2, .ifindex = 5 };

	(void)state;
	assert_int_equal(tcp_tx(&c, &req, &tx, now), TCP_TX_DROP);
	assert_int_equal(tx.stat, TCP_T_BAD_OWNER);
	tx = (struct tcp_tx){ .tenant = 3, .ifindex = 6 };
	assert_int_equal(tcp_tx(&c, &req, &tx, now), TCP_TX_DROP);
	assert_int_equal(tx.stat, TCP_T_BAD_OWNER);
	assert_int_equal(c.snd_queued, 0);
	req.gen++;
	assert_int_equal(refused(req), TCP_T_STALE);
	req.gen = 0;
	assert_int_equal(refused(req), TCP_T_STALE);
}

static void req__states(void **state)
{
	static const uint32_t bad[] = {
		ETRAN_CS_FREE, ETRAN_CS_SYN_SENT, ETRAN_CS_SYN_RCVD,
		ETRAN_CS_TIME_WAIT, ETRAN_CS_CLOSED, ETRAN_CS_RESET, 99,
	};
	unsigned int i;

	(void)state;
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		c.state = bad[i];
		assert_int_equal(refused(fix_req(&c, 0, 100, 0)), TCP_T_STALE);
	}
	c.state = ETRAN_CS_ESTABLISHED;
	c.flags |= TCP_F_RELEASED;
	assert_int_equal(refused(fix_req(&c, 0, 100, 0)), TCP_T_STALE);
}

static void req__nonsense(void **state)
{
	struct etran_tx_req req;

	(void)state;
	assert_int_equal(refused(fix_req(&c, 0, 100, 0x10)), TCP_T_BAD_REQ);
	assert_int_equal(refused(fix_req(&c, 0, 0, 0)), TCP_T_BAD_REQ);
	assert_int_equal(refused(fix_req(&c, 0, MSS + 1, 0)), TCP_T_BAD_REQ);
	assert_int_equal(refused(fix_req(&c, 0, 0xffff, 0)), TCP_T_BAD_REQ);
	assert_int_equal(refused(fix_req(&c, ~0ULL, 100, 0)), TCP_T_BAD_REQ);
	assert_int_equal(refused(fix_req(&c, ~0ULL - 50, 100, ETRAN_TX_FIN)),
			 TCP_T_BAD_REQ);
	assert_int_equal(refused(fix_req(&c, 0, 10, ETRAN_TX_ACK)),
			 TCP_T_BAD_REQ);
	assert_int_equal(refused(fix_req(&c, 0, 0, ETRAN_TX_ACK | ETRAN_TX_FIN)),
			 TCP_T_BAD_REQ);
	req = fix_req(&c, 0, 100, 0);
	req.resv = 1;
	assert_int_equal(refused(req), TCP_T_BAD_REQ);
	req = fix_req(&c, 0, 100, 0);
	req.rcv_off = c.rcv_nxt + 1;	/* read what never came */
	assert_int_equal(refused(req), TCP_T_BAD_REQ);
	req.rcv_off = ~0ULL;
	assert_int_equal(refused(req), TCP_T_BAD_REQ);
}

static void req__order(void **state)
{
	struct tcp_tx tx;

	(void)state;
	fix_send(&c, 3);
	/* a gap: dropped, and the tenant will be told */
	assert_int_equal(fix_tx(&c, fix_req(&c, 4 * MSS, MSS, 0), &tx),
			 TCP_TX_DROP);
	assert_int_equal(tx.stat, TCP_T_GAP);
	assert_int_equal(c.snd_queued, 3 * MSS);
	assert_true(c.flags & TCP_F_AGAIN);
	fix_send(&c, 1);
	assert_true(c.flags & TCP_F_AGAIN);	/* the other one is still missing */
	fix_send(&c, 1);
	assert_false(c.flags & TCP_F_AGAIN);
}

static void req__lost_request_brings_an_event(void **state)
{
	struct tcp_rx rx = { 0 };

	(void)state;
	fix_tx(&c, fix_req(&c, MSS, MSS, 0), NULL);
	assert_int_equal(tcp_life_due(&c), now + TCP_RTO_MIN_US * 1000ULL);
	now = tcp_life_due(&c);
	tcp_life_tick(&c, &rx, now);
	assert_int_equal(rx.event, TCP_EV(TCP_EV_RTO));
	assert_int_equal(c.cwnd, 10 * MSS);	/* no loss on the path */
	assert_int_equal(c.backoff, 0);
}

static void req__retransmission(void **state)
{
	struct tcp_tx tx;

	(void)state;
	fix_send(&c, 4);
	fix_ack(&c, MSS);
	assert_int_equal(fix_tx(&c, fix_req(&c, MSS, MSS, 0), &tx), TCP_TX_SEND);
	assert_int_equal(tx.stat, TCP_T_REXMIT);
	assert_int_equal(tx.seq, tcp_snd_wire(&c, MSS));
	/* cut differently, partly acknowledged */
	assert_int_equal(fix_tx(&c, fix_req(&c, MSS / 2, MSS, 0), &tx),
			 TCP_TX_SEND);
	/* a byte beyond what was sent */
	assert_int_equal(refused(fix_req(&c, 3 * MSS + 1, MSS, 0)),
			 TCP_T_BAD_REQ);
	/* acknowledged: of no use */
	assert_int_equal(refused(fix_req(&c, 0, MSS, 0)), TCP_T_ACKED);
	assert_int_equal(c.snd_nxt, 4 * MSS);
}

static void req__windows_hold(void **state)
{
	int i;

	(void)state;
	fix_send(&c, 10);		/* cwnd */
	for (i = 10; i < 15; i++)
		assert_int_equal(fix_tx(&c, fix_req(&c, i * MSS, MSS, 0), NULL),
				 TCP_TX_HOLD);
	/* held segments cannot be sent "again" past the window */
	assert_int_equal(refused(fix_req(&c, 10 * MSS, MSS, 0)), TCP_T_BAD_REQ);
	assert_int_equal(c.snd_nxt, 10 * MSS);
	assert_true(fix_ack(&c, MSS).act & TCP_A_ARM);
	/* what is held goes first, in order */
	assert_int_equal(fix_tx(&c, fix_req(&c, 15 * MSS, 10, 0), NULL),
			 TCP_TX_HOLD);
	assert_int_equal(tcp_tx_held(&c, 10 * MSS, 11 * MSS, c.gen, now),
			 TCP_TX_SEND);
	assert_int_equal(tcp_tx_held(&c, 11 * MSS, 12 * MSS, c.gen + 1, now),
			 TCP_TX_DROP);
	assert_int_equal(c.snd_nxt, 11 * MSS);
	/* one was taken away from the queue: all behind it go back */
	assert_int_equal(tcp_tx_held(&c, 12 * MSS, 13 * MSS, c.gen, now),
			 TCP_TX_DROP);
	assert_int_equal(c.snd_queued, 11 * MSS);
	assert_true(c.flags & TCP_F_AGAIN);
}

static void req__peer_window_holds(void **state)
{
	struct tcp_seg seg = fix_seg(&c);

	(void)state;
	fix_send(&c, 1);
	seg.ack = tcp_snd_wire(&c, MSS);
	seg.wnd = 2 * MSS / 4;
	fix_rcv(&c, seg, 1);
	assert_int_equal(tcp_snd_limit(&c), 3 * MSS);
	fix_send(&c, 2);
	assert_int_equal(fix_tx(&c, fix_req(&c, 3 * MSS, 1, 0), NULL),
			 TCP_TX_HOLD);
	/* an old segment cannot bring an old window back */
	seg.seq--;
	seg.wnd = 50000 / 4;
	fix_rcv(&c, seg, 1);
	assert_int_equal(c.wnd_lim, 3 * MSS);
}

static void req__fin(void **state)
{
	struct tcp_tx tx;

	(void)state;
	fix_send(&c, 2);
	/* the stream cannot end before its last byte */
	assert_int_equal(refused(fix_req(&c, 0, MSS, ETRAN_TX_FIN)),
			 TCP_T_BAD_REQ);
	assert_int_equal(fix_tx(&c, fix_req(&c, 2 * MSS, 10, ETRAN_TX_FIN |
					    ETRAN_TX_PSH), &tx), TCP_TX_SEND);
	assert_int_equal(tx.flags, TCP_ACK | TCP_PSH | TCP_FIN);
	assert_int_equal(c.fin_off, 2 * MSS + 10);
	assert_int_equal(c.snd_nxt, 2 * MSS + 11);
	/* nothing behind it, no other end */
	assert_int_equal(refused(fix_req(&c, 2 * MSS + 10, 10, 0)),
			 TCP_T_BAD_REQ);
	assert_int_equal(refused(fix_req(&c, 2 * MSS, 9, ETRAN_TX_FIN)),
			 TCP_T_BAD_REQ);
	/* again, with and without its payload */
	assert_int_equal(fix_tx(&c, fix_req(&c, 2 * MSS, 10, ETRAN_TX_FIN),
				&tx), TCP_TX_SEND);
	assert_int_equal(fix_tx(&c, fix_req(&c, 2 * MSS + 10, 0, ETRAN_TX_FIN),
				&tx), TCP_TX_SEND);
	assert_int_equal(tx.seq, tcp_snd_wire(&c, 2 * MSS + 10));
}

static void req__refused_hold_is_taken_back(void **state)
{
	(void)state;
	fix_send(&c, 10);
	assert_int_equal(fix_tx(&c, fix_req(&c, 10 * MSS, 10, ETRAN_TX_FIN),
				NULL), TCP_TX_HOLD);
	tcp_tx_unqueue(&c, 10 * MSS, now);
	assert_int_equal(c.snd_queued, 10 * MSS);
	assert_false(c.flags & TCP_F_FIN_QUEUED);
	fix_ack(&c, 10 * MSS);
	assert_true(c.rto_at);		/* or nobody would ever ask for it */
	assert_int_equal(fix_tx(&c, fix_req(&c, 10 * MSS, 10, ETRAN_TX_FIN),
				NULL), TCP_TX_SEND);
}

static void notify__first_and_last(void **state)
{
	int i;

	(void)state;
	for (i = 0; i < 6; i++)
		fix_tx(&c, fix_req(&c, i * MSS, MSS, i % 2 ? ETRAN_TX_NOTIFY : 0),
		       NULL);
	assert_false(fix_ack(&c, MSS).flags);
	assert_int_equal(fix_ack(&c, 2 * MSS).flags, ETRAN_RX_NOTIFY);
	assert_false(fix_ack(&c, 3 * MSS).flags);
	assert_int_equal(fix_ack(&c, 6 * MSS).flags, ETRAN_RX_NOTIFY);
	assert_false(c.flags & TCP_F_NOTIFY);
}

static void notify__waits_for_room(void **state)
{
	struct tcp_seg seg;
	struct tcp_rx rx;

	(void)state;
	fix_tx(&c, fix_req(&c, 0, MSS, ETRAN_TX_NOTIFY), NULL);
	seg = fix_seg(&c);
	seg.ack = tcp_snd_wire(&c, MSS);
	assert_int_equal(fix_rcv(&c, seg, 0).act, 0);
	rx = fix_data(&c, 0, 10, 0, 1);	/* travels with data */
	assert_int_equal(rx.flags, ETRAN_RX_NOTIFY);
	assert_int_equal(rx.len, 10);
}

static void wnd__edge_holds(void **state)
{
	uint64_t edge, last = 0;
	uint32_t rnd = 7, i;
	uint16_t wnd;

	(void)state;
	c.rcv_wscale = 5;
	for (i = 0; i < 20000; i++) {
		rnd = rnd * 1664525 + 1013904223;
		if (rnd >> 30 & 1) {
			uint16_t len = (uint16_t)(1 + (rnd >> 8) % MSS);

			if (c.rcv_nxt + len <= tcp_rcv_edge(&c))
				fix_data(&c, c.rcv_nxt, len, 0, 1);
		}
		if (rnd >> 31)
			c.rcv_consumed += (c.rcv_nxt - c.rcv_consumed) *
					  (rnd & 7) / 7;
		wnd = tcp_wnd_take(&c, !(rnd >> 29 & 1));
		edge = c.rcv_nxt + ((uint64_t)wnd << 5);
		assert_true(edge + 32 > last);
		/* rounding up may grant less than one unit too much */
		assert_true(edge < c.rcv_consumed + c.rcvbuf + 32);
		assert_true(c.rcv_adv < c.rcv_consumed + c.rcvbuf + 32);
		last = edge;
	}
	assert_true(c.rcv_nxt > 1000000);
}

static void wnd__updates_only_when_worth_it(void **state)
{
	struct etran_tx_req req;
	struct tcp_tx tx;
	uint32_t seq, wnd;

	(void)state;
	while (c.rcv_nxt < 60000)
		fix_data(&c, c.rcv_nxt, 1000, 0, 1);
	tcp_tx_gen(&c, c.gen, &seq, &wnd);
	req = fix_req(&c, 0, 0, ETRAN_TX_ACK);
	assert_int_equal(fix_tx(&c, req, &tx), TCP_TX_DROP);
	assert_int_equal(tx.stat, 0);	/* fine, only needless */
	req.rcv_off = c.rcv_nxt;
	assert_int_equal(fix_tx(&c, req, &tx), TCP_TX_SEND);
	assert_int_equal(tx.flags, TCP_ACK);
	assert_int_equal(c.rcv_consumed, c.rcv_nxt);
	tcp_wnd_take(&c, false);
	assert_int_equal(fix_tx(&c, req, &tx), TCP_TX_DROP);
	/* going back is no error and changes nothing */
	req.rcv_off = 5;
	fix_tx(&c, req, &tx);
	assert_int_equal(c.rcv_consumed, c.rcv_nxt);
}

static void gen__data_answers_too(void **state)
{
	uint32_t seq, wnd;

	(void)state;
	fix_data(&c, 0, 100, 0, 1);
	fix_send(&c, 1);
	tcp_wnd_take(&c, false);	/* as egress does when it writes headers */
	assert_false(tcp_tx_gen(&c, c.gen, &seq, &wnd));
}

static void gen__stale_generation(void **state)
{
	uint32_t seq, wnd;

	(void)state;
	fix_data(&c, 0, 100, 0, 1);
	assert_false(tcp_tx_gen(&c, c.gen + 1, &seq, &wnd));
	c.state = ETRAN_CS_FREE;
	assert_false(tcp_tx_gen(&c, c.gen, &seq, &wnd));
}

static void life__entries_are_reused_safely(void **state)
{
	struct tcp_sys_open a = {
		.state = ETRAN_CS_SYN_SENT, .rcvbuf = 50000,
	};
	struct tcp_sys_conn end = { .err = 0 };
	uint32_t gen = c.gen;

	(void)state;
	assert_int_equal(tcp_life_open(&c, &a, now), -EBUSY);
	fix_send(&c, 2);
	fix_data(&c, 0, 7, 0, 1);
	end.gen = gen;
	assert_int_equal(tcp_life_close(&c, &end), 0);
	assert_int_equal(end.seq, tcp_snd_wire(&c, 2 * MSS));
	assert_int_equal(end.ack, tcp_rcv_wire(&c, 7));
	assert_int_equal(end.state, ETRAN_CS_ESTABLISHED);
	assert_int_equal(tcp_life_close(&c, &end), -ENOENT);
	assert_int_equal(tcp_life_due(&c), 0);
	c.gen = ~0u;
	assert_int_equal(tcp_life_open(&c, &a, now), 0);
	assert_int_equal(c.gen, 1);	/* never 0 */
	assert_int_equal(c.snd_nxt | c.rcv_nxt | c.snd_queued, 0);
}

#define T(f) cmocka_unit_test_setup(f, fresh)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(req__identity), T(req__states), T(req__nonsense),
		T(req__order), T(req__lost_request_brings_an_event),
		T(req__retransmission), T(req__windows_hold),
		T(req__peer_window_holds), T(req__fin),
		T(req__refused_hold_is_taken_back), T(notify__first_and_last),
		T(notify__waits_for_room), T(wnd__edge_holds),
		T(wnd__updates_only_when_worth_it), T(gen__data_answers_too),
		T(gen__stale_generation), T(life__entries_are_reused_safely),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
