// SPDX-License-Identifier: GPL-2.0-only
/*
 * A receiver-driven transport at its least: announced messages stand in one order,
 * shortest first, and get their credits in it. All four kinds of program that run
 * for packets share the tree and its lock: ingress and egress put messages in,
 * timers look whether there are any, gen takes the best and makes its credit.
 */
#include "probe_bpf.h"
#include <bpf/bpf_core_read.h>
#include "lib/rbtree.bpf.h"
#include "tree.bpf.h"
#include "credit.h"

char LICENSE[] SEC("license") = "GPL";

struct message {
	struct bpf_rb_node node;
	__u32 key;
};

struct credit_orders orders SEC(".data.orders");
struct credit_seen seen SEC(".data.seen");
struct bpf_spin_lock lock SEC(".data.order") __hidden __attribute__((aligned(8)));
struct bpf_rb_root order SEC(".data.order") __hidden __attribute__((aligned(8)))
	__contains(message, node);

static __always_inline void inc(__u64 *counter)
{
	__sync_fetch_and_add(counter, 1);
}

static __always_inline struct message *message_of(const struct bpf_rb_node *node)
{
	return container_of(node, struct message, node);
}

static bool less(struct bpf_rb_node *a, const struct bpf_rb_node *b)
{
	return message_of(a)->key < message_of(b)->key;
}

static __always_inline bool before(const struct bpf_rb_node *node, const void *key)
{
	return message_of(node)->key < *(const __u32 *)key;
}

static __always_inline void announce(__u32 id, __u64 *counter)
{
	struct message *m = bpf_obj_new(bpf_core_type_id_local(struct message));

	if (!m) {
		inc(&seen.no_memory);
		return;
	}
	m->key = credit_key(id);
	bpf_spin_lock(&lock);
	bpf_rbtree_add(&order, &m->node, less);
	bpf_spin_unlock(&lock);
	inc(counter);
	if (!orders.paced)
		bpf_etran_timer_arm(0, 0);
}

SEC("xdp")
int credit_ingress(struct xdp_md *ctx)
{
	__u8 *data = (void *)(long)ctx->data;
	void *end = (void *)(long)ctx->data_end;
	struct probe_hdr *hdr = (void *)(data + PROBE_ETH_LEN);

	if ((void *)(hdr + 1) > end ||
	    data[12] != PROBE_ETHERTYPE >> 8 ||
	    data[13] != (PROBE_ETHERTYPE & 0xff) || hdr->run != orders.run)
		return XDP_PASS;
	switch (hdr->kind) {
	case PROBE_ASK:
		announce(hdr->seq, &seen.by_ingress);
		return XDP_DROP;
	case PROBE_ARM:
		bpf_etran_timer_arm(0, 0);
		return XDP_DROP;
	}
	return XDP_PASS;
}

SEC("struct_ops/egress")
int BPF_PROG(credit_egress, struct etran_pkt *pkt)
{
	struct probe_hdr *hdr;

	hdr = (void *)bpf_etran_pkt_data(pkt, PROBE_ETH_LEN, sizeof(*hdr));
	if (!hdr || hdr->run != orders.run)
		return ETRAN_DROP;
	announce(hdr->seq, &seen.by_egress);
	return ETRAN_SEND;
}

/* Ask for as many frames as a burst has, and again while messages wait. */
SEC("struct_ops/timer")
void BPF_PROG(credit_timer, __u32 id)
{
	__u32 first = 0;
	bool more;
	int i;

	inc(&seen.runs);
	bpf_for(i, 0, CREDIT_BURST)
		if (!bpf_etran_gen_request(i, orders.ifindex))
			inc(&seen.asked);
	bpf_spin_lock(&lock);
	more = etran_rbtree_lower_bound(&order, &first, before);
	bpf_spin_unlock(&lock);
	if (more)
		bpf_etran_timer_arm(id, 50 * 1000);
}

/* Take the best message out of the order: its key, or -1. */
static __always_inline int take_best(void)
{
	struct bpf_rb_node *node;
	__u32 key, first = 0;

	bpf_spin_lock(&lock);
	node = etran_rbtree_lower_bound(&order, &first, before);
	if (node)
		node = bpf_rbtree_remove(&order, node);
	bpf_spin_unlock(&lock);
	if (!node)
		return -1;
	key = message_of(node)->key;
	bpf_obj_drop(message_of(node));
	return key;
}

SEC("struct_ops/gen")
int BPF_PROG(credit_gen, struct etran_gen *gen)
{
	__u8 *data = bpf_etran_gen_data(gen, 0, PROBE_MIN_LEN);
	int key;

	if (!data)
		return 0;
	key = take_best();
	if (key < 0)
		return 0;
	inc(&seen.granted);
	return reply_build(data, orders.dst, orders.src, orders.run, key, gen->cpu);
}

SEC(".struct_ops.link")
struct etran_transport_ops credit = {
	.egress		= (void *)credit_egress,
	.gen		= (void *)credit_gen,
	.timer		= (void *)credit_timer,
	.nr_timers	= 1,
	.name		= "credit",
};
