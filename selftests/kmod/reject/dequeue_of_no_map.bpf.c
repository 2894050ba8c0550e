// SPDX-License-Identifier: GPL-2.0-only
#include "../reject.bpf.h"

SEC("struct_ops/timer")
REFUSED("expected STRUCT bpf_map or map_ptr")
void BPF_PROG(dequeue_of_no_map, __u32 id)
{
	__u64 mine = 0;
	struct etran_held *held = bpf_etran_dequeue(&mine, id);

	if (held)
		bpf_etran_drop(held);
}
OPS(timer, dequeue_of_no_map);
