/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A transport that paces with timing wheels: an instance of its own in the
 * object of probe.bpf.c, which has the lock and the counters.
 *
 * The wheel arms its timer by itself, the program never does, but where it stops
 * before it was told that nothing more is due.
 */
#ifndef _KERNEL_PACE_BPF_H
#define _KERNEL_PACE_BPF_H

#include "pace.h"

struct pace_orders pace SEC(".data.pace") = { .flows = 1 };
struct pace_seen pace_seen SEC(".data.pace_seen");
struct pace_far pace_far SEC(".data.pace_far");

struct {
	__uint(type, ETRAN_MAP_TYPE_PKT_QUEUE);
	__uint(max_entries, PACE_SLOTS);
	etran_pktq_extra(0, 0, PACE_SLOT_NS);
	__type(key, __u32);
	__type(value, struct probe_depth);
} wheel SEC(".maps");

struct pace_inner {
	__uint(type, ETRAN_MAP_TYPE_PKT_QUEUE);
	__uint(max_entries, PACE_SLOTS);
	etran_pktq_extra(0, 0, PACE_SLOT_NS);
	__type(key, __u32);
	__type(value, struct probe_depth);
} inner0 SEC(".maps"), inner1 SEC(".maps"), inner2 SEC(".maps"), inner3 SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, PACE_INNERS);
	__type(key, __u32);
	__array(values, struct pace_inner);
} wheels SEC(".maps") = {
	.values = { &inner0, &inner1, &inner2, &inner3 },
};

/* Time in 1/1024 ns, so that rounding does not add up. */
struct pace_clock {
	__u64 next;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, PACE_FLOWS);
	__type(key, __u32);
	__type(value, struct pace_clock);
} pace_clocks SEC(".maps");

/* ---- egress ---------------------------------------------------------- */

static __always_inline __u64 rate_when(struct etran_pkt *pkt, __u64 seq)
{
	__u32 flow = seq % (pace.flows ?: 1);
	__u64 rate = pace.rate ?: 1;
	__u64 step = ((__u64)pkt->len << 10) * 1000000000ULL / rate;
	__u64 now = bpf_ktime_get_ns() << 10;
	struct pace_clock *c;

	c = bpf_map_lookup_elem(&pace_clocks, &flow);
	if (!c)
		return 0;
	if (!c->next)		/* flows do not all begin at the same time */
		c->next = now + step * flow / (pace.flows ?: 1);
	else
		c->next += step;
	if (c->next < now)
		c->next = now;
	return c->next >> 10;
}

static __always_inline __u64 when_of(struct etran_pkt *pkt, __u64 seq)
{
	switch (pace.plan) {
	case PLAN_RATE:
		return rate_when(pkt, seq);
	case PLAN_SCRIPT:
		if (seq < PACE_SCRIPT && pace.when[seq])
			return pace.base + pace.when[seq];
		return 0;
	}
	return bpf_ktime_get_ns() + pace.delay_ns;
}

static __always_inline int pace_hold(struct etran_pkt *pkt, void *map, __u64 when,
				     struct etran_priv *priv, __u32 timer)
{
	struct guard *g = guard();
	int ret;

	if (!g)
		return -1;
	bpf_spin_lock(&g->lock);
	ret = bpf_etran_hold_until(pkt, map, when, priv, timer);
	bpf_spin_unlock(&g->lock);
	return ret;
}

static __always_inline int pace_inner(struct etran_pkt *pkt, __u64 seq, __u64 when,
				      struct etran_priv *priv)
{
	__u32 i = seq % PACE_INNERS;
	void *map = bpf_map_lookup_elem(&wheels, &i);

	return map ? bpf_etran_hold_until(pkt, map, when, priv, i) : -2;
}

