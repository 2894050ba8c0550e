// SPDX-License-Identifier: GPL-2.0-only
/*
 * Life of libetran's sockets, messages of etrand, and what must never crash.
 */
#include "fake.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>

static struct etran_sock *connecting(struct etran_ctl_msg *asked)
{
	struct sockaddr_in dst = { .sin_family = AF_INET, .sin_port = htons(80) };
	struct etran_sock *s;
	uint32_t reason;

	assert_int_equal(etran_connect(0, &dst, &s, &reason), 0);
	*asked = fake_heard();
	assert_int_equal(asked->type, ETRAN_CTL_CONNECT);
	assert_int_equal(asked->u.connect.dport, htons(80));
	assert_int_equal(etran_events(s), 0);
	return s;
}

static void connect_and_talk(void **state)
{
	struct etran_ctl_conn c = fake_conn(3, 9);
	struct etran_ctl_msg m;
	struct etran_sock *s;
	struct etran_tx_req r;
	char buf[16];
	uint32_t f;

	(void)state;
	s = connecting(&m);
	assert_int_equal(fake_send(s, "x", 1), -EAGAIN);
	fake_say(ETRAN_CTL_CONNECTED, m.id, &c);
	etran_service();
	assert_true(etran_connected(s));
	assert_true(etran_events(s) & EPOLLOUT);
	assert_int_equal(fake_send(s, "hello", 5), 5);
	assert_true(fake_take(&f, &r));
	assert_int_equal(r.conn, 103);
	assert_int_equal(r.flags, ETRAN_TX_PSH);
	assert_int_equal(etran_outq(s), 5);
	fake_pub[3].snd_una = 5;
	assert_int_equal(etran_outq(s), 0);
	assert_int_equal(et_tn.frames[f].state, ET_F_KERNEL);
	fake_complete(f);
	fake_data(3, 9, 0, "answer", 6, 0);
	etran_service();
	assert_int_equal(etran_inq(s), 6);
	assert_int_equal(fake_recv(s, buf, 16, MSG_PEEK), 6);
	assert_int_equal(fake_recv(s, buf, 4, 0), 4);
	assert_int_equal(fake_recv(s, buf, 16, 0), 2);
	assert_memory_equal(buf, "er", 2);
	assert_int_equal(fake_recv(s, buf, 16, 0), -EAGAIN);
	etran_close(s, true);
	assert_int_equal(fake_heard().type, ETRAN_CTL_ABORT);
	etran_service();
	fake_balance(true);
}

static void refused(void **state)
{
	struct etran_ctl_msg m, e = { .type = ETRAN_CTL_ERROR };
	struct etran_sock *s;
	char c;

	(void)state;
	s = connecting(&m);
	e.id = m.id;
	e.u.error.err = ECONNREFUSED;
	send(fake_etrand, &e, sizeof(e), 0);
	etran_service();
	assert_true(etran_events(s) & EPOLLERR);
	assert_int_equal(etran_sock_reason(s), ETRAN_R_NONE);
	assert_int_equal(etran_error(s), ECONNREFUSED);
	assert_int_equal(etran_error(s), 0);
	assert_int_equal(fake_send(s, "x", 1), -EPIPE);
	assert_int_equal(fake_recv(s, &c, 1, 0), -ENOTCONN);
	etran_close(s, false);
}

/* Segments that overtake the message about their connection. */
static void early_data(void **state)
{
	struct etran_ctl_conn c = fake_conn(5, 77);
	struct etran_ctl_msg m;
	struct etran_sock *s;
	char buf[16];

	(void)state;
	s = connecting(&m);
	fake_data(5, 77, 3, "def", 3, ETRAN_RX_FIN);
	fake_data(5, 76, 0, "old", 3, 0);	/* replaced by the newer one */
	fake_data(5, 77, 0, "abc", 3, 0);
	fake_data(5, 77, 3, "def", 3, 0);
	etran_service();
	fake_pub[5].rcv_nxt = 7;
	fake_pub[5].rcv_fin = 6;
	fake_say(ETRAN_CTL_CONNECTED, m.id, &c);
	etran_service();
	assert_true(etran_events(s) & EPOLLRDHUP);
	assert_int_equal(fake_recv(s, buf, 16, 0), 6);
	assert_memory_equal(buf, "abcdef", 6);
	assert_int_equal(fake_recv(s, buf, 16, 0), 0);
	etran_close(s, true);
	fake_data(5, 77, 6, "late", 4, 0);
	etran_service();
	fake_balance(true);
}

