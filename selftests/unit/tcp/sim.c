// SPDX-License-Identifier: GPL-2.0-only
/*
 * Two endpoints of the TCP logic over a network that loses, delays, reorders
 * and duplicates, each with a library that holds, sends again and reads as the
 * real one does. Frames are built and parsed as bytes, checksums included.
 *
 * Checked in every run: each byte arrives with its value, nothing is
 * acknowledged that was not handed over, both sides see the end of the stream,
 * and the connection ends within bounded time. Seeds are fixed.
 */
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

#define MSS		1448
#define MAX_PKTS	8192
#define MAX_SEGS	8192
#define US		1000ULL
#define MS		1000000ULL
#define S		1000000000ULL

/*
 * What the network and the applications do; rates are per 1,000. 0 means the
 * value of with_defaults() for delay, pace, rcvbuf, limit and waste.
 */
struct weather {
	const char *name;
	unsigned int loss, reorder, dup;
	unsigned int no_room;		/* receiver's ring is full */
	unsigned int hold_fails;	/* hold queue is full */
	uint64_t delay, jitter;
	uint64_t pace;			/* one segment a pace on the link */
	uint64_t read_every;		/* application reads, 0: at once */
	uint32_t rcvbuf;
	uint32_t bytes[2];
	int no_ts;
	uint64_t limit;			/* must be over by then */
	unsigned int waste;		/* sends at most, percent of segments */
};

struct pkt {
	uint64_t at, nr;
	int to;
	uint32_t len;
	uint8_t b[2048] __attribute__((aligned(8)));
};

struct held {
	uint64_t off;
	uint32_t len, flags;
};

struct end {
	struct tcp_conn c;
	uint32_t total;
	/* library: segments as they were cut */
	uint64_t seg[MAX_SEGS + 1];
	uint32_t nr_segs, next_seg;
	struct held held[MAX_SEGS];
	uint32_t held_head, held_tail;
	uint8_t *have;
	uint64_t got, read, peer_fin;
	uint64_t last_tick, last_read;
	uint64_t delack;		/* when the timer op runs, 0: not armed */
	uint32_t gen;
	uint64_t sends, timeouts, fast, probes, undone;
	bool armed, closed;
};

struct sim {
	const struct weather *w;
	struct end e[2];
	struct pkt *q[MAX_PKTS];
	uint32_t nq;
	uint64_t now, nr, link_free[2];
	uint64_t rnd;
};

static uint32_t rnd(struct sim *s)
{
	s->rnd = s->rnd * 6364136223846793005ULL + 1442695040888963407ULL;
	return (uint32_t)(s->rnd >> 33);
}

static bool chance(struct sim *s, unsigned int per_mille)
{
	return rnd(s) % 1000 < per_mille;
}

static uint8_t byte_of(int who, uint64_t off)
{
	return (uint8_t)((off * 2654435761u >> 13) ^ off ^ (who ? 0x5a : 0));
}

/* csum_partial() of little-endian machines, the slow way. */
static uint32_t sum_of(const uint8_t *p, uint32_t len, uint32_t seed)
{
	uint64_t sum = seed;
	uint32_t i;

	for (i = 0; i + 1 < len; i += 2)
		sum += p[i] | p[i + 1] << 8;
	if (len & 1)
		sum += p[len - 1];
	while (sum >> 32)
		sum = (sum & 0xffffffff) + (sum >> 32);
	return (uint32_t)sum;
}

static void net_put(struct sim *s, int to, const uint8_t *b, uint32_t len)
{
	const struct weather *w = s->w;
	uint64_t at = s->now;
	struct pkt *p;

	if (chance(s, w->loss))
		return;
	if (s->link_free[to] > at)
		at = s->link_free[to];
	/* A full link drops, as its queue would. */
	if (at > s->now + 256 * (w->pace + 1))
		return;
	at += w->pace;
	s->link_free[to] = at;
	at += w->delay + (w->jitter ? rnd(s) % w->jitter : 0);
	if (chance(s, w->reorder))
		at = s->now + w->delay / 8;
	p = malloc(sizeof(*p));
	assert_non_null(p);
	assert_true(s->nq < MAX_PKTS);
	p->at = at;
	p->nr = s->nr++;
	p->to = to;
	p->len = len;
	memcpy(p->b, b, len);
	s->q[s->nq++] = p;
}

