// SPDX-License-Identifier: GPL-2.0-only
#include "../reject.bpf.h"

/* The counterpart: what may be done under the lock is accepted. */
SEC("struct_ops/timer")
ACCEPTED
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
