// SPDX-License-Identifier: GPL-2.0-only
/* Round-trip time, time-outs, NewReno recovery, window probes. */
#include "unit.h"

static void rtt__first_sample(void **state)
{
	struct tcp_conn c = { 0 };

	(void)state;
	assert_int_equal(tcp_rto_us(&c, 0), 1000000);
	tcp_rtt_sample(&c, 300000);
	/* RFC 6298 (2.2): SRTT = R, RTTVAR = R/2, RTO = SRTT + 4 * RTTVAR */
	assert_int_equal(c.srtt_us >> 3, 300000);
	assert_int_equal(tcp_rto_us(&c, 0), 300000 + 4 * 150000);
}

static void rtt__following_samples(void **state)
{
	struct tcp_conn c = { 0 };
	double srtt = 200000, var = 100000, r;
	int i;

	(void)state;
	tcp_rtt_sample(&c, 200000);
	for (i = 0; i < 200; i++) {
		r = 150000 + i * 7919 % 100000;
		tcp_rtt_sample(&c, (uint64_t)r);
		/* RFC 6298 (2.3) */
		var = 0.75 * var + 0.25 * (srtt > r ? srtt - r : r - srtt);
		srtt = 0.875 * srtt + 0.125 * r;
		assert_in_range((c.srtt_us >> 3), (uint32_t)srtt - 20,
				(uint32_t)srtt + 20);
		assert_in_range(c.rttvar_us, (uint32_t)(4 * var) - 80,
				(uint32_t)(4 * var) + 80);
	}
}

static void rtt__bounds(void **state)
{
	struct tcp_conn c = { 0 };
	int i;

	(void)state;
	for (i = 0; i < 100; i++)
		tcp_rtt_sample(&c, 0);
	assert_true(c.srtt_us > 0);
	assert_int_equal(tcp_rto_us(&c, 0), TCP_RTO_MIN_US);
	assert_int_equal(tcp_rto_us(&c, 3), TCP_RTO_MIN_US * 8);
	assert_int_equal(tcp_rto_us(&c, 4000000000u), TCP_RTO_MAX_US);
	tcp_rtt_sample(&c, ~0ULL);
	for (i = 0; i < 100; i++)
		tcp_rtt_sample(&c, ~0ULL);
	assert_int_equal(tcp_rto_us(&c, 0), TCP_RTO_MAX_US);
}

static void rtt__karn(void **state)
{
	struct tcp_conn c;
	struct tcp_seg seg;

	(void)state;
	fix_open(&c);
	fix_send(&c, 2);
	assert_int_equal(c.rtt_at, now);
	/* Sent again: without time stamps its ACK says nothing. */
	assert_int_equal(fix_tx(&c, fix_req(&c, 0, MSS, 0), NULL), TCP_TX_SEND);
	assert_int_equal(c.rtt_at, 0);
	now += 30 * MS;
	seg = fix_seg(&c);
	seg.has_ts = 0;
	c.flags &= ~TCP_F_TS;
	seg.ack = tcp_snd_wire(&c, MSS);
	fix_rcv(&c, seg, 1);
	assert_int_equal(c.snd_una, MSS);
	assert_int_equal(c.srtt_us, 0);
	/* With them it does. */
	c.flags |= TCP_F_TS;
	seg.has_ts = 1;
	seg.tsecr = tcp_now_ms(now) - 30;
	seg.ack = tcp_snd_wire(&c, 2 * MSS);
	fix_rcv(&c, seg, 1);
	assert_int_equal(c.srtt_us >> 3, 30000);
}

static void reno__slow_start(void **state)
{
	struct tcp_conn c;

	(void)state;
	fix_open(&c);
	assert_int_equal(c.cwnd, 10 * MSS);
	fix_send(&c, 10);
	fix_ack(&c, 3 * MSS);
	assert_int_equal(c.cwnd, 13 * MSS);
	fix_ack(&c, 10 * MSS);
	assert_int_equal(c.cwnd, 20 * MSS);
}

static void reno__idle_window_does_not_grow(void **state)
{
	struct tcp_conn c;
	int i;

	(void)state;
	fix_open(&c);
	for (i = 1; i < 100; i++) {
		fix_send(&c, 1);
		fix_ack(&c, i * MSS);
	}
	assert_int_equal(c.cwnd, 10 * MSS);
}