static int nr_changed;

static void changed(struct etran_sock *s, void *user)
{
	assert_ptr_equal(user, &nr_changed);
	assert_non_null(s);
	nr_changed++;
}

static struct etran_sock *listener(void)
{
	struct etran_sock *l = et_sock_new(ET_S_LISTEN);

	l->listener = 4;
	l->fd = dup(0);
	l->backlog = 5;
	etran_set_user(l, &nr_changed, changed);
	return l;
}

static void accept_and_reset(void **state)
{
	struct etran_ctl_conn c = fake_conn(1, 2);
	struct etran_sock *l = listener(), *s;
	char buf[16];

	(void)state;
	nr_changed = 0;
	assert_int_equal(etran_accept(l, &s), -EAGAIN);
	c.listener = 4;
	fake_say(ETRAN_CTL_NEWCONN, 0, &c);
	etran_service();
	assert_int_equal(nr_changed, 1);
	assert_true(etran_events(l) & EPOLLIN);
	assert_int_equal(etran_accept(l, &s), 0);
	assert_int_equal(etran_accept(l, &s), -EAGAIN);
	etran_set_user(s, &nr_changed, changed);
	fake_send(s, "unacknowledged", 14);
	/* Data, then a reset that is read first: the data is not lost. */
	fake_data(1, 2, 0, "bye", 3, 0);
	c.err = ECONNRESET;
	fake_say(ETRAN_CTL_RESET, 0, &c);
	et_lock();
	et_ctl_read();
	et_unlock();
	assert_true(nr_changed >= 2);
	assert_true(etran_events(s) & EPOLLHUP);
	assert_int_equal(fake_recv(s, buf, 16, 0), 3);
	assert_int_equal(fake_recv(s, buf, 16, 0), -ECONNRESET);
	assert_int_equal(fake_recv(s, buf, 16, 0), 0);
	assert_int_equal(fake_send(s, "x", 1), -EPIPE);
	etran_close(s, false);
	/* A connection nobody will accept. */
	c = fake_conn(2, 2);
	c.listener = 4;
	fake_say(ETRAN_CTL_NEWCONN, 0, &c);
	etran_service();
	etran_close(l, false);
	assert_int_equal(fake_heard().type, ETRAN_CTL_UNLISTEN);
	assert_int_equal(fake_heard().type, ETRAN_CTL_ABORT);
}

/* The end of a connection is told before its last bytes are in the ring. */
static void end_overtakes(void **state)
{
	struct etran_ctl_conn c = fake_conn(1, 2);
	struct etran_sock *s = fake_open(1, 2), *n;
	char buf[16];

	(void)state;
	fake_pub[1].rcv_nxt = 6;
	fake_pub[1].rcv_fin = 6;
	fake_pub[1].state = ETRAN_CS_CLOSED;
	fake_data(1, 2, 0, "abc", 3, 0);
	fake_say(ETRAN_CTL_CLOSED, 0, &c);
	etran_service();
	etran_service();
	assert_int_equal(fake_recv(s, buf, 16, 0), 3);
	assert_int_equal(fake_recv(s, buf, 16, 0), -EAGAIN);
	fake_data(1, 2, 3, "def", 3, ETRAN_RX_FIN);
	etran_service();
	assert_int_equal(s->state, ET_S_ENDED);
	assert_int_equal(fake_recv(s, buf, 16, 0), 3);
	assert_int_equal(fake_recv(s, buf, 16, 0), 0);
	etran_close(s, false);
	/* The same with a reset, and the slot's next user comes early. */
	s = fake_open(1, 3);
	fake_pub[1].rcv_nxt = 3;
	c.gen = 3;
	c.err = ECONNRESET;
	fake_say(ETRAN_CTL_RESET, 0, &c);
	etran_service();
	assert_int_equal(fake_recv(s, buf, 16, 0), -EAGAIN);
	fake_data(1, 3, 0, "bye", 3, 0);
	n = fake_open(1, 4);
	assert_int_equal(fake_recv(s, buf, 16, 0), 3);
	assert_int_equal(fake_recv(s, buf, 16, 0), -ECONNRESET);
	assert_true(etran_connected(n));
	etran_close(s, false);
	etran_close(n, true);
	etran_service();
	fake_balance(true);
}

