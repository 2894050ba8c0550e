// SPDX-License-Identifier: GPL-2.0-only
#include "../reject.bpf.h"

SEC("struct_ops/timer")
REFUSED("invalid mem access 'scalar'")
void BPF_PROG(data_after_send, __u32 id)
{
	struct etran_held *held = bpf_etran_dequeue(&queue, id);
	__u8 *data;

	if (!held)
		return;
	data = bpf_etran_held_data(held, 0, 14);
	bpf_etran_send(held);
	if (data)
		data[0] = 1;
}
OPS(timer, data_after_send);
