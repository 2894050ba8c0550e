// SPDX-License-Identifier: GPL-2.0-only
#include "../reject.bpf.h"

SEC("tc")
REFUSED("calling kernel function bpf_etran_csum is not allowed")
int csum_in_tc(struct __sk_buff *skb)
{
	__u32 word = 1;

	return bpf_etran_csum(&word, sizeof(word), 0);
}
