// SPDX-License-Identifier: GPL-2.0-only
#include "../reject.bpf.h"

SEC("struct_ops/timer")
REFUSED("release kfunc bpf_etran_send expects referenced")
void BPF_PROG(send_twice, __u32 id)
{
	struct etran_held *held = bpf_etran_dequeue(&queue, id);

	if (!held)
		return;
	bpf_etran_send(held);
	bpf_etran_send(held);
}
OPS(timer, send_twice);
