// SPDX-License-Identifier: GPL-2.0-only
#include "../reject.bpf.h"

SEC("struct_ops/timer")
REFUSED("calling kernel function bpf_etran_pkt_csum_fill is not allowed")
void BPF_PROG(pkt_fill_in_timer, __u32 id)
{
	bpf_etran_pkt_csum_fill(NULL, 34, 16);
}
OPS(timer, pkt_fill_in_timer);
