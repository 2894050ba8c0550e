// SPDX-License-Identifier: GPL-2.0-only
/*
 * Streams of libetran over a fake kernel: order, loss, frames, wake-ups.
 */
#include "fake.h"

#define NET_MAX		4096
#define RTT		20	/* rounds */

/*
 * A connection from slot 0 to slot 1 over a network that loses, doubles and
 * reorders, with a kernel that holds what the window does not allow and
 * completes late and out of order.
 */
struct pkt {
	uint64_t off;
	uint16_t len;
	uint16_t flags;
	int due;
	uint8_t data[ET_MAX_PAYLOAD];
};

static struct {
	unsigned int seed, loss, dup, shuffle;
	struct pkt net[NET_MAX];
	int nr_net;
	uint32_t held[NET_MAX];		/* frames waiting for the window */
	struct etran_tx_req held_req[NET_MAX];
	int nr_held;
	uint32_t nic[NET_MAX];		/* frames not completed */
	int nr_nic;
	uint64_t queued, snd_nxt, una, cwnd, notify, fin;
	uint64_t got[64][2];		/* intervals received */
	int nr_got;
	uint64_t rcv_nxt, rcv_off;
	uint64_t stalled;		/* rounds without progress: time-out */
	bool notify_due, rexmit_due, fin_got;
	int now;
	unsigned long reports, sent, again;
} sim;

static unsigned int rnd(unsigned int n)
{
	sim.seed = sim.seed * 1103515245 + 12345;
	return (sim.seed >> 16) % n;
}

static uint8_t pattern(uint64_t i)
{
	return (i * 2654435761u) >> 13;
}

static void wire(uint32_t f, const struct etran_tx_req *req)
{
	struct pkt *p;
	unsigned int copies = rnd(100) < sim.dup ? 2 : 1;

	if (rnd(100) < sim.loss)
		copies = 0;
	while (copies--) {
		assert_true(sim.nr_net < NET_MAX);
		p = &sim.net[sim.nr_net++];
		p->off = req->off;
		p->len = req->len;
		p->flags = req->flags & ETRAN_TX_FIN;
		p->due = sim.now + RTT / 2 + (rnd(100) < sim.shuffle ? rnd(RTT) : 0);
		memcpy(p->data, et_frame_data(f) + ETRAN_TCP_ROOM, req->len);
	}
	if (req->off + req->len > sim.snd_nxt)
		sim.snd_nxt = req->off + req->len;
	sim.sent++;
	sim.nic[sim.nr_nic++] = f;
}

/* Both windows. */
static bool fits(const struct etran_tx_req *r)
{
	uint64_t lim = sim.una + sim.cwnd;

	if (lim > sim.rcv_off + FAKE_RCVBUF)
		lim = sim.rcv_off + FAKE_RCVBUF;
	return r->off + r->len <= lim;
}

/* Egress: in order the first time, hold beyond the window. */
static void egress(void)
{
	struct etran_tx_req r;
	uint32_t f;

	while (fake_take(&f, &r)) {
		assert_int_equal(r.conn - 100, r.gen - 7);
		if (r.conn == 101) {		/* the receiver's window updates */
			assert_int_equal(r.flags, ETRAN_TX_ACK);
			assert_true(r.rcv_off <= sim.rcv_nxt);
			sim.rcv_off = r.rcv_off;
			sim.nic[sim.nr_nic++] = f;
			continue;
		}
		assert_true(r.off <= sim.queued);
		if (r.off < sim.queued)
			sim.again++;
		else
			sim.queued = r.off + r.len;
		if (r.flags & ETRAN_TX_NOTIFY) {
			assert_true(!sim.notify || sim.notify == r.off + r.len);
			sim.notify = r.off + r.len;
		}
		if (r.flags & ETRAN_TX_FIN)
			sim.fin = r.off + r.len;
		if (!fits(&r)) {
			sim.held[sim.nr_held] = f;
			sim.held_req[sim.nr_held++] = r;
		} else {
			wire(f, &r);
		}
	}
}

static void release(void)
{
	int i, n = 0;

	for (i = 0; i < sim.nr_held; i++) {
		if (fits(&sim.held_req[i])) {
			wire(sim.held[i], &sim.held_req[i]);
		} else {
			sim.held[n] = sim.held[i];
			sim.held_req[n++] = sim.held_req[i];
		}
	}
	sim.nr_held = n;
}

static void complete_some(void)
{
	int i, k;
	uint32_t f;

	for (i = 0; i < sim.nr_nic; i++) {
		if (rnd(3))
			continue;
		k = rnd(sim.nr_nic);
		f = sim.nic[k];
		sim.nic[k] = sim.nic[--sim.nr_nic];
		fake_complete(f);
	}
}

