// SPDX-License-Identifier: GPL-2.0-only
#include "../reject.bpf.h"

SEC("struct_ops/timer")
REFUSED("release kfunc bpf_etran_send expects referenced")
void BPF_PROG(send_after_until, __u32 id)
{
	struct etran_held *held = bpf_etran_dequeue_due(&queue);

	if (!held)
		return;
	bpf_etran_requeue_until(held, &queue, 0);
	bpf_etran_send(held);
}
OPS(timer, send_after_until);