static void reno__congestion_avoidance(void **state)
{
	struct tcp_conn c;
	int i;

	(void)state;
	fix_open(&c);
	c.ssthresh = 10 * MSS;
	fix_send(&c, 10);
	for (i = 1; i < 10; i++) {
		fix_ack(&c, i * MSS);
		assert_int_equal(c.cwnd, 10 * MSS);
		fix_send(&c, 1);
	}
	/* one segment more a round trip */
	fix_ack(&c, 10 * MSS);
	assert_int_equal(c.cwnd, 11 * MSS);
}

/* Ten in flight, the first one is lost. */
static void lose_first(struct tcp_conn *c)
{
	struct tcp_rx rx;

	fix_open(c);
	fix_send(c, 10);
	now += 10 * MS;
	rx = fix_ack(c, 0);
	assert_int_equal(c->dupacks, 1);
	assert_int_equal(rx.act, 0);
	/* RFC 3042: two more may go. */
	assert_int_equal(tcp_snd_limit(c), 11 * MSS);
	fix_ack(c, 0);
	assert_int_equal(tcp_snd_limit(c), 12 * MSS);
	assert_int_equal(c->cwnd, 10 * MSS);
	rx = fix_ack(c, 0);
	assert_true(rx.stat & TCP_S_FAST);
	assert_true(rx.act & TCP_A_DELIVER);
	assert_int_equal(rx.flags, ETRAN_RX_REXMIT);
	assert_int_equal(rx.rexmit, 0);
	assert_int_equal(rx.len, 0);
	assert_true(c->flags & TCP_F_RECOVERY);
	assert_int_equal(c->ssthresh, 7 * MSS);
	assert_int_equal(c->cwnd, 10 * MSS);
	assert_int_equal(c->recover_off, 10 * MSS);
}

static void reno__fast_retransmit_and_full_ack(void **state)
{
	struct tcp_conn c;

	(void)state;
	lose_first(&c);
	fix_ack(&c, 0);
	assert_int_equal(c.cwnd, 11 * MSS);
	assert_int_equal(fix_tx(&c, fix_req(&c, 0, MSS, 0), NULL), TCP_TX_SEND);
	now += 10 * MS;
	fix_ack(&c, 10 * MSS);
	assert_false(c.flags & TCP_F_RECOVERY);
	/* RFC 6582 step 3 */
	assert_int_equal(c.cwnd, c.ssthresh);
	assert_int_equal(c.dupacks, 0);
}

/* Nothing new could be sent meanwhile: no burst of a large window afterwards. */
static void reno__no_burst_behind_recovery(void **state)
{
	struct tcp_conn c;

	(void)state;
	fix_open(&c);
	c.cwnd = 60 * MSS;
	c.snd_queued = 50 * MSS;
	c.snd_nxt = 50 * MSS;
	fix_ack(&c, 0);
	fix_ack(&c, 0);
	assert_true(fix_ack(&c, 0).stat & TCP_S_FAST);
	assert_int_equal(c.ssthresh, 42 * MSS);
	now += 10 * MS;
	fix_ack(&c, 50 * MSS);
	assert_false(c.flags & TCP_F_RECOVERY);
	assert_int_equal(c.cwnd, TCP_INIT_CWND * MSS);
	/* It is in slow start, up to what the loss has left. */
	fix_send(&c, 10);
	fix_ack(&c, 60 * MSS);
	assert_int_equal(c.cwnd, 20 * MSS);
}

static void reno__partial_acks(void **state)
{
	struct tcp_conn c;
	struct tcp_rx rx;

	(void)state;
	lose_first(&c);
	now += 10 * MS;
	rx = fix_ack(&c, 4 * MSS);
	assert_true(c.flags & TCP_F_RECOVERY);
	assert_true(rx.flags & ETRAN_RX_REXMIT);
	assert_int_equal(rx.rexmit, 4 * MSS);
	assert_int_equal(c.cwnd, 7 * MSS);
	rx = fix_ack(&c, 7 * MSS);
	assert_int_equal(rx.rexmit, 7 * MSS);
	fix_ack(&c, 10 * MSS);
	assert_false(c.flags & TCP_F_RECOVERY);
}

