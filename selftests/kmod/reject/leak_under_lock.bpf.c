// SPDX-License-Identifier: GPL-2.0-only
#include "../reject.bpf.h"

SEC("struct_ops/timer")
REFUSED("Unreleased reference")
void BPF_PROG(leak_under_lock, __u32 id)
{
	struct etran_held *held;
	__u32 zero = 0;
	struct guard *g = bpf_map_lookup_elem(&guards, &zero);

	if (!g)
		return;
	bpf_spin_lock(&g->lock);
	held = bpf_etran_dequeue(&queue, id);
	bpf_spin_unlock(&g->lock);
	if (held && held->len > 100)
		bpf_etran_send(held);
	bpf_ktime_get_ns();
}
OPS(timer, leak_under_lock);
