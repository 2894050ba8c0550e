/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * tcp_ingress: which packets are ours, and what happens with them.
 *
 * A packet that no connection or listener claims is PASSed untouched. That
 * includes what is not a SYN but goes to a port of ours, such as a late
 * segment of a connection that was freed: the bound socket that holds the port
 * does not listen, so the kernel answers as RFC 9293 wants from a closed port,
 * with its own rate limit.
 *
 * A tenant without a queue of its own has a virtual port. The NIC's program
 * then only finds out whose the segment is and sends it on to the port's
 * device, where the same happens to it as to others on their queue. So there
 * too the answer of bpf_etran_rx_ready() and the delivery are of one run, and
 * whether a tenant has a port is asked only when its queue is not this one.
 */
#ifndef _ETRAN_TCP_INGRESS_BPF_H
#define _ETRAN_TCP_INGRESS_BPF_H

#define TCP_ETH_IPV4	0x0800

/* A packet's headers, read once. */
struct tcp_in {
	struct tcp_tuple tuple;	/* seen from here: "d" is the sender */
	struct tcp_seg seg;
	__u32 ihl;		/* bytes */
	__u32 tot_len;
};

/* Whom an event is about. */
struct tcp_whom {
	__u32 conn;
	__u32 gen;
	__u32 tenant;
	__u32 slot;
	__u32 listener;
	__u32 err;
	__u32 time_wait;
	__u32 ifindex;		/* of the NIC, 0: where the packet came in */
	__u32 port;		/* we are on a port's device */
};

/* Is this TCP over IPv4 in one piece? Bounded by the packet, never by its word. */
TCP_SUB int tcp_parse(struct xdp_md *ctx, struct tcp_in *in)
{
	void *data = (void *)(long)ctx->data;
	void *end = (void *)(long)ctx->data_end;
	__u32 ihl, tot, doff, opt, n;
	__u8 opts[TCP_OPT_MAX] = {};
	struct iphdr *ip = data + 14;
	struct tcphdr *th;
	__u8 *bytes = data;

	if ((void *)(ip + 1) > end)
		return false;
	if (*(__be16 *)(bytes + 12) != tcp_htons(TCP_ETH_IPV4) ||
	    ip->version != 4 || ip->protocol != IPPROTO_TCP ||
	    (ip->frag_off & tcp_htons(0x3fff)))
		return false;
	ihl = ip->ihl * 4;
	tot = tcp_ntohs(ip->tot_len);
	if (ihl < 20 || tot < ihl + 20 || data + 14 + tot > end)
		return false;
	th = data + 14 + ihl;
	if ((void *)(th + 1) > end)
		return false;
	doff = th->doff * 4;
	if (doff < 20 || ihl + doff > tot)
		return false;

	in->ihl = ihl;
	in->tot_len = tot;
	in->tuple.saddr = ip->daddr;
	in->tuple.daddr = ip->saddr;
	in->tuple.sport = th->dest;
	in->tuple.dport = th->source;
	in->seg.seq = tcp_ntohl(th->seq);
	in->seg.ack = tcp_ntohl(th->ack_seq);
	in->seg.wnd = tcp_ntohs(th->window);
	in->seg.len = tot - ihl - doff;
	in->seg.data = 14 + ihl + doff;
	in->seg.flags = ((__u8 *)th)[13];
	in->seg.has_ts = 0;

	opt = doff - 20;
	if (opt == 12 && (void *)th + 32 <= end &&
	    ((__be32 *)th)[5] == tcp_htonl(TCP_TS_OPT)) {
		in->seg.tsval = tcp_ntohl(((__be32 *)th)[6]);
		in->seg.tsecr = tcp_ntohl(((__be32 *)th)[7]);
		in->seg.has_ts = 1;
		return true;
	}
	n = opt;
	if (n && n <= TCP_OPT_MAX &&
	    !bpf_xdp_load_bytes(ctx, 14 + ihl + 20, opts, n))
		tcp_opt_ts(opts, n, &in->seg);
	return true;
}

TCP_SUB int tcp_csum_ok(struct xdp_md *ctx, struct tcp_in *in)
{
	__u32 len = in->tot_len - in->ihl, sum;

	sum = bpf_etran_rx_csum(ctx, 14, in->ihl, 0);
	if (tcp_csum_fold(sum) != 0xffff)
		return false;
	sum = tcp_csum_pseudo(in->tuple.saddr, in->tuple.daddr, len);
	sum = bpf_etran_rx_csum(ctx, 14 + in->ihl, len, sum);
	return tcp_csum_fold(sum) == 0xffff;
}