static void transmit(struct sim *s, int me, uint32_t seq, uint32_t flags,
		     uint32_t wnd, uint64_t off, uint32_t len)
{
	uint8_t b[2048] __attribute__((aligned(8)));
	struct end *e = &s->e[me];
	struct tcp_out o = {
		.seq = seq, .ms = tcp_now_ms(s->now), .len = len, .wnd = wnd,
		.flags = flags,
	};
	uint32_t i;

	for (i = 0; i < len; i++)
		b[ETRAN_TCP_ROOM + i] = byte_of(me, off + i);
	o.sum = sum_of(b + ETRAN_TCP_ROOM, len, 0);
	tcp_frame_put(b, &e->c, &o);
	net_put(s, !me, b, ETRAN_TCP_ROOM + len);
	if (s->w->dup && chance(s, s->w->dup))
		net_put(s, !me, b, ETRAN_TCP_ROOM + len);
}

static void submit(struct sim *s, int me, uint64_t off, uint32_t len,
		   uint16_t flags)
{
	struct end *e = &s->e[me];
	struct etran_tx_req req = {
		.gen = e->c.gen, .off = off, .rcv_off = e->read,
		.len = (uint16_t)len, .flags = flags,
	};
	struct tcp_tx tx = { .tenant = 1, .ifindex = 2 };
	int v = tcp_tx(&e->c, &req, &tx, s->now);

	assert_false(tx.stat & (TCP_T_BAD_OWNER));
	if (v == TCP_TX_SEND) {
		e->sends += !(flags & ETRAN_TX_ACK);
		transmit(s, me, tx.seq, tx.flags, tcp_wnd_take(&e->c, false),
			 off, len);
	} else if (v == TCP_TX_HOLD) {
		if (chance(s, s->w->hold_fails)) {
			tcp_tx_unqueue(&e->c, off, s->now);
			return;
		}
		assert_true(e->held_tail < MAX_SEGS);
		e->held[e->held_tail++] = (struct held){ off, len, tx.flags };
	}
}

/* The timer op. */
static void release(struct sim *s, int me)
{
	struct end *e = &s->e[me];

	e->armed = false;
	while (e->held_head < e->held_tail) {
		struct held *h = &e->held[e->held_head];
		int v = tcp_tx_held(&e->c, h->off, h->off + h->len +
				    (h->flags & TCP_FIN), e->c.gen, s->now);

		if (v == TCP_TX_HOLD)
			return;
		e->held_head++;
		if (v != TCP_TX_SEND)
			continue;
		e->sends++;
		transmit(s, me, tcp_snd_wire(&e->c, h->off), h->flags,
			 tcp_wnd_take(&e->c, false), h->off, h->len);
	}
	e->held_head = 0;
	e->held_tail = 0;
}

static void gen(struct sim *s, int me)
{
	struct end *e = &s->e[me];
	uint32_t seq, wnd;

	for (; e->gen; e->gen--)
		if (tcp_tx_gen(&e->c, e->c.gen, &seq, &wnd))
			transmit(s, me, seq, TCP_ACK, wnd, 0, 0);
}

static void submit_seg(struct sim *s, int me, uint32_t i)
{
	struct end *e = &s->e[me];
	uint16_t flags = ETRAN_TX_PSH;

	/* The last segment is the FIN alone, or has it. */
	if (i == e->nr_segs - 1)
		flags |= ETRAN_TX_FIN;
	if (!(i % 7))
		flags |= ETRAN_TX_NOTIFY;
	submit(s, me, e->seg[i], (uint32_t)(e->seg[i + 1] - e->seg[i]), flags);
}