static void reno__no_second_reaction_below_recover(void **state)
{
	struct tcp_conn c;
	int i;

	(void)state;
	lose_first(&c);
	now += 10 * MS;
	c.recover_off = 12 * MSS;
	c.flags &= ~TCP_F_RECOVERY;
	for (i = 0; i < 5; i++)
		assert_false(fix_ack(&c, 0).stat & TCP_S_FAST);
}

static void reno__report_waits_for_room(void **state)
{
	struct tcp_conn c;
	struct tcp_rx rx;
	struct tcp_seg seg;
	int i;

	(void)state;
	fix_open(&c);
	fix_send(&c, 10);
	seg = fix_seg(&c);
	for (i = 0; i < 3; i++)
		rx = fix_rcv(&c, seg, 0);
	assert_int_equal(rx.act, 0);
	assert_true(c.flags & TCP_F_REXMIT_HINT);
	rx = fix_rcv(&c, seg, 1);
	assert_true(rx.flags & ETRAN_RX_REXMIT);
	assert_int_equal(rx.rexmit, 0);
	rx = fix_rcv(&c, seg, 1);
	assert_int_equal(rx.flags, 0);
}

static void reno__window_update_is_no_duplicate(void **state)
{
	struct tcp_conn c;
	struct tcp_seg seg;
	int i;

	(void)state;
	fix_open(&c);
	fix_send(&c, 10);
	seg = fix_seg(&c);
	for (i = 0; i < 5; i++) {
		seg.wnd++;
		fix_rcv(&c, seg, 1);
	}
	assert_int_equal(c.dupacks, 0);
	/* Nor is data. */
	for (i = 0; i < 5; i++)
		fix_data(&c, 100 * i, 100, 0, 1);
	assert_int_equal(c.dupacks, 0);
}

static void undo__by_time_stamp(void **state)
{
	struct tcp_conn c;
	struct tcp_seg seg;
	struct tcp_rx rx;

	(void)state;
	lose_first(&c);
	/* The late original is acknowledged: it echoes the time it left. */
	now += 2 * MS;
	seg = fix_seg(&c);
	seg.ack = tcp_snd_wire(&c, 10 * MSS);
	seg.tsecr = tcp_now_ms(START);
	rx = fix_rcv(&c, seg, 1);
	assert_true(rx.stat & TCP_S_UNDO);
	assert_false(c.flags & TCP_F_RECOVERY);
	assert_true(c.cwnd >= 10 * MSS);
	assert_int_equal(c.ssthresh, TCP_CWND_MAX);
}

static void undo__not_after_a_real_loss(void **state)
{
	struct tcp_conn c;
	struct tcp_rx rx;

	(void)state;
	lose_first(&c);
	now += 2 * MS;
	rx = fix_ack(&c, 10 * MSS);	/* echoes now */
	assert_false(rx.stat & TCP_S_UNDO);
	assert_int_equal(c.ssthresh, 7 * MSS);
}

static struct tcp_rx tick_at(struct tcp_conn *c, uint64_t at)
{
	struct tcp_rx rx = { 0 };

	now = at;
	tcp_life_tick(c, &rx, now);
	c->ev_owed = 0;
	return rx;
}

static void rto__backs_off_and_gives_up(void **state)
{
	struct tcp_conn c;
	struct tcp_rx rx;
	uint64_t due, last = 0;
	int i;

	(void)state;
	fix_open(&c);
	fix_send(&c, 10);
	assert_int_equal(c.rto_at, now + 1000 * MS);
	assert_int_equal(tick_at(&c, c.rto_at - 1).event, 0);
	rx = tick_at(&c, c.rto_at);
	assert_int_equal(rx.event, TCP_EV(TCP_EV_RTO));
	assert_int_equal(c.cwnd, MSS);
	assert_int_equal(c.ssthresh, 7 * MSS);
	assert_int_equal(c.rto_at, now + 2000 * MS);
	for (i = 1; i < TCP_MAX_BACKOFF; i++) {
		due = c.rto_at - now;
		assert_true(due >= last);
		assert_true(due <= TCP_RTO_MAX_US * 1000ULL);
		last = due;
		rx = tick_at(&c, c.rto_at);
		assert_int_equal(rx.event, TCP_EV(TCP_EV_RTO));
		assert_int_equal(c.ssthresh, 7 * MSS);	/* reduced once */
	}
	rx = tick_at(&c, c.rto_at);
	assert_int_equal(rx.event, TCP_EV(TCP_EV_RESET));
	assert_int_equal(c.state, ETRAN_CS_RESET);
	assert_int_equal(c.err, ETIMEDOUT);
	assert_int_equal(tcp_life_due(&c), 0);
}

