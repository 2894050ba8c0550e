// SPDX-License-Identifier: GPL-2.0-only
#include "../reject.bpf.h"

SEC("struct_ops/timer")
REFUSED("expected STRUCT etran_held")
void BPF_PROG(csum_after_send, __u32 id)
{
	struct etran_held *held = bpf_etran_dequeue(&queue, id);

	if (!held)
		return;
	bpf_etran_send(held);
	bpf_etran_held_csum(held, 0, 14, 0);
}
OPS(timer, csum_after_send);