static void send_again(struct sim *s, int me, uint64_t from, uint64_t to,
		       uint32_t nr)
{
	struct end *e = &s->e[me];
	uint32_t i;

	for (i = 0; i < e->next_seg && nr; i++) {
		uint64_t end = e->seg[i + 1] + (i == e->nr_segs - 1);

		if (end <= from)
			continue;
		if (e->seg[i] >= to)
			break;
		submit_seg(s, me, i);
		nr--;
	}
}

static void app_write(struct sim *s, int me)
{
	struct end *e = &s->e[me];

	while (e->next_seg < e->nr_segs &&
	       e->seg[e->next_seg] < e->c.snd_una + 256 * 1024) {
		submit_seg(s, me, e->next_seg);
		e->next_seg++;
	}
}

static void app_read(struct sim *s, int me)
{
	struct end *e = &s->e[me];

	s->e[me].last_read = s->now;
	if (e->read == e->got)
		return;
	e->read = e->got;
	submit(s, me, 0, 0, ETRAN_TX_ACK);
}

static void act(struct sim *s, int me, const struct tcp_rx *rx)
{
	struct end *e = &s->e[me];

	e->gen += !!(rx->act & TCP_A_ACK) + !!(rx->act & TCP_A_DUPACK);
	if (rx->act & TCP_A_ARM)
		e->armed = true;
	if (rx->act & TCP_A_DELACK)
		e->delack = s->now + TCP_DELACK_NS;
	e->fast += !!(rx->stat & TCP_S_FAST);
	e->undone += !!(rx->stat & TCP_S_UNDO);
	assert_false(rx->event & TCP_EV(TCP_EV_RESET));
	if (rx->event & TCP_EV(TCP_EV_CLOSED))
		e->closed = true;
	e->c.ev_owed = 0;
}

/* The timer op's second half; it runs early when held segments may go. */
static void delack(struct sim *s, int me)
{
	struct end *e = &s->e[me];
	struct tcp_rx rx = { 0 };
	uint64_t wait = tcp_delack_run(&e->c, &rx, s->now);

	e->delack = wait ? s->now + wait : 0;
	act(s, me, &rx);
}

/* What has arrived is acknowledged, or will be soon. */
static void check_acks(const struct sim *s, const struct end *e)
{
	const struct tcp_conn *c = &e->c;

	if (c->state != ETRAN_CS_ESTABLISHED || c->rcv_nxt == c->last_ack ||
	    (c->flags & TCP_F_ACK_REQ))
		return;
	assert_true(c->flags & TCP_F_DELACK);
	assert_true(c->rcv_nxt - c->last_ack <= MSS);
	/* A step is late by up to a millisecond. */
	assert_in_range(e->delack, s->now - MS, c->delack_at);
}

static void delivered(struct sim *s, int me, const struct tcp_rx *rx,
		      const uint8_t *b)
{
	struct end *e = &s->e[me];
	uint32_t i;

	assert_true(rx->off + rx->len <= s->e[!me].total);
	for (i = 0; i < rx->len; i++) {
		assert_int_equal(b[rx->data + i], byte_of(!me, rx->off + i));
		e->have[rx->off + i] = 1;
	}
	while (e->got < s->e[!me].total && e->have[e->got])
		e->got++;
	if (rx->flags & ETRAN_RX_FIN)
		e->peer_fin = rx->off + rx->len;
	if (rx->flags & ETRAN_RX_REXMIT)
		send_again(s, me, rx->rexmit, e->c.snd_nxt,
			   rx->rexmit_nr ? rx->rexmit_nr : 1);
}

