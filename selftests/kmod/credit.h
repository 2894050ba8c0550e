/* SPDX-License-Identifier: GPL-2.0-only */
/* What credit.bpf.c and the test agree on. */
#ifndef _KERNEL_CREDIT_H
#define _KERNEL_CREDIT_H

#ifndef __bpf__
#include <linux/types.h>
#endif

#define CREDIT_IDS	256	/* messages, each announced once */
#define CREDIT_BURST	8	/* credits that a timer asks for at once */

/* A message's place in the order: what remains of it, then its number. */
static inline __u32 credit_key(__u32 id)
{
	return (id * 167 + 13) % CREDIT_IDS * CREDIT_IDS + id % CREDIT_IDS;
}

struct credit_orders {
	__u32 run;
	__u32 ifindex;		/* where credits leave */
	__u8 dst[6];
	__u8 src[6];
	__u32 paced;		/* timers wait for PROBE_ARM */
};

struct credit_seen {
	__u64 by_ingress;	/* messages put into the order */
	__u64 by_egress;
	__u64 runs;		/* of the timer */
	__u64 asked;		/* for frames */
	__u64 granted;		/* messages taken out of the order by gen */
	__u64 no_memory;
};

#endif /* _KERNEL_CREDIT_H */