/* The one kind of map is not taken for the other. */
static __always_inline void try_wrong_map(struct etran_pkt *pkt, struct etran_priv *priv)
{
	if (bpf_etran_hold(pkt, &wheel, 0, priv) != -22 ||
	    bpf_etran_hold_front(pkt, &wheel, 0, priv) != -22 ||
	    bpf_etran_hold_until(pkt, &queue, 0, priv, 0) != -22 ||
	    bpf_etran_hold_until(pkt, &guards, 0, priv, 0) != -22)
		inc(&pace_seen.wrong_map);
}

SEC("?struct_ops/egress")
int BPF_PROG(pace_egress, struct etran_pkt *pkt)
{
	struct etran_priv priv = {};
	struct probe_hdr *hdr;
	__u8 *data;
	__u64 seq;
	int ret;

	data = bpf_etran_pkt_data(pkt, 0, PROBE_ETH_LEN + sizeof(*hdr));
	if (!data)
		return ETRAN_DROP;
	hdr = (void *)(data + PROBE_ETH_LEN);
	if (hdr->run != orders.run)
		return ETRAN_DROP;
	seq = hdr->seq;
	priv.v[0] = seq;
	priv.v[1] = when_of(pkt, seq);
	if (seq < 4)
		try_wrong_map(pkt, &priv);
	if (pace.plan == PLAN_INNER)
		ret = pace_inner(pkt, seq, priv.v[1], &priv);
	else if (pace.plan == PLAN_FRONT && seq % 2)
		ret = bpf_etran_hold_front(pkt, &queue, 0, &priv);
	else if (pace.plan == PLAN_FRONT)
		ret = bpf_etran_hold(pkt, &queue, 0, &priv);
	else
		ret = pace_hold(pkt, &wheel, priv.v[1], &priv,
				pace.timer);
	if (ret < 0) {
		inc(&pace_seen.refused);
		pace_seen.hold_errno = ret;
		return ETRAN_DROP;
	}
	inc(&pace_seen.held);
	if (ret)
		inc(&pace_seen.early);
	return ETRAN_HOLD;
}

/* ---- timer ----------------------------------------------------------- */

static __always_inline void note_sent(struct etran_held *held)
{
	__u64 n = pace_seen.sent, when = held->priv[1], now = bpf_ktime_get_ns();

	if (now < when && !pace_seen.early && pace.take != TAKE_FIRST)
		inc(&pace_seen.too_early);
	if (when && now > when && now - when > pace_seen.late_ns)
		pace_seen.late_ns = now - when;
	if (n < PACE_SCRIPT)
		pace_seen.order[n] = held->priv[0];
	pace_seen.sent = n + 1;
}

/* Peek, next_due, depth and dequeue must tell the same story. */
static __always_inline struct etran_held *pace_take(void)
{
	struct etran_peeked first = {};
	struct etran_held *held;
	__u64 next = bpf_etran_next_due(&wheel, 0);
	__u32 depth = bpf_etran_depth(&wheel, 0);
	int peek = bpf_etran_peek(&wheel, 0, &first);

	if (pace.take == TAKE_FIRST)
		held = bpf_etran_dequeue(&wheel, 0);
	else
		held = bpf_etran_dequeue_due(&wheel);
	/* Only where nobody else puts something in or takes it out. */
	if (pace.plan != PLAN_SCRIPT)
		return held;
	if ((peek == -2) != (depth == 0) || (next == ETRAN_NEVER) != (depth == 0))
		inc(&pace_seen.next_bad);
	if (held && (peek || first.priv[0] != held->priv[0] ||
		     first.len != held->len))
		inc(&pace_seen.peek_bad);
	if (held && bpf_etran_depth(&wheel, 0) != depth - 1)
		inc(&pace_seen.depth_bad);
	if (held && next > bpf_ktime_get_ns() && pace.take != TAKE_FIRST)
		inc(&pace_seen.next_bad);
	return held;
}

