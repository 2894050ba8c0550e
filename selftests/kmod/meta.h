/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the tests of times and checksums share with their BPF transport
 * (meta.bpf.h): its orders and its observations.
 */
#ifndef _KERNEL_META_H
#define _KERNEL_META_H

#ifndef __bpf__
#include <linux/types.h>
#endif

/* Who fills the checksum in. */
enum meta_where {
	META_EGRESS	= 1 << 0,
	META_TIMER	= 1 << 1,	/* egress holds the packet */
	META_DROP	= 1 << 2,	/* egress drops it */
};

struct meta_orders {
	__u32 where;		/* enum meta_where; 0: nobody, egress sends */
	__u32 start;
	__u32 offset;
};

struct meta_seen {
	__u64 egress;
	__u64 timer;
	__s64 egress_fill;	/* what each call said last */
	__s64 timer_fill;
	__s64 other_fill;	/* another place, asked for after a 1 */
	__s64 egress_clock;
	__u64 egress_ns;
	__s64 timer_clock;
	__u64 timer_ns;
	__u64 ingress;
	__s64 ingress_clock;
	__u64 ingress_ns;
};

#endif /* _KERNEL_META_H */
