/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A transport that asks for times and has checksums filled in: an instance of
 * its own in the object of probe.bpf.c.
 */
#ifndef _KERNEL_META_BPF_H
#define _KERNEL_META_BPF_H

#include "meta.h"

struct meta_orders meta SEC(".data.meta");
struct meta_seen meta_seen SEC(".data.meta_seen");

SEC("?struct_ops/egress")
int BPF_PROG(meta_egress, struct etran_pkt *pkt)
{
	struct etran_priv priv = {};

	meta_seen.egress_clock = bpf_etran_pkt_tx_timestamp(pkt, &meta_seen.egress_ns);
	inc(&meta_seen.egress);
	if (meta.where & META_DROP)
		return ETRAN_DROP;
	if (meta.where & META_EGRESS) {
		meta_seen.egress_fill = bpf_etran_pkt_csum_fill(pkt, meta.start,
								meta.offset);
		if (meta_seen.egress_fill == 1)
			meta_seen.other_fill =
				bpf_etran_pkt_csum_fill(pkt, meta.start + 1, meta.offset);
	}
	if (!(meta.where & META_TIMER))
		return ETRAN_SEND;
	if (bpf_etran_hold(pkt, &queue, 0, &priv))
		return ETRAN_DROP;
	bpf_etran_timer_arm(0, 0);
	return ETRAN_HOLD;
}

SEC("?struct_ops/timer")
void BPF_PROG(meta_timer, __u32 id)
{
	struct etran_held *held = bpf_etran_dequeue(&queue, 0);

	if (!held)
		return;
	meta_seen.timer_clock = bpf_etran_held_tx_timestamp(held, &meta_seen.timer_ns);
	meta_seen.timer_fill = bpf_etran_held_csum_fill(held, meta.start, meta.offset);
	inc(&meta_seen.timer);
	bpf_etran_send(held);
}

SEC("?.struct_ops.link")
struct etran_transport_ops meta_ops = {
	.egress		= (void *)meta_egress,
	.timer		= (void *)meta_timer,
	.nr_timers	= 1,
	.name		= "meta",
};

SEC("?xdp")
int meta_ingress(struct xdp_md *ctx)
{
	__u8 *data = (void *)(long)ctx->data;

	if (data + PROBE_ETH_LEN > (__u8 *)(long)ctx->data_end ||
	    data[12] != PROBE_ETHERTYPE >> 8 || data[13] != (PROBE_ETHERTYPE & 0xff))
		return XDP_PASS;
	meta_seen.ingress_clock = bpf_etran_rx_timestamp(ctx, &meta_seen.ingress_ns);
	inc(&meta_seen.ingress);
	return XDP_DROP;
}

#endif /* _KERNEL_META_BPF_H */