static void orderly_close(void **state)
{
	struct etran_sock *s = fake_open(0, 1);
	struct etran_ctl_msg m;
	struct etran_tx_req r;
	uint32_t f[2];

	(void)state;
	etran_cork(true);
	fake_send(s, "ab", 2);
	fake_send(s, "cd", 2);
	assert_false(fake_take(&f[0], &r));
	etran_close(s, false);		/* FIN rides on what is still ours */
	etran_kick();
	assert_true(fake_take(&f[0], &r));
	assert_int_equal(r.len, 4);
	assert_int_equal(r.flags, ETRAN_TX_PSH | ETRAN_TX_FIN);
	fake_pub[0].snd_una = 4;
	et_lock();
	et_serve_orphans();
	et_unlock();
	assert_int_equal(et_tn.nr_orphans, 1);
	fake_pub[0].snd_una = 5;
	et_lock();
	et_serve_orphans();
	et_unlock();
	assert_int_equal(et_tn.nr_orphans, 0);
	m = fake_heard();
	assert_int_equal(m.type, ETRAN_CTL_RELEASE);
	assert_int_equal(m.u.conn.gen, 1);
	fake_complete(f[0]);
	etran_service();
	fake_balance(true);
	/* Unread data makes it a reset, data that comes later too. */
	s = fake_open(1, 1);
	fake_data(1, 1, 0, "x", 1, 0);
	etran_close(s, false);
	assert_int_equal(fake_heard().type, ETRAN_CTL_ABORT);
	s = fake_open(2, 1);
	etran_close(s, false);
	etran_kick();
	assert_true(fake_take(&f[0], &r));
	assert_int_equal(r.flags & ETRAN_TX_FIN, ETRAN_TX_FIN);
	assert_int_equal(r.len, 0);
	fake_data(2, 1, 0, "x", 1, 0);
	etran_service();
	assert_int_equal(fake_heard().type, ETRAN_CTL_ABORT);
	assert_int_equal(et_tn.nr_orphans, 0);
	/* The peer has closed as well: etrand knows. */
	s = fake_open(3, 1);
	etran_close(s, false);
	etran_kick();
	fake_pub[3].snd_una = 1;
	fake_pub[3].state = ETRAN_CS_TIME_WAIT;
	et_lock();
	et_serve_orphans();
	et_unlock();
	assert_int_equal(et_tn.nr_orphans, 0);
	assert_int_equal(fake_heard().type, 0);
}

static void close_while_connecting(void **state)
{
	struct etran_ctl_conn c = fake_conn(3, 9);
	struct etran_ctl_msg m;
	struct etran_sock *s;

	(void)state;
	s = connecting(&m);
	etran_close(s, false);
	fake_say(ETRAN_CTL_CONNECTED, m.id, &c);
	etran_service();
	assert_int_equal(fake_heard().type, ETRAN_CTL_ABORT);
	assert_null(et_st.socks);
}

static void etrand_dies(void **state)
{
	struct etran_sock *l = listener(), *s = fake_open(0, 1), *o = fake_open(1, 1), *p;
	struct etran_ctl_msg m;

	(void)state;
	p = connecting(&m);
	etran_close(connecting(&m), false);	/* orphan that waits for an answer */
	close(fake_etrand);
	etran_service();
	assert_int_equal(et_tn.ctl, -1);
	assert_int_equal(l->listener, 0);
	assert_int_equal(etran_error(p), ETIMEDOUT);
	assert_true(etran_connected(s));
	assert_int_equal(fake_send(s, "goes on", 7), 7);
	/* Resets are seen in the kernel's table, releases wait for etrand. */
	fake_pub[0].state = ETRAN_CS_RESET;
	fake_pub[0].err = EHOSTUNREACH;
	et_lock();
	et_refresh_all();
	et_unlock();
	assert_int_equal(etran_error(s), EHOSTUNREACH);
	etran_close(o, false);
	etran_kick();
	fake_pub[1].snd_una = 1;
	et_lock();
	et_serve_orphans();
	et_unlock();
	assert_non_null(et_tn.out);
	assert_int_equal(et_tn.out->msg.type, ETRAN_CTL_RELEASE);
	fake_etrand = dup(0);
}

/*
 * etrand came back: the application has to poll the new descriptor. However
 * late it runs, the library's thread leaves the wake-up to it.
 */
