// SPDX-License-Identifier: GPL-2.0-only
#include "../reject.bpf.h"

/* The first one is forgotten for the second. */
SEC("struct_ops/timer")
REFUSED("Unreleased reference")
void BPF_PROG(leak_second, __u32 id)
{
	struct etran_held *held = bpf_etran_dequeue(&queue, id);

	if (held)
		held = bpf_etran_dequeue(&queue, id);
	if (held)
		bpf_etran_drop(held);
}
OPS(timer, leak_second);