static void parse(const struct pkt *p, struct tcp_seg *seg)
{
	const struct tcp_frame *f = (const struct tcp_frame *)p->b;
	uint32_t tot = tcp_ntohs(f->tot_len), len = tot - 20;

	assert_int_equal(tot + 14, p->len);
	assert_int_equal(tcp_csum_fold(sum_of(p->b + 14, 20, 0)), 0xffff);
	assert_int_equal(tcp_csum_fold(sum_of(p->b + 34, len,
			 tcp_csum_pseudo(f->saddr, f->daddr, len))), 0xffff);
	seg->seq = tcp_ntohl(f->seq);
	seg->ack = tcp_ntohl(f->ack);
	seg->wnd = tcp_ntohs(f->wnd);
	seg->flags = f->flags;
	seg->len = (uint16_t)(len - 32);
	seg->data = ETRAN_TCP_ROOM;
	{
		uint8_t opt[TCP_OPT_MAX] = { 0 };

		memcpy(opt, f->opt, 12);
		tcp_opt_ts(opt, 12, seg);
	}
}

static void arrive(struct sim *s, struct pkt *p)
{
	struct end *e = &s->e[p->to];
	struct tcp_seg seg = { 0 };
	struct tcp_rx rx = { 0 };

	parse(p, &seg);
	tcp_rcv(&e->c, &seg, &rx, !chance(s, s->w->no_room), s->now);
	act(s, p->to, &rx);
	if (rx.act & TCP_A_DELIVER)
		delivered(s, p->to, &rx, p->b);
	/* Nothing is acknowledged that the tenant does not have. */
	assert_int_equal(TCP_MIN(e->c.rcv_nxt, e->c.rcv_fin), e->got);
	check_acks(s, e);
	if (!s->w->read_every)
		app_read(s, p->to);
}

static void tick(struct sim *s, int me)
{
	struct end *e = &s->e[me];
	struct tcp_rx rx = { 0 };
	uint64_t due = tcp_life_due(&e->c);

	e->last_tick = s->now;
	if (!due || due > s->now || e->c.state != ETRAN_CS_ESTABLISHED)
		return;
	tcp_life_tick(&e->c, &rx, s->now);
	e->probes += !!(rx.act & TCP_A_ARM);
	if (rx.event & TCP_EV(TCP_EV_RTO)) {
		e->timeouts++;
		send_again(s, me, e->c.snd_una, tcp_snd_limit(&e->c), ~0u);
	}
	act(s, me, &rx);
}

static void connect_both(struct sim *s)
{
	int i;

	for (i = 0; i < 2; i++) {
		struct tcp_sys_open a = {
			.state = ETRAN_CS_SYN_RCVD, .tenant = 1, .ifindex = 2,
			.snd_wscale = 3, .rcv_wscale = 3,
			/* Both sequence spaces wrap during the transfer. */
			.iss = 0xfffff000u + i, .irs = 0xfffff000u + !i,
			.mss = MSS, .rcvbuf = s->w->rcvbuf,
			.wnd = TCP_MIN(s->w->rcvbuf, 65535u),
			.ts_recent = tcp_now_ms(s->now),
			.flags = TCP_F_WS | (s->w->no_ts ? 0 : TCP_F_TS),
			.tuple = { htobe32(0x0a000001 + i),
				   htobe32(0x0a000001 + !i),
				   htobe16(100 + i), htobe16(100 + !i) },
		};
		struct end *e = &s->e[i];
		uint64_t off = 0;
		uint32_t n = 0;

		assert_int_equal(tcp_life_open(&e->c, &a, s->now), 0);
		e->c.state = ETRAN_CS_ESTABLISHED;
		e->total = s->w->bytes[i];
		e->have = calloc(1, s->w->bytes[!i] + 1);
		assert_non_null(e->have);
		e->peer_fin = ETRAN_NO_OFF;
		while (off < e->total) {
			e->seg[n++] = off;
			assert_true(n < MAX_SEGS);
			off += rnd(s) % 4 ? MSS : 1 + rnd(s) % MSS;
			off = TCP_MIN(off, (uint64_t)e->total);
		}
		if (!n || rnd(s) % 2)
			e->seg[n++] = off;	/* FIN alone */
		e->seg[n] = off;
		e->nr_segs = n;
	}
}

