// SPDX-License-Identifier: GPL-2.0-only
#include "../reject.bpf.h"

SEC("struct_ops/timer")
REFUSED("expected STRUCT etran_held")
void BPF_PROG(fill_after_send, __u32 id)
{
	struct etran_held *held = bpf_etran_dequeue(&queue, id);

	if (!held)
		return;
	bpf_etran_send(held);
	bpf_etran_held_csum_fill(held, 34, 16);
}
OPS(timer, fill_after_send);
