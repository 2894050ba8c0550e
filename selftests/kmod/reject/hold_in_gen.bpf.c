// SPDX-License-Identifier: GPL-2.0-only
#include "../reject.bpf.h"

SEC("struct_ops/gen")
REFUSED("calling kernel function bpf_etran_hold is not allowed")
int BPF_PROG(hold_in_gen, struct etran_gen *gen)
{
	struct etran_priv priv = {};

	return bpf_etran_hold(NULL, &queue, 0, &priv);
}
OPS(gen, hold_in_gen);
