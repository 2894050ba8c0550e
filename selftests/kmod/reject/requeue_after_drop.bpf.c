// SPDX-License-Identifier: GPL-2.0-only
#include "../reject.bpf.h"

SEC("struct_ops/timer")
REFUSED("release kfunc bpf_etran_requeue expects referenced")
void BPF_PROG(requeue_after_drop, __u32 id)
{
	struct etran_held *held = bpf_etran_dequeue(&queue, id);

	if (!held)
		return;
	bpf_etran_drop(held);
	bpf_etran_requeue(held, &queue, id);
}
OPS(timer, requeue_after_drop);
