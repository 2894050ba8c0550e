/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the verifier must refuse of the kfuncs for times and checksums; part of
 * reject.bpf.c.
 */
#ifndef _KERNEL_REJECT_META_BPF_H
#define _KERNEL_REJECT_META_BPF_H

/* ---- from where ------------------------------------------------------ */

SEC("?struct_ops/timer")
void BPF_PROG(pkt_fill_in_timer, __u32 id)
{
	bpf_etran_pkt_csum_fill(NULL, 34, 16);
}
OPS(timer, pkt_fill_in_timer);

SEC("?struct_ops/egress")
int BPF_PROG(held_fill_in_egress, struct etran_pkt *pkt)
{
	return bpf_etran_held_csum_fill(NULL, 34, 16);
}
EGRESS(held_fill_in_egress);

SEC("?struct_ops/gen")
int BPF_PROG(pkt_time_in_gen, struct etran_gen *gen)
{
	__u64 ns;

	return bpf_etran_pkt_tx_timestamp(NULL, &ns);
}
OPS(gen, pkt_time_in_gen);

SEC("?struct_ops/egress")
int BPF_PROG(held_time_in_egress, struct etran_pkt *pkt)
{
	__u64 ns;

	return bpf_etran_held_tx_timestamp(NULL, &ns);
}
EGRESS(held_time_in_egress);

SEC("?struct_ops/egress")
int BPF_PROG(rx_time_in_egress, struct etran_pkt *pkt)
{
	__u64 ns;

	return bpf_etran_rx_timestamp(NULL, &ns);
}
EGRESS(rx_time_in_egress);

SEC("?xdp")
int pkt_fill_in_xdp(struct xdp_md *ctx)
{
	return bpf_etran_pkt_csum_fill(NULL, 34, 16);
}

SEC("?syscall")
int rx_time_in_syscall(void *ctx)
{
	__u64 ns;

	return bpf_etran_rx_timestamp(ctx, &ns);
}

SEC("?tc")
int rx_time_in_tc(struct __sk_buff *skb)
{
	__u64 ns;

	return bpf_etran_rx_timestamp((struct xdp_md *)skb, &ns);
}

/* ---- arguments ------------------------------------------------------- */

SEC("?struct_ops/egress")
int BPF_PROG(fill_foreign_pkt, struct etran_pkt *pkt)
{
	struct etran_pkt mine = {};

	return bpf_etran_pkt_csum_fill(&mine, 34, 16);
}
EGRESS(fill_foreign_pkt);

SEC("?struct_ops/timer")
void BPF_PROG(fill_foreign_held, __u32 id)
{
	struct etran_held mine = {};

	bpf_etran_held_csum_fill(&mine, 34, 16);
}
OPS(timer, fill_foreign_held);

SEC("?struct_ops/timer")
void BPF_PROG(fill_after_send, __u32 id)
{
	struct etran_held *held = bpf_etran_dequeue(&queue, id);

	if (!held)
		return;
	bpf_etran_send(held);
	bpf_etran_held_csum_fill(held, 34, 16);
}
OPS(timer, fill_after_send);

SEC("?struct_ops/timer")
void BPF_PROG(fill_unchecked, __u32 id)
{
	struct etran_held *held = bpf_etran_dequeue(&queue, id);

	bpf_etran_held_csum_fill(held, 34, 16);
	if (held)
		bpf_etran_drop(held);
}
OPS(timer, fill_unchecked);

SEC("?xdp")
int rx_time_into_too_little(struct xdp_md *ctx)
{
	__u32 ns;

	return bpf_etran_rx_timestamp(ctx, (__u64 *)&ns);
}

/* ---- locks ----------------------------------------------------------- */

/* A driver may take a lock of its own for its clock. */
SEC("?xdp")
int rx_time_under_lock(struct xdp_md *ctx)
{
	__u32 zero = 0;
	struct guard *g = bpf_map_lookup_elem(&guards, &zero);
	__u64 ns;

	if (!g)
		return XDP_DROP;
	bpf_spin_lock(&g->lock);
	bpf_etran_rx_timestamp(ctx, &ns);
	bpf_spin_unlock(&g->lock);
	return XDP_DROP;
}

/* The counterpart: what may be done under the lock is accepted. */
SEC("?struct_ops/timer")
void BPF_PROG(meta_under_lock, __u32 id)
{
	struct etran_held *held;
	__u32 zero = 0;
	struct guard *g = bpf_map_lookup_elem(&guards, &zero);
	__u64 ns;

	if (!g)
		return;
	bpf_spin_lock(&g->lock);
	held = bpf_etran_dequeue(&queue, 0);
	if (held) {
		bpf_etran_held_tx_timestamp(held, &ns);
		bpf_etran_held_csum_fill(held, 34, 16);
		bpf_etran_send(held);
	}
	bpf_spin_unlock(&g->lock);
}
OPS(timer, meta_under_lock);

#endif /* _KERNEL_REJECT_META_BPF_H */
