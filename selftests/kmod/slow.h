/* SPDX-License-Identifier: GPL-2.0-only */
/* Orders to the transport that takes its time, and what it saw: slow.bpf.c. */
#ifndef _KERNEL_SLOW_H
#define _KERNEL_SLOW_H

#ifndef __bpf__
#include <linux/types.h>
#endif

#define SLOW_TIMERS	64

struct slow_orders {
	__u64 timer_ns;		/* how long each call of a timer runs */
	__u64 exit_ns;
	__u64 dump_ns;
	__u64 init_addr;	/* memory of the caller that init reads; 0: none */
};

struct slow_seen {
	__u64 init;
	__u64 in_init;
	__u64 timer;
	__u64 exit;
	__u64 in_exit;
	__u64 dump;
	__u64 in_dump;
};

struct slow_arm {
	__u32 first;
	__u32 count;
	__u32 fail;		/* and end with an error */
};

#endif /* _KERNEL_SLOW_H */
