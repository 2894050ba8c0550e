/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the files in reject/ share. Each of them is one program with the smallest
 * mistake, and says itself what the verifier has to say of it; reject.c loads
 * whatever it finds there.
 */
#ifndef _KERNEL_REJECT_BPF_H
#define _KERNEL_REJECT_BPF_H

#include "probe_bpf.h"

/* The program is refused, and the verifier's log has @words. */
#define REFUSED(words)	__attribute__((btf_decl_tag("refused:" words)))
/* The counterpart of one that is refused. */
#define ACCEPTED	__attribute__((btf_decl_tag("accepted")))

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

/* The struct_ops instance without which the verifier does not see @func. */
#define OPS(op, func)						\
	SEC(".struct_ops.link")					\
	struct etran_transport_ops func##_ops = {		\
		.egress		= (void *)good_egress,		\
		.op		= (void *)func,			\
		.nr_timers	= 1,				\
		.name		= "reject",			\
	}

#define EGRESS(func)						\
	SEC(".struct_ops.link")					\
	struct etran_transport_ops func##_ops = {		\
		.egress		= (void *)func,			\
		.name		= "reject",			\
	}

#endif /* _KERNEL_REJECT_BPF_H */