static void thread_leaves_wake_up(void **state)
{
	struct pollfd p = { .events = POLLIN };

	(void)state;
	p.fd = et_tn.evfd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	et_lock();
	et_wake_app();
	tick();
	et_unlock();
	assert_int_equal(poll(&p, 1, 0), 1);
	etran_service();
	assert_int_equal(poll(&p, 1, 0), 0);
	et_lock();
	et_wake_app();
	et_unlock();
	assert_int_equal(poll(&p, 1, 0), 1);
	close(et_tn.evfd);
}

static void garbage_packets(void **state)
{
	struct etran_sock *s = fake_open(0, 1);
	struct etran_rx_hdr h;
	struct xdp_desc *d;
	uint64_t addr;
	unsigned int i;
	char buf[64];

	(void)state;
	srand(1);
	for (i = 0; i < 200000; i++) {
		addr = fake_fill.entries[fake_fill.consumer % 256];
		h = (struct etran_rx_hdr){ .slot = rand() % 3 ? 0 : rand(),
			.gen = rand() % 3 ? 1 : rand(), .off = rand() % 5000,
			.data = rand() % 3 ? 66 : rand(), .len = rand() % 3 ? 10 : rand(),
			.flags = rand(), .ack = rand(), .rexmit = rand(),
			.rexmit_nr = rand() };
		memcpy(et_tn.umem + addr, &h, sizeof(h));
		d = (struct xdp_desc *)fake_rx.entries + fake_rx.producer % 128;
		d->addr = rand() % 4 ? addr : (uint64_t)rand() << (rand() % 32);
		d->len = rand() % 4 ? 80 : rand();
		if (d->addr / ETRAN_CHUNK_SIZE == addr / ETRAN_CHUNK_SIZE)
			fake_fill.consumer++;
		fake_rx.producer++;
		fake_comp.entries[fake_comp.producer++ % FAKE_RING] = rand();
		etran_service();
		fake_recv(s, buf, sizeof(buf), 0);
		if (!s->gen || s->state != ET_S_OPEN)
			break;
	}
	fake_balance(false);
	/* A producer that runs away is an empty ring. */
	fake_rx.producer += 100000;
	fake_comp.producer += 100000;
	etran_service();
	assert_true(et_tn.bad_rx > 0);
}

static void garbage_messages(void **state)
{
	struct etran_ctl_msg m;
	struct etran_sock *l = listener(), *s;
	unsigned int i, k;

	(void)state;
	srand(2);
	for (i = 0; i < 100000; i++) {
		for (k = 0; k < sizeof(m); k++)
			((uint8_t *)&m)[k] = rand() % 2 ? 0 : rand();
		m.type = rand() % 2 ? 64 + rand() % 4 : 96 + rand() % 5;
		m.id = rand() % 4;
		m.u.conn.listener = rand() % 2 ? 4 : m.u.conn.listener;
		m.u.conn.slot %= rand() % 2 ? FAKE_SLOTS : UINT32_MAX;
		m.u.conn.queue = rand() % 2 ? 0 : m.u.conn.queue;
		send(fake_etrand, &m, rand() % 10 ? sizeof(m) : rand() % 64 + 1u, 0);
		etran_service();
		if (rand() % 2 && !etran_accept(l, &s))
			etran_close(s, rand() % 2);
		while (fake_heard().type)
			;
	}
	assert_true(et_tn.ctl >= 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(connect_and_talk, fake_setup, fake_teardown),
		cmocka_unit_test_setup_teardown(refused, fake_setup, fake_teardown),
		cmocka_unit_test_setup_teardown(early_data, fake_setup, fake_teardown),
		cmocka_unit_test_setup_teardown(accept_and_reset, fake_setup, fake_teardown),
		cmocka_unit_test_setup_teardown(end_overtakes, fake_setup, fake_teardown),
		cmocka_unit_test_setup_teardown(orderly_close, fake_setup, fake_teardown),
		cmocka_unit_test_setup_teardown(close_while_connecting, fake_setup, fake_teardown),
		cmocka_unit_test_setup_teardown(etrand_dies, fake_setup, fake_teardown),
		cmocka_unit_test_setup_teardown(thread_leaves_wake_up, fake_setup, fake_teardown),
		cmocka_unit_test_setup_teardown(garbage_packets, fake_setup, fake_teardown),
		cmocka_unit_test_setup_teardown(garbage_messages, fake_setup, fake_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
