/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the verifier must refuse of the kfuncs for timing wheels and for a FIFO's
 * two ends; part of reject.bpf.c.
 */
#ifndef _KERNEL_REJECT_WHEEL_BPF_H
#define _KERNEL_REJECT_WHEEL_BPF_H

/* ---- from where ------------------------------------------------------ */

SEC("?struct_ops/timer")
void BPF_PROG(hold_until_in_timer, __u32 id)
{
	struct etran_priv priv = {};

	bpf_etran_hold_until(NULL, &queue, 0, &priv, 0);
}
OPS(timer, hold_until_in_timer);

SEC("?struct_ops/timer")
void BPF_PROG(hold_front_in_timer, __u32 id)
{
	struct etran_priv priv = {};

	bpf_etran_hold_front(NULL, &queue, 0, &priv);
}
OPS(timer, hold_front_in_timer);

SEC("?struct_ops/egress")
int BPF_PROG(dequeue_due_in_egress, struct etran_pkt *pkt)
{
	struct etran_held *held = bpf_etran_dequeue_due(&queue);

	return held ? ETRAN_SEND : ETRAN_DROP;
}
EGRESS(dequeue_due_in_egress);

SEC("?struct_ops/egress")
int BPF_PROG(drain_in_egress, struct etran_pkt *pkt)
{
	return bpf_etran_drain(&queue, 0, 1) ? ETRAN_SEND : ETRAN_DROP;
}
EGRESS(drain_in_egress);

SEC("?struct_ops/gen")
int BPF_PROG(requeue_tail_in_gen, struct etran_gen *gen)
{
	bpf_etran_requeue_tail(NULL, &queue, 0);
	return 0;
}
OPS(gen, requeue_tail_in_gen);

SEC("?struct_ops/gen")
int BPF_PROG(requeue_until_in_gen, struct etran_gen *gen)
{
	bpf_etran_requeue_until(NULL, &queue, 0);
	return 0;
}
OPS(gen, requeue_until_in_gen);

SEC("?xdp")
int peek_in_xdp(struct xdp_md *ctx)
{
	struct etran_peeked held = {};

	return bpf_etran_peek(&queue, 0, &held) ? XDP_PASS : XDP_DROP;
}

SEC("?xdp")
int next_due_in_xdp(struct xdp_md *ctx)
{
	return bpf_etran_next_due(&queue, 0) ? XDP_PASS : XDP_DROP;
}

SEC("?tc")
int depth_in_tc(struct __sk_buff *skb)
{
	return bpf_etran_depth(&queue, 0);
}

/* ---- references ------------------------------------------------------ */

SEC("?struct_ops/timer")
void BPF_PROG(leak_due, __u32 id)
{
	struct etran_held *held = bpf_etran_dequeue_due(&queue);

	if (held && held->len > 100)
		bpf_etran_send(held);
	bpf_ktime_get_ns();	/* its result takes the place of held in R0 */
}
OPS(timer, leak_due);

SEC("?struct_ops/timer")
void BPF_PROG(due_unchecked, __u32 id)
{
	bpf_etran_requeue_until(bpf_etran_dequeue_due(&queue), &queue, 0);
}
OPS(timer, due_unchecked);

/* Give a packet away twice. */
#define TWICE(name, take, first, second)		\
SEC("?struct_ops/timer")				\
void BPF_PROG(name, __u32 id)				\
{							\
	struct etran_held *held = take;			\
							\
	if (!held)					\
		return;					\
	first;						\
	second;						\
}							\
OPS(timer, name)

TWICE(send_after_until, bpf_etran_dequeue_due(&queue),
      bpf_etran_requeue_until(held, &queue, 0), bpf_etran_send(held));
TWICE(drop_after_tail, bpf_etran_dequeue(&queue, 0),
      bpf_etran_requeue_tail(held, &queue, 0), bpf_etran_drop(held));

/* ---- arguments ------------------------------------------------------- */

SEC("?struct_ops/timer")
void BPF_PROG(peek_into_too_little, __u32 id)
{
	__u64 room = 0;

	bpf_etran_peek(&queue, 0, (struct etran_peeked *)&room);
}
OPS(timer, peek_into_too_little);

/* The counterpart: what may be done under the lock is accepted. */
SEC("?struct_ops/timer")
void BPF_PROG(wheel_under_lock, __u32 id)
{
	struct etran_peeked out = {};
	struct etran_held *held;
	__u32 zero = 0;
	struct guard *g = bpf_map_lookup_elem(&guards, &zero);

	if (!g)
		return;
	bpf_spin_lock(&g->lock);
	bpf_etran_peek(&queue, 0, &out);
	bpf_etran_drain(&queue, 0, bpf_etran_depth(&queue, 0));
	held = bpf_etran_dequeue_due(&queue);
	if (held)
		bpf_etran_requeue_until(held, &queue, bpf_etran_next_due(&queue, 0));
	held = bpf_etran_dequeue(&queue, 0);
	if (held)
		bpf_etran_requeue_tail(held, &queue, 0);
	bpf_spin_unlock(&g->lock);
}
OPS(timer, wheel_under_lock);

#endif /* _KERNEL_REJECT_WHEEL_BPF_H */
