// SPDX-License-Identifier: GPL-2.0-only
/*
 * CUBIC, against RFC 9438's formulas in floating point.
 *
 * link: -lm
 */
#include <math.h>

#include "unit.h"

#define BETA	0.7
#define C	0.4

static void cube_root(void **state)
{
	uint64_t r, x;

	(void)state;
	for (x = 0; x < 100000; x++) {
		r = tcp_cube_root(x);
		assert_true(r * r * r <= x && x < (r + 1) * (r + 1) * (r + 1));
	}
	for (r = 1; r < 1000000; r += 997) {
		assert_int_equal(tcp_cube_root(r * r * r), r);
		assert_int_equal(tcp_cube_root(r * r * r - 1), r - 1);
	}
	assert_int_equal(tcp_cube_root((1ULL << 60) - 1), (1 << 20) - 1);
}

/* @nr segments are in flight, the window is @cwnd, one is lost. */
static void lose(struct tcp_conn *c, uint32_t cwnd, uint32_t nr)
{
	fix_open(c);
	c->cwnd = cwnd * MSS;
	c->snd_queued = nr * MSS;
	c->snd_nxt = nr * MSS;
	tcp_cubic_loss(c);
}

static void loss(void **state)
{
	struct tcp_conn c;

	(void)state;
	lose(&c, 100, 100);
	assert_int_equal(c.ssthresh, 70 * MSS);
	assert_int_equal(c.cubic_max, 100 * MSS);
	assert_int_equal(c.cubic_prior, 100 * MSS);
	/* A window twice as large as what is in flight counts, a larger one not. */
	lose(&c, 190, 100);
	assert_int_equal(c.ssthresh, 133 * MSS);
	lose(&c, 1000, 100);
	assert_int_equal(c.ssthresh, 140 * MSS);
	lose(&c, 2, 1);
	assert_int_equal(c.ssthresh, 2 * MSS);
	/* Fast convergence: it did not get back to where it was. */
	lose(&c, 100, 100);
	c.cwnd = 80 * MSS;
	tcp_cubic_loss(&c);
	assert_int_equal(c.cubic_max, 68 * MSS);
	assert_int_equal(c.cubic_prior, 80 * MSS);
	/* In recovery the window is inflated. */
	lose(&c, 100, 100);
	c.flags |= TCP_F_RECOVERY;
	c.cwnd = 150 * MSS;
	tcp_cubic_loss(&c);
	assert_int_equal(c.ssthresh, 49 * MSS);
}

/* Congestion avoidance for @seconds, with all of the window in use. */
static void avoid(struct tcp_conn *c, uint32_t rtt_ms, double seconds)
{
	uint64_t end = now + (uint64_t)(seconds * 1e9), acked;

	c->srtt_us = rtt_ms * 1000 << 3;
	while (now < end) {
		/* an ACK for two segments at a time */
		for (acked = 0; acked < c->cwnd; acked += 2 * MSS)
			tcp_cubic_grow(c, 2 * MSS, now + rtt_ms * MS * acked / c->cwnd);
		now += rtt_ms * MS;
	}
}

/* On a long path the window is the curve's. */
static void curve(void **state)
{
	double max = 1000, k = cbrt(max * (1 - BETA) / C), t;
	struct tcp_conn c;
	uint64_t begin, ms, at;

	(void)state;
	lose(&c, 1000, 1000);
	c.cwnd = c.ssthresh;
	begin = now;
	for (t = 0.5; t < 2 * k; t += 0.5) {
		avoid(&c, 100, 0.5);
		t = (now - begin) / 1e9;
		assert_in_range(c.cwnd / MSS,
				(uint32_t)(max + C * pow(t - 0.2 - k, 3)) - 12,
				(uint32_t)(max + C * pow(t + 0.1 - k, 3)) + 12);
	}
	assert_true(c.cwnd > max * MSS);
	/* It rises for ever, or stays. */
	for (at = 0, ms = 1; ms < 1ULL << 60; ms *= 2) {
		assert_true(tcp_cubic_curve(&c, ms) >= at);
		at = tcp_cubic_curve(&c, ms);
	}
}