static void rto__sends_all_again_as_the_window_grows(void **state)
{
	struct tcp_conn c;
	struct tcp_rx rx;

	(void)state;
	fix_open(&c);
	fix_send(&c, 10);
	tick_at(&c, c.rto_at);
	assert_int_equal(tcp_snd_limit(&c), MSS);
	assert_int_equal(fix_tx(&c, fix_req(&c, 0, MSS, 0), NULL), TCP_TX_SEND);
	rx = fix_ack(&c, MSS);
	assert_int_equal(rx.flags, ETRAN_RX_REXMIT);
	assert_int_equal(rx.rexmit, MSS);
	assert_int_equal(rx.rexmit_nr, 2);
	/* The same is not asked for twice. */
	rx = fix_ack(&c, MSS);
	assert_int_equal(rx.flags, 0);
	fix_tx(&c, fix_req(&c, MSS, MSS, 0), NULL);
	fix_tx(&c, fix_req(&c, 2 * MSS, MSS, 0), NULL);
	rx = fix_ack(&c, 2 * MSS);
	assert_int_equal(rx.rexmit, 3 * MSS);
	assert_int_equal(rx.rexmit_nr, 2);
	/* The peer had the rest. */
	rx = fix_ack(&c, 10 * MSS);
	assert_int_equal(rx.flags, 0);
	assert_false(c.flags & TCP_F_RTO);
	assert_int_equal(c.rto_at, 0);
}

/* ACKs that come before the tenant has acted ask for nothing twice. */
static void rto__asks_once(void **state)
{
	struct tcp_conn c;

	(void)state;
	fix_open(&c);
	fix_send(&c, 10);
	tick_at(&c, c.rto_at);
	fix_tx(&c, fix_req(&c, 0, MSS, 0), NULL);
	assert_int_equal(fix_ack(&c, MSS).rexmit, MSS);
	fix_tx(&c, fix_req(&c, MSS, MSS, 0), NULL);
	assert_int_equal(fix_ack(&c, MSS + 100).rexmit, 2 * MSS);
	assert_int_equal(fix_ack(&c, MSS + 200).flags, 0);
}

/* The peer had what was behind the first segment, and says so. */
static void rto__asks_once_behind_a_leap(void **state)
{
	struct tcp_conn c;
	int i;

	(void)state;
	fix_open(&c);
	fix_send(&c, 10);
	tick_at(&c, c.rto_at);
	fix_tx(&c, fix_req(&c, 0, MSS, 0), NULL);
	assert_int_equal(fix_ack(&c, 5 * MSS).rexmit, 5 * MSS);
	for (i = 5; i < 7; i++)
		fix_tx(&c, fix_req(&c, i * MSS, MSS, 0), NULL);
	assert_int_equal(c.rexmit_nxt, 7 * MSS);
	assert_int_equal(fix_ack(&c, 6 * MSS).rexmit, 7 * MSS);
}

static void rto__stops_when_all_is_acknowledged(void **state)
{
	struct tcp_conn c;

	(void)state;
	fix_open(&c);
	fix_send(&c, 2);
	now += 50 * MS;
	fix_ack(&c, MSS);
	/* (5.3): restarted for what is left */
	assert_int_equal(c.rto_at, now + tcp_rto_us(&c, 0) * 1000);
	fix_ack(&c, 2 * MSS);
	assert_int_equal(c.rto_at, 0);
	assert_int_equal(tcp_life_due(&c), 0);
}

