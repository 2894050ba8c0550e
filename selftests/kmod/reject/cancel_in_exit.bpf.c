// SPDX-License-Identifier: GPL-2.0-only
#include "../reject.bpf.h"

SEC("struct_ops.s/exit")
REFUSED("calling kernel function bpf_etran_timer_cancel is not allowed")
void BPF_PROG(cancel_in_exit, struct etran_exit_info *info)
{
	bpf_etran_timer_cancel(0);
}
OPS(exit, cancel_in_exit);
