// SPDX-License-Identifier: GPL-2.0-only
#include "../reject.bpf.h"

SEC("struct_ops/gen")
REFUSED("expected STRUCT etran_gen")
int BPF_PROG(data_of_foreign_gen, struct etran_gen *gen)
{
	struct etran_gen mine = {};
	__u8 *data = bpf_etran_gen_data(&mine, 0, 14);

	return data ? data[0] : 0;
}
OPS(gen, data_of_foreign_gen);
