// SPDX-License-Identifier: GPL-2.0-only
#include "../reject.bpf.h"

SEC("struct_ops/timer")
REFUSED("release kfunc bpf_etran_requeue_until expects referenced")
void BPF_PROG(until_foreign_held, __u32 id)
{
	struct etran_held mine = {};

	bpf_etran_requeue_until(&mine, &queue, 0);
}
OPS(timer, until_foreign_held);