/* Tell etrand. Return: 0 or -1 when the ring buffer is full. */
TCP_SUB int tcp_emit(struct xdp_md *ctx, struct tcp_in *in,
		     struct tcp_whom *who, __u32 type)
{
	struct tcp_event *ev;
	__u32 n = 14 + in->tot_len;

	ev = bpf_ringbuf_reserve(&events, sizeof(*ev), 0);
	if (!ev)
		return -1;
	__builtin_memset(ev, 0, sizeof(*ev));
	ev->type = type;
	ev->conn = who->conn;
	ev->gen = who->gen;
	ev->tenant = who->tenant;
	ev->slot = who->slot;
	ev->listener = who->listener;
	ev->err = type == TCP_EV_RESET ? who->err : 0;
	ev->time_wait = type == TCP_EV_CLOSED ? who->time_wait : 0;
	ev->ifindex = who->ifindex ? who->ifindex : ctx->ingress_ifindex;
	ev->len = n;
	if (n > TCP_EV_BYTES)
		n = TCP_EV_BYTES;
	if (n < 14)
		n = 14;
	bpf_xdp_load_bytes(ctx, 0, ev->bytes, n);
	bpf_ringbuf_submit(ev, 0);
	return 0;
}

/*
 * No connection: a SYN to a listener goes up to etrand. @who names the ended
 * connection that still has the SYN's addresses and ports, if any.
 */
TCP_SUB int tcp_miss(struct xdp_md *ctx, struct tcp_in *in,
		     struct tcp_whom *who)
{
	struct tcp_listen_key key = {
		.addr = in->tuple.saddr,
		.port = in->tuple.sport,
	};
	struct tcp_stats *st;
	struct tcp_listener *l;

	if ((in->seg.flags & (TCP_SYN | TCP_ACK | TCP_RST)) != TCP_SYN)
		return XDP_PASS;
	l = bpf_map_lookup_elem(&listeners, &key);
	if (!l) {
		key.addr = 0;
		l = bpf_map_lookup_elem(&listeners, &key);
	}
	if (!l)
		return XDP_PASS;
	who->listener = l->listener;
	who->tenant = l->tenant;
	st = tcp_stats_here();
	if (!tcp_csum_ok(ctx, in))
		TCP_COUNT(st, rx_bad_csum);
	else if (tcp_emit(ctx, in, who, TCP_EV_SYN))
		TCP_COUNT(st, rx_events_lost);
	return XDP_DROP;
}

/* Send the events of a segment; those that must not get lost are ticked off. */
TCP_SUB int tcp_emit_all(struct xdp_md *ctx, struct tcp_in *in,
			 struct tcp_whom *who, struct tcp_conn *c, __u32 mask)
{
	struct tcp_stats *st = tcp_stats_here();
	__u32 type, done = 0;

	bpf_for(type, TCP_EV_SYN, TCP_EV_SEND_RST + 1) {
		if (!(mask & TCP_EV(type)))
			continue;
		if (tcp_emit(ctx, in, who, type))
			TCP_COUNT(st, rx_events_lost);
		else
			done |= TCP_EV(type);
	}
	bpf_spin_lock(&c->lock);
	if (c->gen == who->gen)
		c->ev_owed &= ~done;
	bpf_spin_unlock(&c->lock);
	return 0;
}

TCP_INLINE void tcp_count_rx(struct tcp_stats *st, const struct tcp_rx *rx,
			     __u32 refused)
{
	if (!st)
		return;
	st->rx_segs++;
	st->gen_refused += refused;
	if (!rx->stat)
		return;
	st->rx_pure_acks += !!(rx->stat & TCP_S_PURE_ACK);
	st->rx_bad_seq += !!(rx->stat & TCP_S_BAD_SEQ);
	st->rx_ooo += !!(rx->stat & TCP_S_OOO);
	st->rx_dup += !!(rx->stat & TCP_S_DUP);
	st->rx_no_room += !!(rx->stat & TCP_S_NO_ROOM);
	st->fast_rexmit += !!(rx->stat & TCP_S_FAST);
	st->rx_paws += !!(rx->stat & TCP_S_PAWS);
	st->rx_challenge += !!(rx->stat & TCP_S_CHALLENGE);
	st->undo += !!(rx->stat & TCP_S_UNDO);
}

/* Write the report over the headers and send the packet to the tenant. */
TCP_INLINE int tcp_deliver(struct xdp_md *ctx, const struct etran_rx_hdr *hdr,
			   __u32 key)
{
	void *data = (void *)(long)ctx->data;
	void *end = (void *)(long)ctx->data_end;

	if (data + sizeof(*hdr) > end)
		return XDP_DROP;	/* parsed packets are longer */
	*(struct etran_rx_hdr *)data = *hdr;
	return bpf_redirect_map(&xsks, key, XDP_DROP);
}

