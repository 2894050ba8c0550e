// SPDX-License-Identifier: GPL-2.0-only
#include "../reject.bpf.h"

SEC("struct_ops/timer")
REFUSED("release kfunc bpf_etran_drop expects referenced")
void BPF_PROG(drop_after_requeue, __u32 id)
{
	struct etran_held *held = bpf_etran_dequeue(&queue, id);

	if (!held)
		return;
	bpf_etran_requeue(held, &queue, id);
	bpf_etran_drop(held);
}
OPS(timer, drop_after_requeue);
