// SPDX-License-Identifier: GPL-2.0-only
#include "../reject.bpf.h"

SEC("struct_ops/timer")
REFUSED("only read is supported")
void BPF_PROG(write_held, __u32 id)
{
	struct etran_held *held = bpf_etran_dequeue(&queue, id);

	if (!held)
		return;
	held->priv[0] = 1;
	bpf_etran_send(held);
}
OPS(timer, write_held);
