// SPDX-License-Identifier: GPL-2.0-only
/* When data is acknowledged: with an answer, late, or at once. */
#include "unit.h"

#define LEN	100

static struct tcp_conn c;
static uint64_t in;		/* bytes that came so far */

static int fresh(void **state)
{
	(void)state;
	fix_open(&c);
	in = 0;
	return 0;
}

/* The next @len bytes of the peer. */
static struct tcp_rx get(uint16_t len)
{
	struct tcp_rx rx = fix_data(&c, in, len, TCP_PSH, 1);

	in += len;
	c.rcv_consumed = c.rcv_nxt;
	return rx;
}

static void answer(void)
{
	struct tcp_tx tx;

	assert_int_equal(fix_tx(&c, fix_req(&c, c.snd_queued, LEN, 0), &tx),
			 TCP_TX_SEND);
	tcp_wnd_take(&c, false);
	assert_int_equal(c.last_ack, in);
}

/* What gen does for TCP_A_ACK. */
static void acked_at_once(struct tcp_rx rx)
{
	uint32_t seq, wnd;

	assert_true(rx.act & TCP_A_ACK);
	assert_true(tcp_tx_gen(&c, c.gen, &seq, &wnd));
	assert_int_equal(c.last_ack, in);
	assert_false(tcp_tx_gen(&c, c.gen, &seq, &wnd));
}

/* A connection that has answered once. */
static void converse(void)
{
	acked_at_once(get(LEN));
	now += MS;
	answer();
	fix_ack(&c, c.snd_nxt);
}

static void conversation__needs_no_pure_ack(void **state)
{
	struct tcp_rx rx;
	int i, timers = 0;

	(void)state;
	converse();
	for (i = 0; i < 1000; i++) {
		now += MS;
		rx = get(LEN);
		assert_false(rx.act & TCP_A_ACK);
		assert_true(rx.act & TCP_A_DELIVER);
		if (rx.act & TCP_A_DELACK)
			timers++;
		fix_ack(&c, c.snd_nxt);
		now += MS;
		answer();
		assert_false(c.flags & TCP_F_DELACK);
	}
	/* the timer is left alone while it waits */
	assert_int_equal(timers, 1);
}

static void silence__is_acknowledged_late_and_only_once(void **state)
{
	struct tcp_rx rx;
	uint64_t wait;

	(void)state;
	converse();
	rx = get(LEN);
	assert_int_equal(rx.act, TCP_A_DELIVER | TCP_A_DELACK);
	now += TCP_DELACK_NS - MS;
	memset(&rx, 0, sizeof(rx));
	wait = tcp_delack_run(&c, &rx, now);	/* ran for another reason */
	assert_int_equal(wait, MS);
	assert_int_equal(rx.act, 0);
	now += wait;
	assert_int_equal(tcp_delack_run(&c, &rx, now), 0);
	acked_at_once(rx);
	/* it does not answer: no more waiting until it does */
	acked_at_once(get(LEN));
	acked_at_once(get(LEN));
	answer();
	assert_int_equal(get(LEN).act, TCP_A_DELIVER | TCP_A_DELACK);
}

static void timer__looks_for_the_latest(void **state)
{
	struct tcp_rx rx = { 0 };

	(void)state;
	converse();
	assert_true(get(LEN).act & TCP_A_DELACK);
	now += 10 * MS;
	answer();
	now += 20 * MS;
	assert_false(get(LEN).act & TCP_A_DELACK);
	now += 10 * MS;
	/* armed for the first one, which went with the answer */
	assert_int_equal(tcp_delack_run(&c, &rx, now), TCP_DELACK_NS - 10 * MS);
	assert_int_equal(rx.act, 0);
	answer();
	assert_int_equal(tcp_delack_run(&c, &rx, now), 0);
	assert_int_equal(rx.act, 0);
	assert_true(get(LEN).act & TCP_A_DELACK);
}

