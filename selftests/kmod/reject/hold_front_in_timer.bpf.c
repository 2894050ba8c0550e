// SPDX-License-Identifier: GPL-2.0-only
#include "../reject.bpf.h"

SEC("struct_ops/timer")
REFUSED("calling kernel function bpf_etran_hold_front is not allowed")
void BPF_PROG(hold_front_in_timer, __u32 id)
{
	struct etran_priv priv = {};

	bpf_etran_hold_front(NULL, &queue, 0, &priv);
}
OPS(timer, hold_front_in_timer);