static void probe__zero_window(void **state)
{
	struct tcp_conn c;
	struct tcp_seg seg;
	struct tcp_rx rx;
	uint32_t seq, wnd;
	uint64_t gap, last = 0;
	int i;

	(void)state;
	fix_open(&c);
	fix_send(&c, 1);
	seg = fix_seg(&c);
	seg.ack = tcp_snd_wire(&c, MSS);
	seg.wnd = 0;
	fix_rcv(&c, seg, 1);
	assert_int_equal(c.wnd_lim, MSS);
	assert_int_equal(c.probe_at, 0);	/* nothing waits */
	assert_int_equal(fix_tx(&c, fix_req(&c, MSS, MSS, 0), NULL),
			 TCP_TX_HOLD);
	assert_true(c.probe_at > now);
	assert_int_equal(c.rto_at, 0);
	for (i = 0; i < 40; i++) {
		gap = c.probe_at - now;
		assert_true(gap >= last && gap <= TCP_RTO_MAX_US * 1000ULL);
		last = gap;
		rx = tick_at(&c, c.probe_at);
		assert_true(rx.act & TCP_A_DUPACK);
		assert_true(tcp_tx_gen(&c, c.gen, &seq, &wnd));
		assert_int_equal(seq, tcp_snd_wire(&c, MSS) - 1);
		assert_false(tcp_tx_gen(&c, c.gen, &seq, &wnd));
		/* A peer that answers may keep the window shut for ever. */
		fix_rcv(&c, seg, 1);
		assert_int_equal(c.state, ETRAN_CS_ESTABLISHED);
	}
	seg.wnd = WND / 4;
	rx = fix_rcv(&c, seg, 1);
	assert_true(rx.act & TCP_A_ARM);
	assert_int_equal(tcp_tx_held(&c, MSS, 2 * MSS, c.gen, now), TCP_TX_SEND);
	assert_int_equal(c.probe_at, 0);
	assert_true(c.rto_at > now);
}

static void probe__dead_peer(void **state)
{
	struct tcp_conn c;
	struct tcp_rx rx;
	int i;

	(void)state;
	fix_open(&c);
	c.wnd_lim = 0;
	fix_tx(&c, fix_req(&c, 0, MSS, 0), NULL);
	for (i = 0; i < TCP_MAX_BACKOFF; i++)
		assert_int_equal(tick_at(&c, c.probe_at).event, 0);
	rx = tick_at(&c, c.probe_at);
	assert_int_equal(rx.event, TCP_EV(TCP_EV_RESET));
	assert_int_equal(c.err, ETIMEDOUT);
}

static void probe__window_smaller_than_a_segment(void **state)
{
	struct tcp_conn c;

	(void)state;
	fix_open(&c);
	c.wnd_lim = MSS / 2;
	assert_int_equal(fix_tx(&c, fix_req(&c, 0, MSS, 0), NULL), TCP_TX_HOLD);
	assert_int_equal(tcp_tx_held(&c, 0, MSS, c.gen, now), TCP_TX_HOLD);
	tick_at(&c, c.probe_at);
	assert_int_equal(tcp_tx_held(&c, 0, MSS, c.gen, now), TCP_TX_SEND);
	/* one only */
	fix_tx(&c, fix_req(&c, MSS, MSS, 0), NULL);
	assert_int_equal(tcp_tx_held(&c, MSS, 2 * MSS, c.gen, now),
			 TCP_TX_HOLD);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rtt__first_sample),
		cmocka_unit_test(rtt__following_samples),
		cmocka_unit_test(rtt__bounds),
		cmocka_unit_test(rtt__karn),
		cmocka_unit_test(reno__slow_start),
		cmocka_unit_test(reno__idle_window_does_not_grow),
		cmocka_unit_test(reno__congestion_avoidance),
		cmocka_unit_test(reno__fast_retransmit_and_full_ack),
		cmocka_unit_test(reno__no_burst_behind_recovery),
		cmocka_unit_test(reno__partial_acks),
		cmocka_unit_test(reno__no_second_reaction_below_recover),
		cmocka_unit_test(reno__report_waits_for_room),
		cmocka_unit_test(reno__window_update_is_no_duplicate),
		cmocka_unit_test(undo__by_time_stamp),
		cmocka_unit_test(undo__not_after_a_real_loss),
		cmocka_unit_test(rto__backs_off_and_gives_up),
		cmocka_unit_test(rto__sends_all_again_as_the_window_grows),
		cmocka_unit_test(rto__asks_once),
		cmocka_unit_test(rto__asks_once_behind_a_leap),
		cmocka_unit_test(rto__stops_when_all_is_acknowledged),
		cmocka_unit_test(probe__zero_window),
		cmocka_unit_test(probe__dead_peer),
		cmocka_unit_test(probe__window_smaller_than_a_segment),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
