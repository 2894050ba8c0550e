// SPDX-License-Identifier: GPL-2.0-only
#include "../reject.bpf.h"

SEC("struct_ops.s/init")
REFUSED("calling kernel function bpf_etran_timer_arm is not allowed")
int BPF_PROG(arm_in_init)
{
	return bpf_etran_timer_arm(0, 0);
}
OPS(init, arm_in_init);
