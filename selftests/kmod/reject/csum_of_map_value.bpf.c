// SPDX-License-Identifier: GPL-2.0-only
#include "../reject.bpf.h"

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct etran_held);
} values SEC(".maps");

SEC("struct_ops/timer")
REFUSED("expected STRUCT etran_held")
void BPF_PROG(csum_of_map_value, __u32 id)
{
	__u32 zero = 0;
	struct etran_held *mine = bpf_map_lookup_elem(&values, &zero);

	if (mine)
		bpf_etran_held_csum(mine, 0, 14, 0);
}
OPS(timer, csum_of_map_value);