static bool both_closed(const struct sim *s)
{
	return s->e[0].closed && s->e[1].closed;
}

static struct pkt *next_pkt(struct sim *s, uint64_t until)
{
	struct pkt *p;
	uint32_t i, best = MAX_PKTS;

	for (i = 0; i < s->nq; i++)
		if (s->q[i]->at <= until &&
		    (best == MAX_PKTS || s->q[i]->at < s->q[best]->at ||
		     (s->q[i]->at == s->q[best]->at &&
		      s->q[i]->nr < s->q[best]->nr)))
			best = i;
	if (best == MAX_PKTS)
		return NULL;
	p = s->q[best];
	s->q[best] = s->q[--s->nq];
	return p;
}

/* One batch of the receiver's poll and what the other parts do in it. */
static void step(struct sim *s)
{
	uint64_t until = s->now + 20 * US;
	struct pkt *p;
	int i;

	while ((p = next_pkt(s, until))) {
		s->now = TCP_MAX(s->now, p->at);
		arrive(s, p);
		free(p);
	}
	s->now = until;
	for (i = 0; i < 2; i++) {
		struct end *e = &s->e[i];

		if (e->armed)
			release(s, i);
		if (e->delack && e->delack <= s->now)
			delack(s, i);
		if (e->c.state == ETRAN_CS_ESTABLISHED)
			app_write(s, i);
		if (s->w->read_every && s->now - e->last_read > s->w->read_every)
			app_read(s, i);
		if (s->now - e->last_tick > 20 * MS)
			tick(s, i);
		gen(s, i);
	}
}

static struct weather with_defaults(const struct weather *from)
{
	struct weather w = *from;

	w.delay = w.delay ? w.delay : 500 * US;
	w.pace = w.pace ? w.pace : 10 * US;
	w.rcvbuf = w.rcvbuf ? w.rcvbuf : TCP_RCVBUF;
	w.limit = w.limit ? w.limit : 60 * S;
	w.waste = w.waste ? w.waste : 150;
	return w;
}

static void report(const struct sim *s, uint64_t seed, int i, uint64_t begin)
{
	const struct end *e = &s->e[i];
	const struct tcp_conn *c = &e->c;

	print_message("%s seed %llx side %d: %u of %u bytes in %u ms, state %u flags %x, %u segments, %u sends, %u time-outs, %u fast, %u undone, %u probes, una %u nxt %u queued %u lim %u cwnd %u\n",
		      s->w->name, (unsigned long long)seed, i,
		      (unsigned int)e->got, s->e[!i].total,
		      (unsigned int)((s->now - begin) / MS), c->state, c->flags,
		      e->nr_segs, (unsigned int)e->sends,
		      (unsigned int)e->timeouts, (unsigned int)e->fast,
		      (unsigned int)e->undone, (unsigned int)e->probes,
		      (unsigned int)c->snd_una, (unsigned int)c->snd_nxt,
		      (unsigned int)c->snd_queued, (unsigned int)c->wnd_lim,
		      c->cwnd);
}

