// SPDX-License-Identifier: GPL-2.0-only
#include "../reject.bpf.h"

SEC("syscall")
REFUSED("memory, len pair leads to invalid memory access")
int csum_beyond(void *ctx)
{
	__u32 word = 1;

	return bpf_etran_csum(&word, 8, 0);
}
