// SPDX-License-Identifier: GPL-2.0-only
#include "../reject.bpf.h"

SEC("struct_ops/gen")
REFUSED("R3 is not a const")
int BPF_PROG(gen_data_unbounded, struct etran_gen *gen)
{
	__u8 *data = bpf_etran_gen_data(gen, 0, gen->cookie);

	if (data)
		data[0] = 1;
	return 14;
}
OPS(gen, gen_data_unbounded);
