// SPDX-License-Identifier: GPL-2.0-only
#include "../reject.bpf.h"

SEC("struct_ops/timer")
REFUSED("Possibly NULL pointer passed to trusted R1")
void BPF_PROG(fill_unchecked, __u32 id)
{
	struct etran_held *held = bpf_etran_dequeue(&queue, id);

	bpf_etran_held_csum_fill(held, 34, 16);
	if (held)
		bpf_etran_drop(held);
}
OPS(timer, fill_unchecked);