static void note_got(uint64_t from, uint64_t to)
{
	int i;
	bool moved = true;

	if (to > sim.rcv_nxt) {
		sim.got[sim.nr_got][0] = from;
		sim.got[sim.nr_got++][1] = to;
	}
	while (moved) {
		moved = false;
		for (i = 0; i < sim.nr_got; i++) {
			if (sim.got[i][0] > sim.rcv_nxt)
				continue;
			if (sim.got[i][1] > sim.rcv_nxt) {
				sim.rcv_nxt = sim.got[i][1];
				moved = true;
			}
			memcpy(sim.got[i], sim.got[--sim.nr_got], sizeof(sim.got[0]));
			i--;
		}
	}
}

static void arrive(struct pkt *p)
{
	if (p->off > sim.rcv_off + FAKE_RCVBUF ||
	    (sim.nr_got >= 60 && p->off > sim.rcv_nxt))
		return;
	if (p->len && p->off + p->len <= sim.rcv_nxt)
		return;
	/* Like bpf_etran_rx_ready(): only what is taken is acknowledged. */
	if (!fake_data(1, 8, p->off, p->data, p->len, p->flags ? ETRAN_RX_FIN : 0))
		return;
	note_got(p->off, p->off + p->len);
	sim.fin_got |= p->flags;
}

static void acks(void)
{
	uint64_t una = sim.rcv_nxt;
	bool fin_acked = sim.fin_got && una == sim.fin;

	if (una > sim.una || (fin_acked && fake_pub[0].snd_una == una)) {
		sim.una = una;
		sim.stalled = 0;
		sim.cwnd += FAKE_MSS;
		fake_pub[0].snd_una = una + fin_acked;
		if (sim.notify && una >= sim.notify) {
			sim.notify = 0;
			sim.notify_due = true;
		}
	} else if (sim.una < sim.queued || (sim.fin && !fin_acked)) {
		if (++sim.stalled > 4 * RTT) {
			sim.stalled = 0;
			sim.cwnd = FAKE_MSS * 4;
			sim.rexmit_due = true;
		}
	}
	fake_pub[0].snd_nxt = sim.snd_nxt;
	fake_pub[0].snd_lim = sim.una + sim.cwnd;
}

/* Return: whether the application would be woken. */
static bool kernel_round(void)
{
	struct etran_rx_hdr h = { .slot = 0, .gen = 7, .ack = sim.una, .data = 66 };
	struct etran_ctl_conn c = { .slot = 0, .gen = 7 };
	bool woken = false;
	int i;

	sim.now++;
	egress();
	for (i = 0; i < sim.nr_net; i++) {
		if (sim.net[i].due > sim.now)
			continue;
		arrive(&sim.net[i]);
		sim.net[i--] = sim.net[--sim.nr_net];
	}
	acks();
	release();
	complete_some();
	if (sim.notify_due) {
		h.ack = sim.una;
		h.flags = ETRAN_RX_NOTIFY;
		if (fake_deliver(&h, "")) {
			sim.notify_due = false;
			sim.reports++;
		}
	}
	if (sim.rexmit_due) {
		sim.rexmit_due = false;
		woken = true;
		if (rnd(2)) {
			fake_say(ETRAN_CTL_REXMIT, 0, &c);
		} else {
			h.flags = ETRAN_RX_REXMIT;
			h.rexmit = h.ack = sim.una;
			h.rexmit_nr = rnd(4);
			fake_deliver(&h, "");
		}
	}
	return woken || fake_rx.producer != fake_rx.consumer;
}

/* Writes @total bytes, reads them, with the kernel in between. */
static void transfer(uint64_t total, unsigned int write_max, bool slow_reader)
{
	struct etran_sock *a = fake_open(0, 7), *b = fake_open(1, 8);
	static uint8_t buf[200000];
	uint64_t put = 0, read_off = 0, i, idle = 0;
	bool blocked = false, closed = false, eof = false;
	ssize_t n;

	sim.cwnd = 10 * FAKE_MSS;
	while (!eof) {
		while (put < total && !blocked) {
			n = 1 + rnd(write_max);
			if ((uint64_t)n > total - put)
				n = total - put;
			for (i = 0; i < (uint64_t)n; i++)
				buf[i] = pattern(put + i);
			n = fake_send(a, buf, n);
			if (write_max < 100)
				egress();	/* else they would join */
			blocked = n == -EAGAIN;
			assert_true(n > 0 || blocked);
			if (n > 0)
				put += n;
		}
		if (put == total && !closed) {
			assert_int_equal(etran_shutdown(a, SHUT_WR), 0);
			closed = true;
		}
		if (kernel_round()) {
			etran_service();
			idle = 0;
			if (blocked && (etran_events(a) & EPOLLOUT))
				blocked = false;
		} else {
			/* A wake-up that never comes shows here. */
			assert_true(++idle < 100 * RTT);
		}
		if (slow_reader && rnd(10))
			continue;
		n = fake_recv(b, buf, 1 + rnd(slow_reader ? 3000 : sizeof(buf) - 1), 0);
		for (i = 0; n > 0 && i < (uint64_t)n; i++)
			assert_int_equal(buf[i], pattern(read_off + i));
		if (n > 0) {
			read_off += n;
			idle = 0;
		}
		eof = n == 0;
		if ((sim.now & 63) == 0)
			fake_balance(false);
	}
	assert_int_equal(read_off, total);
	for (i = 0; i < 20 * RTT; i++) {
		kernel_round();
		etran_service();
	}
	etran_close(a, false);
	etran_close(b, true);
	egress();
	while (sim.nr_held)
		sim.nic[sim.nr_nic++] = sim.held[--sim.nr_held];
	while (sim.nr_nic)
		fake_complete(sim.nic[--sim.nr_nic]);
	etran_service();
	fake_balance(true);
}

