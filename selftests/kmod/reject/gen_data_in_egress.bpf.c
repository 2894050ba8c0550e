// SPDX-License-Identifier: GPL-2.0-only
#include "../reject.bpf.h"

SEC("struct_ops/egress")
REFUSED("calling kernel function bpf_etran_gen_data is not allowed")
int BPF_PROG(gen_data_in_egress, struct etran_pkt *pkt)
{
	__u8 *data = bpf_etran_gen_data(NULL, 0, 14);

	return data ? data[0] : ETRAN_DROP;
}
EGRESS(gen_data_in_egress);
