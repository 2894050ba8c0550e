// SPDX-License-Identifier: GPL-2.0-only
#include "../reject.bpf.h"

SEC("syscall")
REFUSED("Sleepable programs can only use")
int dequeue_in_syscall(void *ctx)
{
	struct etran_held *held = bpf_etran_dequeue(&queue, 0);

	if (held)
		bpf_etran_drop(held);
	return 0;
}
