// SPDX-License-Identifier: GPL-2.0-only
#include "../reject.bpf.h"

SEC("struct_ops.s/egress")
REFUSED("attach to unsupported member egress")
int BPF_PROG(sleepable_egress, struct etran_pkt *pkt)
{
	return ETRAN_SEND;
}
EGRESS(sleepable_egress);