/* On a short one it is Reno's: from 0.7 by 9/17 of a segment in a round trip. */
static void friendly(void **state)
{
	struct tcp_conn c;

	(void)state;
	lose(&c, 40, 40);
	c.cwnd = c.ssthresh;
	avoid(&c, 2, 0.034);
	assert_in_range(c.cwnd, 36 * MSS, 38 * MSS);
	avoid(&c, 2, 0.012);
	assert_in_range(c.cwnd, 39 * MSS, 41 * MSS);
	/* Once it is where it was, by a whole one. */
	avoid(&c, 2, 0.040);
	assert_in_range(c.cwnd, 56 * MSS, 62 * MSS);
}

static void after_timeout(void **state)
{
	struct tcp_conn c;

	(void)state;
	lose(&c, 100, 100);
	tcp_cc_timeout(&c, now);
	assert_int_equal(c.cwnd, MSS);
	assert_int_equal(c.ssthresh, 70 * MSS);
	/* The curve begins with where slow start ends. */
	c.cwnd = c.ssthresh;
	tcp_cubic_grow(&c, MSS, now);
	assert_int_equal(c.cubic_max, 70 * MSS);
	assert_int_equal(c.cubic_k, 0);
}

/* Time during which nothing was sent is not time to grow by. */
static void idle(void **state)
{
	struct tcp_conn c;

	(void)state;
	fix_open(&c);
	c.ssthresh = 10 * MSS;
	fix_send(&c, 10);
	now += 10 * MS;
	fix_ack(&c, 10 * MSS);
	assert_int_equal(c.cubic_at, now);
	now += 3600 * 1000 * MS;
	fix_send(&c, 11);
	now += 10 * MS;
	fix_ack(&c, 21 * MSS);
	assert_int_equal(c.cubic_at, now);
	assert_in_range(c.cwnd, 10 * MSS, 12 * MSS);
}

/* One call grows it by half of what is acknowledged at most, or by Reno's step. */
static void bounds(void **state)
{
	uint32_t i, before, acked;
	struct tcp_conn c;

	(void)state;
	srand(1);
	for (i = 0; i < 200000; i++) {
		lose(&c, 2 + rand() % 2000, 1 + rand() % 2000);
		c.cwnd = 1 + (uint32_t)rand() % (TCP_CWND_MAX + 1);
		c.cubic_max = (uint32_t)rand() % (TCP_CWND_MAX + 1);
		c.srtt_us = (uint32_t)rand();
		tcp_cubic_grow(&c, 1, now);
		before = c.cwnd;
		acked = 1 + rand() % 100000;
		tcp_cubic_grow(&c, acked, now + ((uint64_t)rand() << (rand() % 33)));
		assert_in_range(c.cwnd, before, TCP_CWND_MAX);
		assert_true(c.cwnd - before <= acked / 2 + MSS);
	}
}

static void window_not_used(void **state)
{
	struct tcp_conn c;
	int i;

	(void)state;
	fix_open(&c);
	c.cwnd = 20 * MSS;
	c.ssthresh = 10 * MSS;
	for (i = 0; i < 100; i++) {
		fix_send(&c, 15);
		now += 10 * MS;
		fix_ack(&c, c.snd_nxt);
	}
	assert_int_equal(c.cwnd, 20 * MSS);
}

/* The peer's window keeps the rest back, not ours. */
static void peer_window(void **state)
{
	struct tcp_conn c;
	struct tcp_seg seg;
	int i;

	(void)state;
	fix_open(&c);
	c.cwnd = 20 * MSS;
	c.ssthresh = 10 * MSS;
	c.wnd_lim = 14 * MSS;
	fix_send(&c, 14);
	for (i = 0; i < 20; i++) {
		assert_int_equal(fix_tx(&c, fix_req(&c, c.snd_queued, MSS, 0), NULL),
				 TCP_TX_HOLD);
		now += 10 * MS;
		seg = fix_seg(&c);
		seg.ack = tcp_snd_wire(&c, c.snd_nxt);
		seg.wnd = 14 * MSS / 4;
		fix_rcv(&c, seg, 1);
		assert_int_equal(c.cwnd, 20 * MSS);
		assert_int_equal(tcp_tx_held(&c, c.snd_nxt, c.snd_queued, c.gen, now),
				 TCP_TX_SEND);
		fix_send(&c, 13);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cube_root),
		cmocka_unit_test(loss),
		cmocka_unit_test(curve),
		cmocka_unit_test(friendly),
		cmocka_unit_test(after_timeout),
		cmocka_unit_test(idle),
		cmocka_unit_test(bounds),
		cmocka_unit_test(window_not_used),
		cmocka_unit_test(peer_window),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
