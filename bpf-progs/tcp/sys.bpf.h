/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * etrand's programs. They are sleepable, so they cannot touch hold and xsks:
 * they change the connection and ask gen or the timer to do the rest.
 */
#ifndef _ETRAN_TCP_SYS_BPF_H
#define _ETRAN_TCP_SYS_BPF_H

SEC("syscall")
int tcp_open(struct tcp_sys_open *a)
{
	struct etran_conn_pub *view;
	struct tcp_tuple tuple = a->tuple;
	__u32 conn = a->conn;
	__u64 now = bpf_ktime_get_ns();
	struct tcp_conn *c;
	int err;

	c = bpf_map_lookup_elem(&conns, &conn);
	view = tcp_pub_of(a->tenant, a->slot);
	if (!c || !view)
		return -ENOENT;
	bpf_spin_lock(&c->lock);
	err = tcp_life_open(c, a, now);
	if (!err)
		tcp_pub_update(c, view, tcp_snd_limit(c));
	bpf_spin_unlock(&c->lock);
	if (err)
		return err;
	err = bpf_map_update_elem(&flows, &tuple, &conn, BPF_NOEXIST);
	if (!err)
		return 0;
	bpf_spin_lock(&c->lock);
	c->state = ETRAN_CS_FREE;
	view->state = ETRAN_CS_FREE;
	bpf_spin_unlock(&c->lock);
	return err;
}

SEC("syscall")
int tcp_establish(struct tcp_sys_establish *a)
{
	struct etran_conn_pub *view;
	struct tcp_rx rx = {};
	__u32 conn = a->conn;
	__u64 now = bpf_ktime_get_ns();
	struct tcp_conn *c;
	int err;

	c = bpf_map_lookup_elem(&conns, &conn);
	if (!c)
		return -ENOENT;
	view = tcp_pub_of(TCP_READ(c->tenant), TCP_READ(c->slot));
	bpf_spin_lock(&c->lock);
	err = tcp_life_establish(c, a, &rx, now);
	if (!err) {
		tcp_do(c, conn, rx.act);
		if (view)
			tcp_pub_update(c, view, tcp_snd_limit(c));
	}
	bpf_spin_unlock(&c->lock);
	return err;
}

SEC("syscall")
int tcp_release(struct tcp_sys_conn *a)
{
	__u64 now = bpf_ktime_get_ns();
	__u32 conn = a->conn, gen = a->gen;
	struct tcp_rx rx = {};
	struct tcp_conn *c;
	int err;

	c = bpf_map_lookup_elem(&conns, &conn);
	if (!c)
		return -ENOENT;
	bpf_spin_lock(&c->lock);
	err = tcp_life_release(c, gen, &rx, now);
	tcp_do(c, conn, rx.act);
	bpf_spin_unlock(&c->lock);
	return err;
}

SEC("syscall")
int tcp_close(struct tcp_sys_conn *a)
{
	struct etran_conn_pub *view;
	struct tcp_tuple tuple = {};
	__u32 conn = a->conn, *owner;
	struct tcp_conn *c;
	int err;

	c = bpf_map_lookup_elem(&conns, &conn);
	if (!c)
		return -ENOENT;
	view = tcp_pub_of(TCP_READ(c->tenant), TCP_READ(c->slot));
	bpf_spin_lock(&c->lock);
	err = tcp_life_close(c, a);
	if (!err) {
		tuple = c->tuple;
		if (view) {
			view->err = c->err;
			view->state = a->err || c->err ? ETRAN_CS_RESET :
							 ETRAN_CS_CLOSED;
		}
	}
	bpf_spin_unlock(&c->lock);
	if (err)
		return err;
	owner = bpf_map_lookup_elem(&flows, &tuple);
	if (owner && *owner == conn)
		bpf_map_delete_elem(&flows, &tuple);
	/* What is still held is of an old generation now: the timer drops it. */
	bpf_etran_timer_arm(conn, 0);
	return 0;
}