TCP_INLINE bool tcp_same(const struct tcp_tuple *a, const struct tcp_tuple *b)
{
	return a->saddr == b->saddr && a->daddr == b->daddr &&
	       a->sport == b->sport && a->dport == b->dport;
}

/* A segment of connection @who->conn. */
TCP_SUB int tcp_hit(struct xdp_md *ctx, struct tcp_in *in,
		    struct tcp_whom *who)
{
	__u32 conn = who->conn, queue = ctx->rx_queue_index, key, refused;
	struct tcp_stats *st = tcp_stats_here();
	struct etran_conn_pub *view;
	struct etran_rx_hdr hdr = {};
	struct tcp_rx *rx = tcp_rx_here();
	int ready = -ENOENT;
	struct tcp_conn *c;
	__u64 now;

	c = bpf_map_lookup_elem(&conns, &conn);
	if (!c || !rx)
		return XDP_PASS;
	/* Right if the generation still fits under the lock. */
	who->gen = TCP_READ(c->gen);
	who->tenant = TCP_READ(c->tenant);
	who->slot = TCP_READ(c->slot);
	view = tcp_pub_of(who->tenant, who->slot);
	key = who->tenant * ETRAN_MAX_QUEUES + queue;
	if (queue < ETRAN_MAX_QUEUES)
		ready = bpf_etran_rx_ready(ctx, &xsks, key);
	if ((ready == -ENOENT || ready == -EINVAL) && !who->port &&
	    bpf_redirect_map(&ports, who->tenant, XDP_PASS) == XDP_REDIRECT)
		return XDP_REDIRECT;
	if (!tcp_csum_ok(ctx, in)) {
		TCP_COUNT(st, rx_bad_csum);
		return XDP_DROP;
	}
	now = bpf_ktime_get_ns();

	bpf_spin_lock(&c->lock);
	if (c->gen != who->gen || c->state == ETRAN_CS_FREE ||
	    !tcp_same(&c->tuple, &in->tuple)) {
		bpf_spin_unlock(&c->lock);
		return XDP_PASS;
	}
	tcp_rcv(c, &in->seg, rx, !ready, now);
	refused = tcp_do(c, conn, rx->act);
	if (view)
		tcp_pub_update(c, view, tcp_snd_limit(c));
	hdr.ack = c->snd_una;
	who->listener = c->listener;
	who->err = c->err;
	who->time_wait = c->state == ETRAN_CS_TIME_WAIT;
	who->ifindex = c->ifindex;
	bpf_spin_unlock(&c->lock);

	tcp_count_rx(st, rx, refused);
	if (rx->event)
		tcp_emit_all(ctx, in, who, c, rx->event);
	if (rx->act & TCP_A_SYN)
		return tcp_miss(ctx, in, who);
	if (!(rx->act & TCP_A_DELIVER))
		return XDP_DROP;
	hdr.slot = who->slot;
	hdr.gen = who->gen;
	hdr.off = rx->off;
	hdr.rexmit = rx->rexmit;
	hdr.data = rx->data;
	hdr.len = rx->len;
	hdr.flags = rx->flags;
	hdr.rexmit_nr = rx->rexmit_nr;
	return tcp_deliver(ctx, &hdr, key);
}

SEC("xdp")
int tcp_ingress(struct xdp_md *ctx)
{
	struct tcp_whom who = {};
	struct tcp_in in = {};
	__u32 *conn;

	if (!tcp_parse(ctx, &in))
		return XDP_PASS;
	conn = bpf_map_lookup_elem(&flows, &in.tuple);
	if (!conn)
		return tcp_miss(ctx, &in, &who);
	who.conn = *conn;
	return tcp_hit(ctx, &in, &who);
}

/* On a virtual port's device: what the NIC's program sent there. */
SEC("xdp")
int tcp_port(struct xdp_md *ctx)
{
	struct tcp_whom who = { .port = 1 };
	struct tcp_in in = {};
	__u32 *conn;
	int act;

	if (!tcp_parse(ctx, &in))
		return XDP_DROP;
	conn = bpf_map_lookup_elem(&flows, &in.tuple);
	if (!conn)
		return XDP_DROP;
	who.conn = *conn;
	act = tcp_hit(ctx, &in, &who);
	/* The connection ended on the way; there is no stack behind a port. */
	return act == XDP_PASS ? XDP_DROP : act;
}

#endif /* _ETRAN_TCP_INGRESS_BPF_H */
