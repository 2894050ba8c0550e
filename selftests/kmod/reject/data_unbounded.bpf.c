// SPDX-License-Identifier: GPL-2.0-only
#include "../reject.bpf.h"

SEC("struct_ops/egress")
REFUSED("R3 is not a const")
int BPF_PROG(data_unbounded, struct etran_pkt *pkt)
{
	__u8 *data = bpf_etran_pkt_data(pkt, 0, pkt->len);

	if (data)
		data[0] = 1;
	return ETRAN_SEND;
}
EGRESS(data_unbounded);
