// SPDX-License-Identifier: GPL-2.0-only
#include "../reject.bpf.h"

SEC("struct_ops/timer")
REFUSED("expected STRUCT etran_held")
void BPF_PROG(data_of_foreign_held, __u32 id)
{
	struct etran_held mine = { .len = 14 };
	__u8 *data = bpf_etran_held_data(&mine, 0, 14);

	if (data)
		data[0] = 1;
}
OPS(timer, data_of_foreign_held);
