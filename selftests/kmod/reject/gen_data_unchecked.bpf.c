// SPDX-License-Identifier: GPL-2.0-only
#include "../reject.bpf.h"

SEC("struct_ops/gen")
REFUSED("invalid mem access 'mem_or_null'")
int BPF_PROG(gen_data_unchecked, struct etran_gen *gen)
{
	bpf_etran_gen_data(gen, 0, 14)[0] = 1;
	return 14;
}
OPS(gen, gen_data_unchecked);