/* Returns false when there is nothing more to take. */
static __always_inline bool pace_one(void)
{
	struct etran_held *held = pace_take();

	if (!held)
		return false;
	if (pace.take == TAKE_AGAIN && held->priv[1] > bpf_ktime_get_ns()) {
		inc(&pace_seen.again);
		bpf_etran_requeue_until(held, &wheel, held->priv[1]);
		return true;
	}
	if (pace.take == TAKE_BACK && pace_seen.again < pace.backs) {
		inc(&pace_seen.again);
		bpf_etran_requeue(held, &wheel, 0);
		return true;
	}
	note_sent(held);
	bpf_etran_send(held);
	return true;
}

static __always_inline bool fifo_one(void)
{
	struct etran_held *held = bpf_etran_dequeue(&queue, 0);

	if (!held)
		return false;
	if (pace.take == TAKE_TAIL && pace_seen.again < pace_seen.held) {
		inc(&pace_seen.again);
		bpf_etran_requeue_tail(held, &queue, 0);
		return true;
	}
	note_sent(held);
	bpf_etran_send(held);
	return true;
}

static __always_inline bool inner_one(__u32 i)
{
	void *map = bpf_map_lookup_elem(&wheels, &i);
	struct etran_held *held;

	held = map ? bpf_etran_dequeue_due(map) : NULL;
	if (!held)
		return false;
	note_sent(held);
	bpf_etran_send(held);
	return true;
}

static __always_inline bool pace_next(__u32 id)
{
	switch (pace.plan) {
	case PLAN_FRONT:
		return fifo_one();
	case PLAN_INNER:
		return inner_one(id);
	}
	return pace_one();
}

SEC("?struct_ops/timer")
void BPF_PROG(pace_timer, __u32 id)
{
	int i, budget = pace.budget ?: 64;
	__u32 n;

	inc(&pace_seen.runs);
	if (pace.take == TAKE_NOTHING || (id >= PACE_INNERS && id != PACE_THREAD))
		return;
	if (pace.take == TAKE_DRAIN) {
		n = bpf_etran_drain(&wheel, 0, 1000);
		pace_seen.drained += n;
		if (n)
			bpf_etran_timer_arm(id, 0);
		return;
	}
	bpf_for(i, 0, 64) {
		if (i >= budget)
			break;
		if (!pace_next(id))
			return;
	}
	bpf_etran_timer_arm(id, 0);
}

SEC("?.struct_ops.link")
struct etran_transport_ops pace_ops = {
	.egress		= (void *)pace_egress,
	.timer		= (void *)pace_timer,
	.nr_timers	= PROBE_TIMERS,
	.nr_global	= 1,
	.name		= "pace",
};

/* ---- far end --------------------------------------------------------- */

/* Counts and times what a sink in user space would be too slow for. */
SEC("xdp")
int pace_count(struct xdp_md *ctx)
{
	__u8 *data = (void *)(long)ctx->data;
	void *end = (void *)(long)ctx->data_end;
	struct probe_hdr *hdr = (void *)(data + PROBE_ETH_LEN);
	struct pace_flow *f;
	__u64 now, seq, i;

	if ((void *)(hdr + 1) > end)
		return XDP_PASS;
	if (data[12] != PROBE_ETHERTYPE >> 8 ||
	    data[13] != (PROBE_ETHERTYPE & 0xff) || hdr->run != pace_far.run)
		return XDP_PASS;
	seq = hdr->seq;
	i = seq % (pace.flows ?: 1);
	if (i >= PACE_FLOWS)
		return XDP_PASS;
	now = bpf_ktime_get_ns();
	f = &pace_far.flow[i];
	if (f->packets && seq < f->last_seq)
		f->ooo++;
	f->last_seq = seq;
	f->last_ns = now;
	if (f->packets++ == pace_far.warm)
		f->first_ns = now;
	pace_far.packets++;
	return XDP_DROP;
}

#endif /* _KERNEL_PACE_BPF_H */
