// SPDX-License-Identifier: GPL-2.0-only
#include "../reject.bpf.h"

SEC("struct_ops/timer")
REFUSED("Unreleased reference")
void BPF_PROG(leak, __u32 id)
{
	struct etran_held *held = bpf_etran_dequeue(&queue, id);

	if (held && held->len > 100)
		bpf_etran_send(held);
	bpf_ktime_get_ns();	/* its result takes the place of held in R0 */
}
OPS(timer, leak);
