// SPDX-License-Identifier: GPL-2.0-only
/*
 * Programs that the verifier must refuse, each with the smallest mistake.
 * reject.c names them one by one and knows the verifier's words. A struct_ops
 * program is loaded with the map of the same name, a case for itself.
 */
#include "probe_bpf.h"

char LICENSE[] SEC("license") = "GPL";

struct {
	__uint(type, ETRAN_MAP_TYPE_PKT_QUEUE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct probe_depth);
} queue SEC(".maps");

struct guard {
	struct bpf_spin_lock lock;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct guard);
} guards SEC(".maps");

SEC("?struct_ops/egress")
int BPF_PROG(good_egress, struct etran_pkt *pkt)
{
	return ETRAN_SEND;
}

#define OPS(op, func)						\
	SEC("?.struct_ops.link")				\
	struct etran_transport_ops func##_ops = {		\
		.egress		= (void *)good_egress,		\
		.op		= (void *)func,			\
		.nr_timers	= 1,				\
		.name		= "reject",			\
	}

#define EGRESS(func)						\
	SEC("?.struct_ops.link")				\
	struct etran_transport_ops func##_ops = {		\
		.egress		= (void *)func,			\
		.name		= "reject",			\
	}

/* ---- a reference from dequeue ends exactly once ---------------------- */

SEC("?struct_ops/timer")
void BPF_PROG(leak, __u32 id)
{
	struct etran_held *held = bpf_etran_dequeue(&queue, id);

	if (held && held->len > 100)
		bpf_etran_send(held);
	bpf_ktime_get_ns();	/* its result takes the place of held in R0 */
}
OPS(timer, leak);

SEC("?struct_ops/timer")
void BPF_PROG(send_twice, __u32 id)
{
	struct etran_held *held = bpf_etran_dequeue(&queue, id);

	if (!held)
		return;
	bpf_etran_send(held);
	bpf_etran_send(held);
}
OPS(timer, send_twice);

SEC("?struct_ops/timer")
void BPF_PROG(drop_after_requeue, __u32 id)
{
	struct etran_held *held = bpf_etran_dequeue(&queue, id);

	if (!held)
		return;
	bpf_etran_requeue(held, &queue, id);
	bpf_etran_drop(held);
}
OPS(timer, drop_after_requeue);

SEC("?struct_ops/timer")
void BPF_PROG(read_after_send, __u32 id)
{
	struct etran_held *held = bpf_etran_dequeue(&queue, id);

	if (!held)
		return;
	bpf_etran_send(held);
	bpf_printk("%d", held->len);
}
OPS(timer, read_after_send);

SEC("?struct_ops/timer")
void BPF_PROG(data_after_send, __u32 id)
{
	struct etran_held *held = bpf_etran_dequeue(&queue, id);
	__u8 *data;

	if (!held)
		return;
	data = bpf_etran_held_data(held, 0, 14);
	bpf_etran_send(held);
	if (data)
		data[0] = 1;
}
OPS(timer, data_after_send);

SEC("?struct_ops/timer")
void BPF_PROG(send_unchecked, __u32 id)
{
	bpf_etran_send(bpf_etran_dequeue(&queue, id));
}
OPS(timer, send_unchecked);

SEC("?struct_ops/timer")
void BPF_PROG(read_unchecked, __u32 id)
{
	struct etran_held *held = bpf_etran_dequeue(&queue, id);

	if (held->len > 100)
		bpf_printk("long");
	if (held)
		bpf_etran_drop(held);
}
OPS(timer, read_unchecked);

SEC("?struct_ops/timer")
void BPF_PROG(write_held, __u32 id)
{
	struct etran_held *held = bpf_etran_dequeue(&queue, id);

	if (!held)
		return;
	held->priv[0] = 1;
	bpf_etran_send(held);
}
OPS(timer, write_held);

/* ---- bytes of a packet ----------------------------------------------- */

SEC("?struct_ops/egress")
int BPF_PROG(data_unchecked, struct etran_pkt *pkt)
{
	__u8 *data = bpf_etran_pkt_data(pkt, 0, 14);

	data[0] = 1;
	return ETRAN_SEND;
}
EGRESS(data_unchecked);

SEC("?struct_ops/egress")
int BPF_PROG(data_beyond, struct etran_pkt *pkt)
{
	__u8 *data = bpf_etran_pkt_data(pkt, 0, 14);

	if (data)
		data[14] = 1;
	return ETRAN_SEND;
}
EGRESS(data_beyond);

SEC("?struct_ops/egress")
int BPF_PROG(data_unbounded, struct etran_pkt *pkt)
{
	__u8 *data = bpf_etran_pkt_data(pkt, 0, pkt->len);

	if (data)
		data[0] = 1;
	return ETRAN_SEND;
}
EGRESS(data_unbounded);

SEC("?struct_ops/egress")
int BPF_PROG(write_pkt, struct etran_pkt *pkt)
{
	pkt->tenant = 1;
	return ETRAN_SEND;
}
EGRESS(write_pkt);

/* ---- memory that is no packet ---------------------------------------- */

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct etran_held);
} values SEC(".maps");

SEC("?struct_ops/egress")
int BPF_PROG(data_of_foreign_pkt, struct etran_pkt *pkt)
{
	struct etran_pkt mine = { .len = 14 };
	__u8 *data = bpf_etran_pkt_data(&mine, 0, 14);

	return data ? data[0] : ETRAN_DROP;
}
EGRESS(data_of_foreign_pkt);

