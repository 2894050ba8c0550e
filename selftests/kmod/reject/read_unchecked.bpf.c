// SPDX-License-Identifier: GPL-2.0-only
#include "../reject.bpf.h"

SEC("struct_ops/timer")
REFUSED("invalid mem access 'trusted_ptr_or_null_'")
void BPF_PROG(read_unchecked, __u32 id)
{
	struct etran_held *held = bpf_etran_dequeue(&queue, id);

	if (held->len > 100)
		bpf_printk("long");
	if (held)
		bpf_etran_drop(held);
}
OPS(timer, read_unchecked);
