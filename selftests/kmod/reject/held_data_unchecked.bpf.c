// SPDX-License-Identifier: GPL-2.0-only
#include "../reject.bpf.h"

SEC("struct_ops/timer")
REFUSED("invalid mem access 'mem_or_null'")
void BPF_PROG(held_data_unchecked, __u32 id)
{
	struct etran_held *held = bpf_etran_dequeue(&queue, id);

	if (!held)
		return;
	bpf_etran_held_data(held, 0, 14)[0] = 1;
	bpf_etran_send(held);
}
OPS(timer, held_data_unchecked);
