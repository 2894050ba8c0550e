// SPDX-License-Identifier: GPL-2.0-only
#include "../reject.bpf.h"

SEC("struct_ops/timer")
REFUSED("Possibly NULL pointer passed to trusted R1")
void BPF_PROG(drop_unchecked, __u32 id)
{
	bpf_etran_drop(bpf_etran_dequeue(&queue, id));
}
OPS(timer, drop_unchecked);
