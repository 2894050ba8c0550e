// SPDX-License-Identifier: GPL-2.0-only
#include "../reject.bpf.h"

SEC("struct_ops/timer")
REFUSED("calling kernel function bpf_etran_rx_ready is not allowed")
void BPF_PROG(rx_ready_in_timer, __u32 id)
{
	bpf_etran_rx_ready(NULL, &guards, 0);
}
OPS(timer, rx_ready_in_timer);
