// SPDX-License-Identifier: GPL-2.0-only
#include "../reject.bpf.h"

SEC("struct_ops/timer")
REFUSED("release kfunc bpf_etran_send expects referenced")
void BPF_PROG(send_foreign_held, __u32 id)
{
	struct etran_held mine = {};

	bpf_etran_send(&mine);
}
OPS(timer, send_foreign_held);
