/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A tenant made of memory: libetran's own sources over rings that the test
 * serves as the kernel would, and a socket pair with the test as etrand.
 *
 * The fake kernel checks what no caller may ever do: submit a frame that the
 * kernel has, or a request that makes no sense.
 */
#ifndef LIB_FAKE_H
#define LIB_FAKE_H

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>

#include "libetran/ring.c"
#include "libetran/frame.c"
#include "libetran/lock.c"
#include "libetran/ctl.c"
#include "libetran/tenant.c"
#include "libetran/service.c"
#include "libetran/stream/conn.c"
#include "libetran/stream/msg.c"
#include "libetran/stream/rx.c"
#include "libetran/stream/seg.c"
#include "libetran/stream/shape.c"
#include "libetran/stream/sock.c"
#include "libetran/stream/tx.c"

#define FAKE_FRAMES	512
#define FAKE_FILL	128
#define FAKE_RING	1024
#define FAKE_SLOTS	64
#define FAKE_MSS	1000
#define FAKE_RCVBUF	100000

struct fake_ring {
	uint32_t producer, consumer, flags;
	uint64_t entries[FAKE_RING * 2];
};

static struct fake_ring fake_rx, fake_tx, fake_fill, fake_comp;
static bool fake_in_kernel[FAKE_FRAMES];
static struct etran_conn_pub fake_pub[FAKE_SLOTS];
static int fake_etrand;		/* etrand's end */

static void fake_ring_init(struct et_ring *r, struct fake_ring *m, uint32_t size)
{
	memset(m, 0, sizeof(*m));
	memset(r, 0, sizeof(*r));
	r->producer = &m->producer;
	r->consumer = &m->consumer;
	r->flags = &m->flags;
	r->ring = m->entries;
	r->size = size;
	r->mask = size - 1;
}

static int fake_setup_frames(uint32_t frames, uint32_t fill)
{
	struct et_tenant *t = &et_tn;
	struct et_queue *q = &t->queues[0];
	uint32_t i;
	int sv[2];

	memset(t, 0, sizeof(*t));
	et_mutex_init(&t->lock);
	t->out_tail = &t->out;
	t->pending_tail = &t->pending;
	t->thfd = -1;
	t->evfd = -1;
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, sv), 0);
	t->ctl = sv[0];
	fake_etrand = sv[1];
	t->chunk_shift = __builtin_ctz(ETRAN_CHUNK_SIZE);
	t->umem_len = (size_t)frames * ETRAN_CHUNK_SIZE;
	t->umem = calloc(1, t->umem_len);
	memset(&et_st, 0, sizeof(et_st));
	et_st.pub = fake_pub;
	et_st.nr_slots = FAKE_SLOTS;
	et_st.slots = calloc(FAKE_SLOTS, sizeof(*et_st.slots));
	memset(fake_pub, 0, sizeof(fake_pub));
	memset(fake_in_kernel, 0, sizeof(fake_in_kernel));
	t->nr_queues = 1;
	q->fd = -1;
	fake_ring_init(&q->rx, &fake_rx, 128);
	fake_ring_init(&q->tx, &fake_tx, 64);
	fake_ring_init(&q->fill, &fake_fill, 256);
	fake_ring_init(&q->comp, &fake_comp, FAKE_RING);
	assert_int_equal(et_frames_init(frames, 1, fill), 0);
	et_tx_init();
	for (i = 0; i < fill; i++)
		fake_fill.entries[i] = (uint64_t)i * ETRAN_CHUNK_SIZE;
	q->fill.own = fake_fill.producer = fill;
	t->open = true;
	return 0;
}

static int fake_setup(void **state)
{
	(void)state;
	return fake_setup_frames(FAKE_FRAMES, FAKE_FILL);
}

static void fake_complete(uint32_t f)
{
	assert_true(fake_in_kernel[f]);
	fake_in_kernel[f] = false;
	fake_comp.entries[fake_comp.producer++ % FAKE_RING] =
		(uint64_t)f * ETRAN_CHUNK_SIZE;
}

/* Take a packet from the TX ring; its frame stays in the kernel. */
static bool fake_take(uint32_t *f, struct etran_tx_req *req)
{
	struct xdp_desc *d;

	if (fake_tx.consumer == fake_tx.producer)
		return false;
	d = (struct xdp_desc *)fake_tx.entries + fake_tx.consumer % 64;
	*f = d->addr / ETRAN_CHUNK_SIZE;
	assert_int_equal(d->addr % ETRAN_CHUNK_SIZE, 0);
	assert_true(*f < et_tn.nr_frames);
	assert_false(fake_in_kernel[*f]);
	fake_in_kernel[*f] = true;
	memcpy(req, et_tn.umem + d->addr, sizeof(*req));
	/* What egress does to it. */
	memset(et_tn.umem + d->addr, 0xee, ETRAN_TCP_ROOM);
	assert_int_equal(d->len, ETRAN_TCP_ROOM + req->len);
	assert_int_equal(req->flags & ~ETRAN_TX_KNOWN, 0);
	fake_tx.consumer++;
	return true;
}

