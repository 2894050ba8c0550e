// SPDX-License-Identifier: GPL-2.0-only
#include "../reject.bpf.h"

SEC("struct_ops/timer")
REFUSED("invalid access to memory, mem_size=14")
void BPF_PROG(held_data_beyond, __u32 id)
{
	struct etran_held *held = bpf_etran_dequeue(&queue, id);
	__u8 *data;

	if (!held)
		return;
	data = bpf_etran_held_data(held, 0, 14);
	if (data)
		data[14] = 1;
	bpf_etran_send(held);
}
OPS(timer, held_data_beyond);
