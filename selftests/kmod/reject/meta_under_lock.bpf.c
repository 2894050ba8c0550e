// SPDX-License-Identifier: GPL-2.0-only
#include "../reject.bpf.h"

/* The counterpart: what may be done under the lock is accepted. */
SEC("struct_ops/timer")
ACCEPTED
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