SEC("syscall")
int tcp_neigh(struct tcp_sys_neigh *a)
{
	__be32 daddr = a->daddr;
	__u32 i, ifindex = a->ifindex;
	__u8 mac[6];

	__builtin_memcpy(mac, a->dmac, 6);
	bpf_for(i, 0, ETRAN_MAX_CONNS) {
		__u32 conn = i;
		struct tcp_conn *c = bpf_map_lookup_elem(&conns, &conn);

		if (!c || TCP_READ(c->state) == ETRAN_CS_FREE)
			continue;
		bpf_spin_lock(&c->lock);
		if (c->state != ETRAN_CS_FREE && c->ifindex == ifindex &&
		    c->tuple.daddr == daddr)
			__builtin_memcpy(c->eth, mac, 6);
		bpf_spin_unlock(&c->lock);
	}
	return 0;
}

TCP_INLINE __u32 tcp_first_event(__u32 mask)
{
	__u32 type;

	for (type = TCP_EV_SYN; type < TCP_EV_SEND_RST; type++)
		if (mask & TCP_EV(type))
			break;
	return type;
}

/* Something is due for a connection: at most one event a call. */
TCP_SUB int tcp_tick_one(struct tcp_conn *c, __u32 conn, __u64 now)
{
	__u32 gen = TCP_READ(c->gen), type = 0;
	struct etran_conn_pub *view;
	struct tcp_rx rx = {};
	struct tcp_stats *st = tcp_stats_here();
	struct tcp_event *ev;

	view = tcp_pub_of(TCP_READ(c->tenant), TCP_READ(c->slot));
	ev = bpf_ringbuf_reserve(&events, sizeof(*ev), 0);
	if (!ev) {
		TCP_COUNT(st, rx_events_lost);
		return 0;
	}
	__builtin_memset(ev, 0, sizeof(*ev));
	bpf_spin_lock(&c->lock);
	if (c->gen == gen && c->state != ETRAN_CS_FREE) {
		tcp_life_tick(c, &rx, now);
		tcp_do(c, conn, rx.act);
		if (rx.event) {
			type = tcp_first_event(rx.event);
			c->ev_owed &= ~TCP_EV(type);
		}
		ev->tenant = c->tenant;
		ev->slot = c->slot;
		ev->ifindex = c->ifindex;
		ev->listener = c->listener;
		ev->err = c->err;
		ev->time_wait = c->state == ETRAN_CS_TIME_WAIT;
		if (view)
			tcp_pub_update(c, view, tcp_snd_limit(c));
	}
	bpf_spin_unlock(&c->lock);
	ev->type = type;
	ev->conn = conn;
	ev->gen = gen;
	if (!type)
		bpf_ringbuf_discard(ev, 0);
	else
		bpf_ringbuf_submit(ev, 0);
	if (type == TCP_EV_RTO)
		TCP_COUNT(st, rto);
	if (rx.act & TCP_A_ARM)
		TCP_COUNT(st, probes);
	return 0;
}

SEC("syscall")
int tcp_tick(struct tcp_sys_tick *a)
{
	__u64 now = bpf_ktime_get_ns(), due, next = ETRAN_NO_OFF;
	__u32 i, nr = a->nr, active = 0;

	if (nr > ETRAN_MAX_CONNS)
		nr = ETRAN_MAX_CONNS;
	bpf_for(i, 0, nr) {
		__u32 conn = i;
		struct tcp_conn *c = bpf_map_lookup_elem(&conns, &conn);

		if (!c || TCP_READ(c->state) == ETRAN_CS_FREE)
			continue;
		active++;
		/* A torn read costs a tick at most. */
		due = tcp_life_due(c);
		if (due && due <= now) {
			tcp_tick_one(c, conn, now);
			due = tcp_life_due(c);
		}
		if (due && due < next)
			next = due;
	}
	a->active = active;
	a->next_ns = next == ETRAN_NO_OFF ? 0 : next;
	return 0;
}

#endif /* _ETRAN_TCP_SYS_BPF_H */
