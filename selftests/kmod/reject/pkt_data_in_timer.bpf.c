// SPDX-License-Identifier: GPL-2.0-only
#include "../reject.bpf.h"

SEC("struct_ops/timer")
REFUSED("calling kernel function bpf_etran_pkt_data is not allowed")
void BPF_PROG(pkt_data_in_timer, __u32 id)
{
	__u8 *data = bpf_etran_pkt_data(NULL, 0, 14);

	if (data)
		data[0] = 1;
}
OPS(timer, pkt_data_in_timer);
