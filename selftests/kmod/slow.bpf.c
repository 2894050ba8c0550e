// SPDX-License-Identifier: GPL-2.0-only
/*
 * A transport whose programs take as long as they are told: init until somebody
 * provides a page of its caller, the others for a while.
 */
#include "probe_bpf.h"
#include "slow.h"

char LICENSE[] SEC("license") = "GPL";

struct slow_orders orders SEC(".data.orders");
struct slow_seen seen SEC(".data.seen");

static __always_inline void spin(__u64 ns)
{
	__u64 end = bpf_ktime_get_ns() + ns;
	int i, j;

	if (!ns)
		return;
	/* One loop is over after 8 million rounds: less than a second here. */
	bpf_for(i, 0, 64)
		bpf_for(j, 0, 1 << 23)
			if (bpf_ktime_get_ns() >= end)
				return;
}

SEC("struct_ops/egress")
int BPF_PROG(slow_egress, struct etran_pkt *pkt)
{
	return ETRAN_SEND;
}

SEC("struct_ops/timer")
void BPF_PROG(slow_timer, __u32 id)
{
	spin(orders.timer_ns);
	__sync_fetch_and_add(&seen.timer, 1);
}

SEC("struct_ops.s/init")
int BPF_PROG(slow_init)
{
	__u64 word;

	__sync_fetch_and_add(&seen.in_init, 1);
	if (orders.init_addr)
		bpf_copy_from_user(&word, sizeof(word), (void *)orders.init_addr);
	__sync_fetch_and_add(&seen.init, 1);
	return 0;
}

SEC("struct_ops.s/exit")
void BPF_PROG(slow_exit, struct etran_exit_info *info)
{
	__sync_fetch_and_add(&seen.in_exit, 1);
	spin(orders.exit_ns);
	__sync_fetch_and_add(&seen.exit, 1);
}

SEC("struct_ops.s/dump")
void BPF_PROG(slow_dump, struct etran_dump *dump)
{
	__sync_fetch_and_add(&seen.in_dump, 1);
	spin(orders.dump_ns);
	__sync_fetch_and_add(&seen.dump, 1);
}

SEC("syscall")
int slow_arm(struct slow_arm *args)
{
	__u32 first = args->first, count = args->count, i;

	bpf_for(i, 0, count)
		bpf_etran_timer_arm(first + i, 0);
	if (args->fail)
		bpf_etran_exit(-1, "as ordered");
	return 0;
}

SEC(".struct_ops.link")
struct etran_transport_ops slow = {
	.egress		= (void *)slow_egress,
	.timer		= (void *)slow_timer,
	.init		= (void *)slow_init,
	.exit		= (void *)slow_exit,
	.dump		= (void *)slow_dump,
	.nr_timers	= SLOW_TIMERS,
	.name		= "slow",
};
