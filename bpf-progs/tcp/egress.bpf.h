/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * tcp_egress, tcp_timer and tcp_gen: what leaves.
 *
 * Headers are written under the lock too, so that two CPUs that send for one
 * connection put sequence and acknowledgment numbers on the wire in the order
 * in which they were decided.
 */
#ifndef _ETRAN_TCP_EGRESS_BPF_H
#define _ETRAN_TCP_EGRESS_BPF_H

/* Held segments that one run of the timer releases; then others may run. */
#define TCP_RELEASE_MAX	64

/* etran_priv of a held segment */
#define TCP_PRIV_OFF	0
#define TCP_PRIV_WHAT	1	/* len | wire flags << 16 | generation << 32 */
#define TCP_PRIV_SUM	2	/* partial checksum of the payload */

TCP_INLINE void tcp_count_tx(struct tcp_stats *st, __u32 stat, bool sent)
{
	if (!st)
		return;
	st->tx_segs += sent;
	if (!stat)
		return;
	st->tx_bad_owner += !!(stat & TCP_T_BAD_OWNER);
	st->tx_bad_req += !!(stat & TCP_T_BAD_REQ);
	st->tx_stale += !!(stat & TCP_T_STALE);
	st->tx_rexmit += !!(stat & TCP_T_REXMIT);
	st->tx_acked += !!(stat & TCP_T_ACKED);
	st->tx_gap += !!(stat & TCP_T_GAP);
	st->tx_held += !!(stat & TCP_T_HELD);
	st->tx_no_hold += !!(stat & TCP_T_NO_HOLD);
}

/* Read the request once: the tenant can write these bytes all the time. */
TCP_INLINE void tcp_req_read(struct etran_tx_req *req, const __u8 *p)
{
	const volatile __u64 *from = (const volatile __u64 *)p;
	__u64 *to = (__u64 *)req;

	to[0] = from[0];
	to[1] = from[1];
	to[2] = from[2];
	to[3] = from[3];
	asm volatile("" : : "r"(req) : "memory");
}

SEC("struct_ops/tcp_egress")
int BPF_PROG(tcp_egress, struct etran_pkt *pkt)
{
	struct tcp_stats *st = tcp_stats_here();
	struct etran_conn_pub *view;
	struct etran_priv priv = {};
	struct etran_tx_req req;
	struct tcp_out out = {};
	struct tcp_tx tx = {};
	struct tcp_conn *c;
	int verdict;
	__u32 conn;
	__u64 now;
	__u8 *p;

	p = bpf_etran_pkt_data(pkt, 0, ETRAN_TCP_ROOM);
	if (!p) {
		TCP_COUNT(st, tx_bad_req);
		return ETRAN_DROP;
	}
	tcp_req_read(&req, p);
	conn = req.conn;
	c = bpf_map_lookup_elem(&conns, &conn);
	if (!c || pkt->len != ETRAN_TCP_ROOM + req.len) {
		TCP_COUNT(st, tx_bad_req);
		return ETRAN_DROP;
	}
	tx.tenant = pkt->tenant;
	tx.ifindex = pkt->ifindex;
	view = tcp_pub_of(tx.tenant, TCP_READ(c->slot));
	out.len = req.len;
	if (req.len)
		out.sum = bpf_etran_pkt_csum(pkt, ETRAN_TCP_ROOM, req.len, 0);
	now = bpf_ktime_get_ns();
	out.ms = tcp_now_ms(now);
	priv.v[TCP_PRIV_OFF] = req.off;
	priv.v[TCP_PRIV_SUM] = out.sum;

	bpf_spin_lock(&c->lock);
	verdict = tcp_tx(c, &req, &tx, now);
	if (verdict == TCP_TX_SEND) {
		out.seq = tx.seq;
		out.flags = tx.flags;
		out.wnd = tcp_wnd_take(c, false);
		tcp_frame_put(p, c, &out);
	} else if (verdict == TCP_TX_HOLD) {
		priv.v[TCP_PRIV_WHAT] = req.len | tx.flags << 16 |
					(__u64)req.gen << 32;
		if (bpf_etran_hold(pkt, &hold, conn, &priv)) {
			tcp_tx_unqueue(c, req.off, now);
			tx.stat |= TCP_T_NO_HOLD;
			verdict = TCP_TX_DROP;
		}
	}
	if (view && !(tx.stat & (TCP_T_BAD_OWNER | TCP_T_STALE)))
		tcp_pub_update(c, view, tcp_snd_limit(c));
	bpf_spin_unlock(&c->lock);

	tcp_count_tx(st, tx.stat, verdict == TCP_TX_SEND);
	if (verdict == TCP_TX_SEND)
		return ETRAN_SEND;
	return verdict == TCP_TX_HOLD ? ETRAN_HOLD : ETRAN_DROP;
}

