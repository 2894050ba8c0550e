// SPDX-License-Identifier: GPL-2.0-only
#include "../reject.bpf.h"

SEC("struct_ops/egress")
REFUSED("invalid access to memory, mem_size=14")
int BPF_PROG(data_beyond, struct etran_pkt *pkt)
{
	__u8 *data = bpf_etran_pkt_data(pkt, 0, 14);

	if (data)
		data[14] = 1;
	return ETRAN_SEND;
}
EGRESS(data_beyond);