SEC("?struct_ops/egress")
int BPF_PROG(hold_foreign_pkt, struct etran_pkt *pkt)
{
	struct etran_pkt mine = {};
	struct etran_priv priv = {};

	return bpf_etran_hold(&mine, &queue, 0, &priv);
}
EGRESS(hold_foreign_pkt);

SEC("?struct_ops/timer")
void BPF_PROG(data_of_foreign_held, __u32 id)
{
	struct etran_held mine = { .len = 14 };
	__u8 *data = bpf_etran_held_data(&mine, 0, 14);

	if (data)
		data[0] = 1;
}
OPS(timer, data_of_foreign_held);

SEC("?struct_ops/timer")
void BPF_PROG(csum_of_map_value, __u32 id)
{
	__u32 zero = 0;
	struct etran_held *mine = bpf_map_lookup_elem(&values, &zero);

	if (mine)
		bpf_etran_held_csum(mine, 0, 14, 0);
}
OPS(timer, csum_of_map_value);

SEC("?struct_ops/gen")
int BPF_PROG(data_of_foreign_gen, struct etran_gen *gen)
{
	struct etran_gen mine = {};
	__u8 *data = bpf_etran_gen_data(&mine, 0, 14);

	return data ? data[0] : 0;
}
OPS(gen, data_of_foreign_gen);

SEC("?struct_ops.s/dump")
void BPF_PROG(text_of_foreign_dump, struct etran_dump *dump)
{
	struct etran_dump mine = { .room = 100 };
	char text[4] = "x";

	bpf_etran_dump_text(&mine, text, sizeof(text));
}
OPS(dump, text_of_foreign_dump);

/* ---- who may call what ----------------------------------------------- */

SEC("?struct_ops/egress")
int BPF_PROG(dequeue_in_egress, struct etran_pkt *pkt)
{
	struct etran_held *held = bpf_etran_dequeue(&queue, 0);

	if (held)
		bpf_etran_drop(held);
	return ETRAN_SEND;
}
EGRESS(dequeue_in_egress);

SEC("?struct_ops/gen")
int BPF_PROG(dequeue_in_gen, struct etran_gen *gen)
{
	struct etran_held *held = bpf_etran_dequeue(&queue, 0);

	if (held)
		bpf_etran_drop(held);
	return 0;
}
OPS(gen, dequeue_in_gen);

SEC("?struct_ops.s/init")
int BPF_PROG(arm_in_init)
{
	return bpf_etran_timer_arm(0, 0);
}
OPS(init, arm_in_init);

SEC("?struct_ops.s/egress")
int BPF_PROG(sleepable_egress, struct etran_pkt *pkt)
{
	return ETRAN_SEND;
}
EGRESS(sleepable_egress);

SEC("?xdp")
int dequeue_in_xdp(struct xdp_md *ctx)
{
	struct etran_held *held = bpf_etran_dequeue(&queue, 0);

	if (held)
		bpf_etran_drop(held);
	return XDP_PASS;
}

SEC("?syscall")
int dequeue_in_syscall(void *ctx)
{
	struct etran_held *held = bpf_etran_dequeue(&queue, 0);

	if (held)
		bpf_etran_drop(held);
	return 0;
}

SEC("?tc")
int arm_in_tc(struct __sk_buff *skb)
{
	return bpf_etran_timer_arm(0, 0);
}

SEC("?tc")
int ask_in_tc(struct __sk_buff *skb)
{
	return bpf_etran_gen_request(1, 1);
}

/* ---- locks ----------------------------------------------------------- */

/* The counterpart: what may be done under the lock is accepted. */
SEC("?struct_ops/egress")
int BPF_PROG(under_lock, struct etran_pkt *pkt)
{
	struct etran_priv priv = {};
	__u32 zero = 0;
	struct guard *g = bpf_map_lookup_elem(&guards, &zero);
	__u8 *data;
	int ret;

	if (!g)
		return ETRAN_DROP;
	bpf_spin_lock(&g->lock);
	data = bpf_etran_pkt_data(pkt, 0, 14);
	if (data)
		data[0] = bpf_etran_pkt_csum(pkt, 0, 14, 0);
	ret = bpf_etran_hold(pkt, &queue, 0, &priv);
	bpf_etran_timer_arm(0, 0);
	bpf_etran_gen_request(1, pkt->ifindex);
	bpf_spin_unlock(&g->lock);
	return ret ? ETRAN_DROP : ETRAN_HOLD;
}
EGRESS(under_lock);

SEC("?struct_ops/egress")
int BPF_PROG(lock_kept, struct etran_pkt *pkt)
{
	__u32 zero = 0;
	struct guard *g = bpf_map_lookup_elem(&guards, &zero);

	if (!g)
		return ETRAN_DROP;
	bpf_spin_lock(&g->lock);
	bpf_etran_timer_arm(0, 0);
	return ETRAN_SEND;
}
EGRESS(lock_kept);

/* ---- for the refusals at attach -------------------------------------- */

SEC("?struct_ops/timer")
void BPF_PROG(idle_timer, __u32 id)
{
}

SEC("?.struct_ops.link")
struct etran_transport_ops no_egress_ops = {
	.timer		= (void *)idle_timer,
	.nr_timers	= 1,
	.name		= "reject",
};

SEC("?.struct_ops.link")
struct etran_transport_ops idle_ops = {
	.egress		= (void *)good_egress,
	.timer		= (void *)idle_timer,
	.nr_timers	= 1,
	.name		= "reject",
};

#include "reject_wheel.bpf.h"
#include "reject_meta.bpf.h"
