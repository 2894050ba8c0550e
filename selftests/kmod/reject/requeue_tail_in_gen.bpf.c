// SPDX-License-Identifier: GPL-2.0-only
#include "../reject.bpf.h"

SEC("struct_ops/gen")
REFUSED("calling kernel function bpf_etran_requeue_tail is not allowed")
int BPF_PROG(requeue_tail_in_gen, struct etran_gen *gen)
{
	bpf_etran_requeue_tail(NULL, &queue, 0);
	return 0;
}
OPS(gen, requeue_tail_in_gen);
