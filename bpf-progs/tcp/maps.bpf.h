/* SPDX-License-Identifier: GPL-2.0-only */
/* The TCP transport's maps, see state.h, and what every program does with them. */
#ifndef _ETRAN_TCP_MAPS_BPF_H
#define _ETRAN_TCP_MAPS_BPF_H

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, ETRAN_MAX_CONNS);
	__type(key, __u32);
	__type(value, struct tcp_conn);
} conns SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, ETRAN_MAX_CONNS);
	__type(key, struct tcp_tuple);
	__type(value, __u32);
} flows SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024);
	__type(key, struct tcp_listen_key);
	__type(value, struct tcp_listener);
} listeners SEC(".maps");

struct tcp_pub_map {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, ETRAN_TENANT_CONNS);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, sizeof(struct etran_conn_pub));
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, ETRAN_MAX_TENANTS);
	__type(key, __u32);
	__array(values, struct tcp_pub_map);
} pub SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_XSKMAP);
	__uint(max_entries, ETRAN_MAX_TENANTS * ETRAN_MAX_QUEUES);
	__type(key, __u32);
	__type(value, __u32);
} xsks SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_DEVMAP);
	__uint(max_entries, ETRAN_MAX_TENANTS);
	__type(key, __u32);
	__type(value, __u32);
} ports SEC(".maps");

/* A user of the kernel reads the depth of a bucket. */
struct tcp_depth {
	__u32 depth;
};

struct {
	__uint(type, ETRAN_MAP_TYPE_PKT_QUEUE);
	__uint(max_entries, ETRAN_MAX_CONNS);
	__type(key, __u32);
	__type(value, struct tcp_depth);
} hold SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1 << 20);
} events SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct tcp_stats);
} stats SEC(".maps");

/*
 * What the ingress programs note of a segment, each CPU for itself: they run with
 * softirqs off, and not within each other. Not on the stack, where the verifier would
 * tell apart all that tcp_rcv() can say; it forgets what is in a map, and so walks a
 * third of the instructions.
 */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct tcp_rx);
} rx_note SEC(".maps");

#define TCP_READ(x)	(*(const volatile __typeof__(x) *)&(x))
/* Counts on a CPU's own copy; lost counts of nested programs do not matter. */
#define TCP_COUNT(st, field) do {		\
	if (st)					\
		(st)->field++;			\
} while (0)

TCP_INLINE struct tcp_stats *tcp_stats_here(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&stats, &zero);
}

/* Zeroed. */
TCP_INLINE struct tcp_rx *tcp_rx_here(void)
{
	struct tcp_rx *rx;
	__u32 zero = 0;

	rx = bpf_map_lookup_elem(&rx_note, &zero);
	if (rx)
		__builtin_memset(rx, 0, sizeof(*rx));
	return rx;
}

/* The tenant's view of a connection; looked up before the lock is taken. */
TCP_INLINE struct etran_conn_pub *tcp_pub_of(__u32 tenant, __u32 slot)
{
	void *inner = bpf_map_lookup_elem(&pub, &tenant);

	if (!inner)
		return NULL;
	return bpf_map_lookup_elem(inner, &slot);
}

TCP_INLINE __u64 tcp_cookie(__u32 conn, __u32 gen)
{
	return conn | (__u64)gen << 32;
}

/* What tcp_rcv() and others want from gen and the timer. Lock held. */
TCP_INLINE __u32 tcp_do(struct tcp_conn *c, __u32 conn, __u32 act)
{
	__u64 cookie = tcp_cookie(conn, c->gen);
	__u32 refused = 0;

	if ((act & TCP_A_ACK) && bpf_etran_gen_request(cookie, c->ifindex)) {
		tcp_ack_refused(c, TCP_A_ACK);
		refused++;
	}
	if ((act & TCP_A_DUPACK) && bpf_etran_gen_request(cookie, c->ifindex)) {
		tcp_ack_refused(c, TCP_A_DUPACK);
		refused++;
	}
	if ((act & TCP_A_DELACK) && bpf_etran_timer_arm(conn, TCP_DELACK_NS)) {
		tcp_delack_refused(c);
		refused++;
	}
	if (act & TCP_A_ARM)
		bpf_etran_timer_arm(conn, 0);
	return refused;
}

#endif /* _ETRAN_TCP_MAPS_BPF_H */
