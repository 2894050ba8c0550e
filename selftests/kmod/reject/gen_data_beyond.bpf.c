// SPDX-License-Identifier: GPL-2.0-only
#include "../reject.bpf.h"

SEC("struct_ops/gen")
REFUSED("invalid access to memory, mem_size=14")
int BPF_PROG(gen_data_beyond, struct etran_gen *gen)
{
	__u8 *data = bpf_etran_gen_data(gen, 0, 14);

	if (data)
		data[14] = 1;
	return 14;
}
OPS(gen, gen_data_beyond);