static void run(const struct weather *from, uint64_t seed)
{
	const struct weather filled = with_defaults(from), *w = &filled;
	struct sim *s = calloc(1, sizeof(*s));
	uint64_t begin = 5 * S;
	int i;

	assert_non_null(s);
	s->w = w;
	s->rnd = seed;
	s->now = begin;
	connect_both(s);
	while (!both_closed(s) && s->now - begin < w->limit) {
		/* Nothing on the way: jump to the next tick or read. */
		if (!s->nq)
			s->now += MS;
		step(s);
	}
	for (i = 0; i < 2; i++) {
		struct end *e = &s->e[i];

		if (!e->closed || getenv("SIM_VERBOSE"))
			report(s, seed, i, begin);
		assert_true(e->closed);
		assert_int_equal(e->got, s->e[!i].total);
		assert_int_equal(e->peer_fin, s->e[!i].total);
		assert_int_equal(e->c.snd_una, e->total + 1);
		assert_true(e->sends * 100 <= e->nr_segs * w->waste + 2000);
	}
	/* At least one side waits for the other's late segments. */
	assert_true(s->e[0].c.state == ETRAN_CS_TIME_WAIT ||
		    s->e[1].c.state == ETRAN_CS_TIME_WAIT);
	for (i = 0; i < 2; i++)
		free(s->e[i].have);
	while (s->nq)
		free(s->q[--s->nq]);
	free(s);
}

static void many(const struct weather *w, int seeds)
{
	int i;

	for (i = 1; i <= seeds; i++)
		run(w, 0x9e3779b97f4a7c15ULL * i);
}

static void clean(void **state)
{
	const struct weather w = { .name = "clean",
		.bytes = { 2000000, 2000000 }, .limit = 3 * S, .waste = 100 };

	(void)state;
	many(&w, 10);
}

static void one_way(void **state)
{
	const struct weather w = { .name = "one way",
		.bytes = { 2000000, 0 }, .limit = 3 * S, .waste = 100 };

	(void)state;
	many(&w, 10);
}

static void loss(void **state)
{
	const struct weather w = { .name = "loss", .loss = 10,
		.reorder = 50, .dup = 10, .bytes = { 1500000, 1500000 } };

	(void)state;
	many(&w, 25);
}

static void loss_without_ts(void **state)
{
	const struct weather w = { .name = "loss, no time stamps",
		.loss = 10, .reorder = 50, .dup = 10, .no_ts = 1,
		.bytes = { 1500000, 100000 } };

	(void)state;
	many(&w, 15);
}

static void storm(void **state)
{
	const struct weather w = { .name = "storm", .loss = 150,
		.reorder = 200, .dup = 100, .jitter = 5 * MS,
		.bytes = { 150000, 80000 }, .limit = 600 * S, .waste = 400 };

	(void)state;
	many(&w, 25);
}

static void long_path(void **state)
{
	const struct weather w = { .name = "long path", .loss = 10,
		.reorder = 50, .dup = 10, .delay = 10 * MS,
		.bytes = { 1000000, 1000000 } };

	(void)state;
	many(&w, 10);
}

static void slow_reader(void **state)
{
	const struct weather w = { .name = "slow reader", .loss = 10,
		.read_every = 300 * MS, .rcvbuf = 20000,
		.bytes = { 300000, 300000 }, .limit = 120 * S };

	(void)state;
	many(&w, 15);
}

/* Windows that no whole segment fits into. */
static void tiny_window(void **state)
{
	const struct weather w = { .name = "tiny window", .rcvbuf = 1000,
		.bytes = { 20000, 20000 }, .limit = 300 * S, .waste = 500 };

	(void)state;
	many(&w, 10);
}

static void full_rings(void **state)
{
	const struct weather w = { .name = "full rings", .loss = 5,
		.no_room = 50, .hold_fails = 20,
		.bytes = { 500000, 500000 }, .limit = 300 * S, .waste = 300 };

	(void)state;
	many(&w, 15);
}

static void nothing_to_say(void **state)
{
	const struct weather w = { .name = "only FINs", .loss = 100,
		.bytes = { 0, 0 } };

	(void)state;
	many(&w, 40);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(clean),
		cmocka_unit_test(one_way),
		cmocka_unit_test(loss),
		cmocka_unit_test(loss_without_ts),
		cmocka_unit_test(storm),
		cmocka_unit_test(long_path),
		cmocka_unit_test(slow_reader),
		cmocka_unit_test(tiny_window),
		cmocka_unit_test(full_rings),
		cmocka_unit_test(nothing_to_say),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