/* Deliver a packet. Return: false without a frame or room. */
static bool fake_deliver(const struct etran_rx_hdr *h, const void *data)
{
	struct et_ring *r = &et_tn.queues[0].rx;
	struct xdp_desc *d;
	uint64_t addr;

	if (fake_fill.consumer == fake_fill.producer ||
	    fake_rx.producer - fake_rx.consumer >= r->size)
		return false;
	addr = fake_fill.entries[fake_fill.consumer++ % 256];
	assert_int_equal(addr % ETRAN_CHUNK_SIZE, 0);
	addr += 256;
	memcpy(et_tn.umem + addr, h, sizeof(*h));
	memcpy(et_tn.umem + addr + h->data, data, h->len);
	d = (struct xdp_desc *)fake_rx.entries + fake_rx.producer % r->size;
	d->addr = addr;
	d->len = h->data + h->len;
	fake_rx.producer++;
	return true;
}

static inline bool fake_data(uint32_t slot, uint32_t gen, uint64_t off, const void *data,
		      uint16_t len, uint16_t flags)
{
	struct etran_rx_hdr h = { .slot = slot, .gen = gen, .off = off, .data = 66,
				  .len = len, .flags = flags };

	return fake_deliver(&h, data);
}

static struct etran_ctl_conn fake_conn(uint32_t slot, uint32_t gen)
{
	struct etran_ctl_conn c = { .conn = 100 + slot, .gen = gen, .slot = slot,
				    .mss = FAKE_MSS, .rcvbuf = FAKE_RCVBUF };

	fake_pub[slot] = (struct etran_conn_pub){ .gen = gen,
		.state = ETRAN_CS_ESTABLISHED, .snd_lim = 1 << 30,
		.rcv_fin = ETRAN_NO_OFF };
	return c;
}

/* An established connection. */
static struct etran_sock *fake_open(uint32_t slot, uint32_t gen)
{
	struct etran_ctl_conn c = fake_conn(slot, gen);
	struct etran_sock *s;

	et_lock();
	s = et_sock_new(ET_S_ENDED);
	assert_int_equal(attach_conn(s, &c), 0);
	et_unlock();
	return s;
}

static inline void fake_say(uint32_t type, uint32_t id, const struct etran_ctl_conn *c)
{
	struct etran_ctl_msg m = { .type = type, .id = id };

	m.u.conn = *c;
	assert_int_equal(send(fake_etrand, &m, sizeof(m), 0), sizeof(m));
}

/* Next message of the library; type 0 when there is none. */
static inline struct etran_ctl_msg fake_heard(void)
{
	struct etran_ctl_msg m = { 0 };

	if (recv(fake_etrand, &m, sizeof(m), MSG_DONTWAIT) < 0)
		m.type = 0;
	return m;
}

static ssize_t fake_send(struct etran_sock *s, const void *p, size_t len)
{
	struct iovec iov = { (void *)p, len };

	return etran_send(s, &iov, 1, 0);
}

static inline ssize_t fake_recv(struct etran_sock *s, void *p, size_t len, int flags)
{
	struct iovec iov = { p, len };

	return etran_recv(s, &iov, 1, flags);
}

/* Every frame is somewhere exactly once; with @rest all are at rest. */
static void fake_balance(bool rest)
{
	uint32_t i, kernel = 0, free_frames = 0, held = 0, kept = 0;

	for (i = 0; i < et_tn.nr_frames; i++) {
		switch (et_tn.frames[i].state) {
		case ET_F_FREE:
			free_frames++;
			assert_true(i >= et_tn.rx_frames);
			assert_false(fake_in_kernel[i]);
			break;
		case ET_F_KERNEL:
			kernel++;
			break;
		case ET_F_HELD:
			held++;
			break;
		case ET_F_FILL:
			assert_true(i < et_tn.rx_frames);
			break;
		default:
			assert_false(fake_in_kernel[i]);
			kept++;
		}
	}
	assert_int_equal(free_frames, et_tn.tx_free);
	assert_int_equal(held, et_tn.rx_held);
	if (rest) {
		assert_int_equal(kernel + held + kept, 0);
		assert_int_equal(et_tn.tx_active, 0);
		assert_int_equal(et_tn.nr_owed + et_tn.nr_starved, 0);
		assert_int_equal(fake_fill.producer - fake_fill.consumer, et_tn.rx_frames);
	}
}

static int fake_teardown(void **state)
{
	(void)state;
	et_lock();
	while (et_st.socks)
		et_sock_free(et_st.socks);
	et_unlock();
	if (et_tn.ctl >= 0)
		close(et_tn.ctl);
	close(fake_etrand);
	while (et_tn.out) {
		struct et_ctl_out *o = et_tn.out;

		et_tn.out = o->next;
		free(o);
	}
	free(et_tn.umem);
	free(et_st.slots);
	free(et_tn.frames);
	return 0;
}

#endif /* LIB_FAKE_H */
