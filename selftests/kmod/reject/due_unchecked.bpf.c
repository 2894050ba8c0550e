// SPDX-License-Identifier: GPL-2.0-only
#include "../reject.bpf.h"

SEC("struct_ops/timer")
REFUSED("Possibly NULL pointer passed to trusted R1")
void BPF_PROG(due_unchecked, __u32 id)
{
	bpf_etran_requeue_until(bpf_etran_dequeue_due(&queue), &queue, 0);
}
OPS(timer, due_unchecked);
