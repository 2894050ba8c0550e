// SPDX-License-Identifier: GPL-2.0-only
#include "../reject.bpf.h"

SEC("struct_ops/gen")
REFUSED("calling kernel function bpf_etran_dequeue is not allowed")
int BPF_PROG(dequeue_in_gen, struct etran_gen *gen)
{
	struct etran_held *held = bpf_etran_dequeue(&queue, 0);

	if (held)
		bpf_etran_drop(held);
	return 0;
}
OPS(gen, dequeue_in_gen);
