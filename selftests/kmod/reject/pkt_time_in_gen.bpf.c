// SPDX-License-Identifier: GPL-2.0-only
#include "../reject.bpf.h"

SEC("struct_ops/gen")
REFUSED("calling kernel function bpf_etran_pkt_tx_timestamp is not allowed")
int BPF_PROG(pkt_time_in_gen, struct etran_gen *gen)
{
	__u64 ns;

	return bpf_etran_pkt_tx_timestamp(NULL, &ns);
}
OPS(gen, pkt_time_in_gen);