static void second_segment__at_once(void **state)
{
	(void)state;
	converse();
	assert_false(get(MSS).act & TCP_A_ACK);
	acked_at_once(get(1));
	assert_false(c.flags & TCP_F_DELACK);
	/* many small ones count by their bytes */
	assert_false(get(MSS / 2).act & TCP_A_ACK);
	assert_false(get(MSS / 2).act & TCP_A_ACK);
	acked_at_once(get(MSS / 2));
}

static void disorder__at_once(void **state)
{
	struct tcp_rx rx;

	(void)state;
	converse();
	rx = fix_data(&c, in + LEN, LEN, 0, 1);
	assert_true(rx.act & TCP_A_DUPACK);
	in += LEN;
	rx = fix_data(&c, in - LEN, LEN, 0, 1);	/* fills the gap */
	in += LEN;
	acked_at_once(rx);
	rx = fix_data(&c, in - LEN, LEN, 0, 1);	/* a duplicate */
	assert_true(rx.act & TCP_A_ACK);
	acked_at_once(rx);
}

static void end__waits_for_ours(void **state)
{
	struct tcp_tx tx;
	struct tcp_rx rx;

	(void)state;
	converse();
	rx = fix_data(&c, in, LEN, TCP_FIN, 1);
	in += LEN + 1;
	assert_int_equal(rx.act, TCP_A_DELIVER | TCP_A_DELACK);
	assert_int_equal(fix_tx(&c, fix_req(&c, c.snd_queued, 0, ETRAN_TX_FIN), &tx),
			 TCP_TX_SEND);
	tcp_wnd_take(&c, false);
	assert_int_equal(c.last_ack, in);
	assert_false(c.flags & TCP_F_DELACK);
}

static void end__behind_ours_at_once(void **state)
{
	struct tcp_tx tx;
	struct tcp_rx rx;

	(void)state;
	converse();
	assert_int_equal(fix_tx(&c, fix_req(&c, c.snd_queued, 0, ETRAN_TX_FIN), &tx),
			 TCP_TX_SEND);
	tcp_wnd_take(&c, false);
	rx = fix_data(&c, in, LEN, TCP_FIN, 1);
	in += LEN + 1;
	acked_at_once(rx);
}

static void one_way__never_waits(void **state)
{
	int i;

	(void)state;
	for (i = 0; i < 100; i++) {
		acked_at_once(get(LEN));
		now += MS;
	}
	/* an answer long afterwards is none */
	now += TCP_DELACK_NS;
	answer();
	acked_at_once(get(LEN));
}

static void sender__is_not_a_receiver(void **state)
{
	(void)state;
	fix_send(&c, 5);
	fix_ack(&c, c.snd_nxt);
	assert_false(c.flags & TCP_F_ANSWERS);
}

static void refused_timer__next_data_tries_again(void **state)
{
	(void)state;
	converse();
	assert_true(get(LEN).act & TCP_A_DELACK);
	tcp_delack_refused(&c);
	assert_true(get(LEN).act & TCP_A_DELACK);
}

static void ended__timer_does_nothing(void **state)
{
	struct tcp_rx rx = { 0 };

	(void)state;
	converse();
	assert_true(get(LEN).act & TCP_A_DELACK);
	c.state = ETRAN_CS_RESET;
	assert_int_equal(tcp_delack_run(&c, &rx, now + 1000 * MS), 0);
	assert_int_equal(rx.act, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(conversation__needs_no_pure_ack, fresh),
		cmocka_unit_test_setup(silence__is_acknowledged_late_and_only_once, fresh),
		cmocka_unit_test_setup(timer__looks_for_the_latest, fresh),
		cmocka_unit_test_setup(second_segment__at_once, fresh),
		cmocka_unit_test_setup(disorder__at_once, fresh),
		cmocka_unit_test_setup(end__waits_for_ours, fresh),
		cmocka_unit_test_setup(end__behind_ours_at_once, fresh),
		cmocka_unit_test_setup(one_way__never_waits, fresh),
		cmocka_unit_test_setup(sender__is_not_a_receiver, fresh),
		cmocka_unit_test_setup(refused_timer__next_data_tries_again, fresh),
		cmocka_unit_test_setup(ended__timer_does_nothing, fresh),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
