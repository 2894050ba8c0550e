// SPDX-License-Identifier: GPL-2.0-only
#include "../reject.bpf.h"

SEC("struct_ops/egress")
REFUSED("cannot be used inside bpf_spin_lock-ed region")
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