static int sim_setup(void **state)
{
	memset(&sim, 0, sizeof(sim));
	sim.seed = 1;
	return fake_setup(state);
}

static void clean_link(void **state)
{
	(void)state;
	transfer(3000000, 20000, false);
	assert_int_equal(sim.again, 0);
}

static void bad_link(void **state)
{
	(void)state;
	sim.loss = 3;
	sim.dup = 3;
	sim.shuffle = 10;
	transfer(2000000, 20000, false);
	assert_true(sim.again > 0);
}

static void terrible_link(void **state)
{
	unsigned int seed;

	for (seed = 2; seed < 12; seed++) {
		if (seed > 2) {
			fake_teardown(state);
			sim_setup(state);
		}
		sim.seed = seed;
		sim.loss = 20;
		sim.dup = 20;
		sim.shuffle = 50;
		transfer(150000, 5000, seed & 1);
	}
}

/* More small writes than frames: writers wait for frames and are woken. */
static void small_writes(void **state)
{
	(void)state;
	transfer(100000, 20, false);
	assert_true(sim.reports > 10);
}

/* The reader holds more than half of the frames: copies take over. */
static void slow_reader(void **state)
{
	(void)state;
	transfer(1000000, 50000, true);
}

/* Many writers, few frames, reports only when a NOTIFY is acknowledged. */
static void starving_writers(void **state)
{
	struct etran_sock *s[16];
	uint64_t notify[16] = { 0 }, una[16] = { 0 }, queued[16] = { 0 };
	bool blocked[16] = { 0 };
	unsigned long taken[16] = { 0 };
	struct etran_rx_hdr h;
	struct etran_tx_req r;
	uint32_t f, nic[FAKE_FRAMES];
	int i, round, nr_nic = 0;
	uint8_t byte[10] = { 0 };
	ssize_t n;

	fake_teardown(state);
	fake_setup_frames(FAKE_FILL + 24, FAKE_FILL);
	for (i = 0; i < 16; i++)
		s[i] = fake_open(i, 7);
	for (round = 0; round < 20000; round++) {
		i = rnd(16);
		if (!blocked[i]) {
			n = fake_send(s[i], byte, sizeof(byte));
			blocked[i] = n == -EAGAIN;
			taken[i] += n > 0 ? n : 0;
		}
		while (fake_take(&f, &r)) {
			queued[r.conn - 100] = r.off + r.len;
			if (r.flags & ETRAN_TX_NOTIFY)
				notify[r.conn - 100] = r.off + r.len;
			nic[nr_nic++] = f;
		}
		if (nr_nic && rnd(2))
			fake_complete(nic[--nr_nic]);
		i = rnd(16);
		una[i] = fake_pub[i].snd_una = queued[i];
		if (!notify[i] || notify[i] > una[i])
			continue;
		h = (struct etran_rx_hdr){ .slot = i, .gen = 7, .ack = una[i],
					   .flags = ETRAN_RX_NOTIFY };
		notify[i] = 0;
		while (nr_nic)
			fake_complete(nic[--nr_nic]);
		assert_true(fake_deliver(&h, ""));
		etran_service();
		for (i = 0; i < 16; i++)
			if (etran_events(s[i]) & EPOLLOUT)
				blocked[i] = false;
	}
	for (i = 0; i < 16; i++)
		assert_true(taken[i] > 1000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(clean_link, sim_setup, fake_teardown),
		cmocka_unit_test_setup_teardown(bad_link, sim_setup, fake_teardown),
		cmocka_unit_test_setup_teardown(terrible_link, sim_setup, fake_teardown),
		cmocka_unit_test_setup_teardown(small_writes, sim_setup, fake_teardown),
		cmocka_unit_test_setup_teardown(slow_reader, sim_setup, fake_teardown),
		cmocka_unit_test_setup_teardown(starving_writers, sim_setup, fake_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
