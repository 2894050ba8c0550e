// SPDX-License-Identifier: GPL-2.0-only
/* Instances for what is refused at attach: one that is complete and one that is not. */
#include "probe_bpf.h"

char LICENSE[] SEC("license") = "GPL";

SEC("?struct_ops/egress")
int BPF_PROG(idle_egress, struct etran_pkt *pkt)
{
	return ETRAN_SEND;
}

SEC("?struct_ops/timer")
void BPF_PROG(idle_timer, __u32 id)
{
}

SEC("?.struct_ops.link")
struct etran_transport_ops no_egress_ops = {
	.timer		= (void *)idle_timer,
	.nr_timers	= 1,
	.name		= "reject",
};

SEC("?.struct_ops.link")
struct etran_transport_ops idle_ops = {
	.egress		= (void *)idle_egress,
	.timer		= (void *)idle_timer,
	.nr_timers	= 1,
	.name		= "reject",
};
