// SPDX-License-Identifier: GPL-2.0-only
#include "../reject.bpf.h"

SEC("struct_ops/timer")
REFUSED("Possibly NULL pointer passed to trusted R1")
void BPF_PROG(requeue_unchecked, __u32 id)
{
	bpf_etran_requeue(bpf_etran_dequeue(&queue, id), &queue, id);
}
OPS(timer, requeue_unchecked);
