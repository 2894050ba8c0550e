// SPDX-License-Identifier: GPL-2.0-only
#include "../reject.bpf.h"

SEC("struct_ops/timer")
REFUSED("calling kernel function bpf_etran_hold_until is not allowed")
void BPF_PROG(hold_until_in_timer, __u32 id)
{
	struct etran_priv priv = {};

	bpf_etran_hold_until(NULL, &queue, 0, &priv, 0);
}
OPS(timer, hold_until_in_timer);
