// SPDX-License-Identifier: GPL-2.0-only
#include "../reject.bpf.h"

SEC("struct_ops/egress")
REFUSED("invalid mem access 'mem_or_null'")
int BPF_PROG(data_unchecked, struct etran_pkt *pkt)
{
	__u8 *data = bpf_etran_pkt_data(pkt, 0, 14);

	data[0] = 1;
	return ETRAN_SEND;
}
EGRESS(data_unchecked);
