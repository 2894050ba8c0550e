/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Transports that do one thing each, in the object of probe.bpf.c, so that the
 * suite "cost" measures that thing and no bookkeeping of a test.
 */
#ifndef _KERNEL_COST_BPF_H
#define _KERNEL_COST_BPF_H

#include "cost.h"

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, COST_ENTRIES);
	__type(key, __u32);
	__type(value, __u64);
} cost_values SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, COST_ENTRIES);
	__type(key, __u32);
	__type(value, __u64);
} cost_table SEC(".maps");

static __u32 cost_seen;

static __always_inline int cost_keep(struct etran_pkt *pkt)
{
	struct etran_priv priv = {};

	if (bpf_etran_hold(pkt, &queue, 0, &priv))
		return ETRAN_DROP;
	bpf_etran_timer_arm(0, 0);
	return ETRAN_HOLD;
}

SEC("?struct_ops/egress")
int BPF_PROG(cost_egress_empty, struct etran_pkt *pkt)
{
	return ETRAN_SEND;
}

SEC("?struct_ops/egress")
int BPF_PROG(cost_egress_hold, struct etran_pkt *pkt)
{
	return cost_keep(pkt);
}

/* Every second packet waits and is passed by the next one. */
SEC("?struct_ops/egress")
int BPF_PROG(cost_egress_ooo, struct etran_pkt *pkt)
{
	return cost_seen++ % 2 ? ETRAN_SEND : cost_keep(pkt);
}

SEC("?struct_ops/egress")
int BPF_PROG(cost_egress_array, struct etran_pkt *pkt)
{
	__u32 key = cost_seen++ % COST_ENTRIES;
	__u64 *value = bpf_map_lookup_elem(&cost_values, &key);

	if (!value)
		return ETRAN_DROP;
	++*value;
	return ETRAN_SEND;
}

SEC("?struct_ops/egress")
int BPF_PROG(cost_egress_hash, struct etran_pkt *pkt)
{
	__u32 key = cost_seen++ % COST_ENTRIES;
	__u64 *value = bpf_map_lookup_elem(&cost_table, &key);

	if (!value)
		return ETRAN_DROP;
	++*value;
	return ETRAN_SEND;
}

SEC("?struct_ops/timer")
void BPF_PROG(cost_timer, __u32 id)
{
	struct etran_held *held;
	int i;

	bpf_for(i, 0, 64) {
		held = bpf_etran_dequeue(&queue, 0);
		if (!held)
			return;
		bpf_etran_send(held);
	}
	bpf_etran_timer_arm(0, 0);
}

/* The answer to a packet: a header, as that of an ACK or a credit. */
SEC("?struct_ops/gen")
int BPF_PROG(cost_gen, struct etran_gen *gen)
{
	__u8 *data = bpf_etran_gen_data(gen, 0, PROBE_MIN_LEN);

	if (!data)
		return 0;
	__builtin_memcpy(data, orders.gen_dst, 6);
	__builtin_memcpy(data + 6, orders.gen_src, 6);
	data[12] = PROBE_ETHERTYPE >> 8;
	data[13] = PROBE_ETHERTYPE & 0xff;
	return PROBE_MIN_LEN;
}

SEC("?xdp")
int cost_deliver(struct xdp_md *ctx)
{
	return bpf_redirect_map(&xsks, 0, XDP_PASS);
}

SEC("?xdp")
int cost_deliver_and_ask(struct xdp_md *ctx)
{
	bpf_etran_gen_request(0, ctx->ingress_ifindex);
	return bpf_redirect_map(&xsks, 0, XDP_PASS);
}

SEC("?.struct_ops.link")
struct etran_transport_ops cost_empty = {
	.egress		= (void *)cost_egress_empty,
	.gen		= (void *)cost_gen,
	.name		= "cost_empty",
};

SEC("?.struct_ops.link")
struct etran_transport_ops cost_hold = {
	.egress		= (void *)cost_egress_hold,
	.timer		= (void *)cost_timer,
	.nr_timers	= 1,
	.name		= "cost_hold",
};

SEC("?.struct_ops.link")
struct etran_transport_ops cost_ooo = {
	.egress		= (void *)cost_egress_ooo,
	.timer		= (void *)cost_timer,
	.nr_timers	= 1,
	.name		= "cost_ooo",
};

SEC("?.struct_ops.link")
struct etran_transport_ops cost_array = {
	.egress		= (void *)cost_egress_array,
	.name		= "cost_array",
};

SEC("?.struct_ops.link")
struct etran_transport_ops cost_hash = {
	.egress		= (void *)cost_egress_hash,
	.name		= "cost_hash",
};

#endif /* _KERNEL_COST_BPF_H */