/*
 * Release the first held segment if it may go. Lock held.
 * Return: 1 look at the next one too, 0 enough.
 */
TCP_INLINE int tcp_release_one(struct tcp_conn *c, __u32 conn, __u64 now,
			       struct tcp_out *out, __u32 *sent)
{
	struct etran_held *held = bpf_etran_dequeue(&hold, conn);
	__u64 off, end, what;
	int verdict;
	__u8 *p;

	if (!held)
		return 0;
	off = held->priv[TCP_PRIV_OFF];
	what = held->priv[TCP_PRIV_WHAT];
	out->sum = (__u32)held->priv[TCP_PRIV_SUM];
	out->len = what & 0xffff;
	out->flags = (what >> 16) & 0xffff;
	end = off + out->len + (out->flags & TCP_FIN);
	verdict = tcp_tx_held(c, off, end, (__u32)(what >> 32), now);
	if (verdict == TCP_TX_HOLD) {
		bpf_etran_requeue(held, &hold, conn);
		return 0;
	}
	p = NULL;
	if (verdict == TCP_TX_SEND)
		p = bpf_etran_held_data(held, 0, ETRAN_TCP_ROOM);
	if (!p) {
		bpf_etran_drop(held);
		return 1;
	}
	out->seq = tcp_snd_wire(c, off);
	out->wnd = tcp_wnd_take(c, false);
	tcp_frame_put(p, c, out);
	bpf_etran_send(held);
	(*sent)++;
	return 1;
}

SEC("struct_ops/tcp_timer")
void BPF_PROG(tcp_timer, u32 id)
{
	struct tcp_stats *st = tcp_stats_here();
	struct etran_conn_pub *view;
	struct tcp_out out = {};
	__u32 i, conn = id, sent = 0, gen, refused;
	struct tcp_rx rx = {};
	struct tcp_conn *c;
	__u64 now, wait;
	int more = 0;

	c = bpf_map_lookup_elem(&conns, &conn);
	if (!c)
		return;
	gen = TCP_READ(c->gen);
	view = tcp_pub_of(TCP_READ(c->tenant), TCP_READ(c->slot));
	now = bpf_ktime_get_ns();
	out.ms = tcp_now_ms(now);

	bpf_for(i, 0, TCP_RELEASE_MAX) {
		bpf_spin_lock(&c->lock);
		more = tcp_release_one(c, conn, now, &out, &sent);
		bpf_spin_unlock(&c->lock);
		if (!more)
			break;
	}
	if (more)
		bpf_etran_timer_arm(conn, 0);

	bpf_spin_lock(&c->lock);
	if (view && c->gen == gen && c->state != ETRAN_CS_FREE)
		tcp_pub_update(c, view, tcp_snd_limit(c));
	wait = tcp_delack_run(c, &rx, now);
	refused = tcp_do(c, conn, rx.act);
	if (wait && bpf_etran_timer_arm(conn, wait)) {
		tcp_delack_refused(c);
		refused++;
	}
	bpf_spin_unlock(&c->lock);
	if (st) {
		st->tx_segs += sent;
		st->gen_refused += refused;
	}
}

SEC("struct_ops/tcp_gen")
int BPF_PROG(tcp_gen, struct etran_gen *gen)
{
	__u32 conn = (__u32)gen->cookie, brand = (__u32)(gen->cookie >> 32);
	struct tcp_stats *st = tcp_stats_here();
	struct tcp_out out = { .flags = TCP_ACK };
	struct tcp_conn *c;
	int some;
	__u8 *p;

	c = bpf_map_lookup_elem(&conns, &conn);
	p = bpf_etran_gen_data(gen, 0, ETRAN_TCP_ROOM);
	if (!c || !p)
		return 0;
	out.ms = tcp_now_ms(bpf_ktime_get_ns());

	bpf_spin_lock(&c->lock);
	some = tcp_tx_gen(c, brand, &out.seq, &out.wnd);
	if (some)
		tcp_frame_put(p, c, &out);
	bpf_spin_unlock(&c->lock);
	if (!some)
		return 0;
	TCP_COUNT(st, tx_acks);
	return ETRAN_TCP_ROOM;
}

#endif /* _ETRAN_TCP_EGRESS_BPF_H */
