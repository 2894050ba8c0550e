// SPDX-License-Identifier: GPL-2.0-only
/*
 * Connections of one program share a TX ring: who gets the next place in it when all
 * have more to send than it takes. Frames are no limit here.
 */
#include "fake.h"

#define CONNS	6
#define LIMIT	40	/* frames of each: together more than the ring has, fewer than there are */
#define RTT	8	/* rounds */

static struct {
	struct etran_sock *s;
	size_t size;		/* of a write, 0: silent */
	uint64_t sent;
	uint64_t notify;
} c[CONNS];

static struct {
	uint32_t f;
	struct etran_tx_req r;
	int due;
} nic[FAKE_FRAMES];

static unsigned int nr_nic, now;
static uint64_t sent_by_all;

static int setup(void **state)
{
	unsigned int i;

	fake_setup(state);
	et_st.tx_limit = LIMIT;
	memset(c, 0, sizeof(c));
	nr_nic = 0;
	now = 0;
	sent_by_all = 0;
	for (i = 0; i < CONNS; i++)
		c[i].s = fake_open(i, 7);
	return 0;
}

static void acked(const struct etran_tx_req *r)
{
	struct etran_rx_hdr h = { .slot = r->conn - 100, .gen = 7, .data = 66,
				  .flags = ETRAN_RX_NOTIFY };

	h.ack = r->off + r->len;
	fake_pub[h.slot].snd_una = h.ack;
	if (c[h.slot].notify && h.ack >= c[h.slot].notify) {
		assert_true(fake_deliver(&h, ""));
		c[h.slot].notify = 0;
	}
}

/* The NIC takes @most packets; those of a round-trip time ago are acknowledged. */
static void kernel_round(unsigned int most)
{
	struct etran_tx_req r;
	unsigned int i, n;
	uint32_t f;

	now++;
	while (most-- && fake_take(&f, &r)) {
		n = r.conn - 100;
		c[n].sent += r.len;
		sent_by_all += r.len;
		fake_pub[n].snd_nxt = r.off + r.len;
		if (r.flags & ETRAN_TX_NOTIFY)
			c[n].notify = r.off + r.len;
		nic[nr_nic].f = f;
		nic[nr_nic].r = r;
		nic[nr_nic++].due = now + RTT;
	}
	for (i = 0; i < nr_nic && nic[i].due <= (int)now; i++) {
		fake_complete(nic[i].f);
		acked(&nic[i].r);
	}
	nr_nic -= i;
	memmove(nic, nic + i, nr_nic * sizeof(nic[0]));
	etran_service();
}

static void write_all_that_goes(void)
{
	static const uint8_t buf[65536];
	unsigned int i;

	for (i = 0; i < CONNS; i++)
		while (c[i].size && fake_send(c[i].s, buf, c[i].size) > 0)
			;
}

static void run(unsigned int rounds)
{
	while (rounds--) {
		write_all_that_goes();
		kernel_round(4);
	}
}

/* Shares of the backlogged after a long time: nobody a tenth above another. */
static void check_shares(void)
{
	uint64_t most = 0, least = UINT64_MAX;
	unsigned int i;

	run(50);
	for (i = 0; i < CONNS; i++)
		c[i].sent = 0;
	run(5000);
	for (i = 0; i < CONNS; i++) {
		print_message("# writes of %zu: %lu\n", c[i].size, c[i].sent);
		most = c[i].sent > most ? c[i].sent : most;
		least = c[i].sent < least ? c[i].sent : least;
	}
	assert_true(most - least < most / 10);
}

static void bulk_shares_alike(void **state)
{
	unsigned int i;

	(void)state;
	for (i = 0; i < CONNS; i++)
		c[i].size = 65536;
	check_shares();
}

/* Small writes fill whole frames while they wait for room in the ring. */
static void size_of_writes_does_not_matter(void **state)
{
	static const size_t sizes[CONNS] = { 64, 65536, 300, 65536, 1000, 10000 };
	unsigned int i;

	(void)state;
	for (i = 0; i < CONNS; i++)
		c[i].size = sizes[i];
	check_shares();
}

/* At most a turn of each other one is before it, and what is in the ring. */
static void a_message_is_soon_out(void **state)
{
	const uint64_t soon = (CONNS - 1) * (TURN + FAKE_MSS) + 64 * FAKE_MSS;
	unsigned int i, n;
	uint64_t before;

	(void)state;
	for (i = 1; i < CONNS; i++)
		c[i].size = 65536;
	run(100);
	for (n = 0; n < 50; n++) {
		before = sent_by_all;
		c[0].sent = 0;
		assert_int_equal(fake_send(c[0].s, "0123456789", 10), 10);
		while (!c[0].sent) {
			run(1);
			assert_true(sent_by_all - before <= soon);
		}
		run(n % 7);
	}
}

/* One may go while it waits, from any place in the list. */
static void who_waits_may_go(void **state)
{
	unsigned int i, gone, waited = 0;

	(void)state;
	for (gone = 0; gone < CONNS; gone++) {
		for (i = 0; i < CONNS; i++)
			c[i].size = i < gone ? 0 : 65536;
		run(20);
		waited += c[gone].s->pending;
		et_lock();
		et_sock_free(c[gone].s);
		et_unlock();
		c[gone].size = 0;
	}
	assert_true(waited >= CONNS / 2);
	for (i = 0; i < 200; i++)
		kernel_round(4);
	fake_balance(true);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(bulk_shares_alike, setup, fake_teardown),
		cmocka_unit_test_setup_teardown(size_of_writes_does_not_matter, setup,
						fake_teardown),
		cmocka_unit_test_setup_teardown(a_message_is_soon_out, setup, fake_teardown),
		cmocka_unit_test_setup_teardown(who_waits_may_go, setup, fake_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
