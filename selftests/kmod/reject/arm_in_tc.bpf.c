// SPDX-License-Identifier: GPL-2.0-only
#include "../reject.bpf.h"

SEC("tc")
REFUSED("calling kernel function bpf_etran_timer_arm is not allowed")
int arm_in_tc(struct __sk_buff *skb)
{
	return bpf_etran_timer_arm(0, 0);
}
