// SPDX-License-Identifier: GPL-2.0-only
#include "../reject.bpf.h"

SEC("struct_ops/gen")
REFUSED("calling kernel function bpf_etran_pkt_csum is not allowed")
int BPF_PROG(pkt_csum_in_gen, struct etran_gen *gen)
{
	return bpf_etran_pkt_csum(NULL, 0, 14, 0);
}
OPS(gen, pkt_csum_in_gen);
