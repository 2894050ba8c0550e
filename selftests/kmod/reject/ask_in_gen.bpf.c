// SPDX-License-Identifier: GPL-2.0-only
#include "../reject.bpf.h"

SEC("struct_ops/gen")
REFUSED("calling kernel function bpf_etran_gen_request is not allowed")
int BPF_PROG(ask_in_gen, struct etran_gen *gen)
{
	return bpf_etran_gen_request(1, gen->ifindex);
}
OPS(gen, ask_in_gen);
