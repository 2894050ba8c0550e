/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the kernel tests put on the wire, and what they share with their BPF
 * transport (probe.bpf.c): its orders (struct orders) and its observations
 * (struct seen). Both structs are the whole value of a one-element map that
 * the test program maps into its memory.
 */
#ifndef _KERNEL_PROBE_H
#define _KERNEL_PROBE_H

#ifndef __bpf__
#include <linux/types.h>
#endif

#define PROBE_ETHERTYPE		0x88b5	/* IEEE 802, local experimental 1 */
#define PROBE_MAGIC		0x65545270
#define PROBE_ETH_LEN		14
#define PROBE_MIN_LEN		64
#define PROBE_MAP_TYPE		0x4554	/* BPF_MAP_TYPE_PKT_QUEUE */
#define PROBE_BUCKETS		16	/* timer id = bucket */
#define PROBE_BUCKET_LIMIT	512	/* less than a backlog of veth takes */
#define PROBE_TIMERS		64	/* in softirq */
#define PROBE_GLOBAL		64	/* in the thread; behind them */
#define PROBE_ALL_TIMERS	(PROBE_TIMERS + PROBE_GLOBAL)	/* a power of two */
#define PROBE_SEQS		(1 << 16)
#define PROBE_EDIT_MASK		0x5a5aa5a5
#define ETRAN_GEN_MAX		256	/* ETRAN_GEN_FRAME_LEN of ops.h */

/* Follows the Ethernet header; host byte order, the VM talks to itself. */
struct probe_hdr {
	__u32 magic;
	__u32 run;		/* one test case never takes another's packets */
	__u32 kind;
	__u32 len;		/* from the Ethernet header on */
	__u64 seq;
	__u64 time_ns;		/* CLOCK_MONOTONIC when it was written */
	__u32 edit;		/* 0, or ~seq ^ MASK after an edit by BPF;
				 * of a reply: the CPU that generated it */
	__u32 csum;		/* sum of the bytes behind this header, or 0 */
} __attribute__((packed));

enum probe_kind {
	PROBE_DATA = 1,		/* numbered, verified at the other host */
	PROBE_FENCE,		/* everything sent before it has arrived */
	PROBE_ASK,		/* ingress asks gen for a reply, frame ends */
	PROBE_REPLY,		/* what gen made of it */
	PROBE_DELIVER,		/* ingress promises and redirects to a socket */
	PROBE_ARM,		/* ingress arms timer seq */
};

/* What egress does with a packet. */
enum probe_act {
	ACT_SEND,
	ACT_DROP,
	ACT_HOLD,
	ACT_EDIT,		/* rewrite hdr.edit, send */
	ACT_EDIT_HOLD,		/* rewrite, hold */
	ACT_CSUM,		/* fill hdr.csum, send */
	ACT_ASK,		/* ask gen for a frame with this seq, send */
	ACT_BEYOND,		/* ask for bytes outside of the packet, drop */
	/* nonsense, each of which must end as a bad verdict */
	ACT_VERDICT_3,
	ACT_VERDICT_NEG,
	ACT_HOLD_UNHELD,	/* HOLD without bpf_etran_hold() */
	ACT_HELD_SEND,		/* SEND after bpf_etran_hold() */
	ACT_HELD_DROP,		/* DROP after bpf_etran_hold() */
	/* refused, then sent */
	ACT_HOLD_BEYOND,	/* bucket number too large */
	ACT_HOLD_TWICE,		/* second hold: -EALREADY */
	ACT_HOLD_WRONG_MAP,	/* not a PKT_QUEUE: -EINVAL */
};

/* What a timer does with the packets of its bucket. */
enum probe_release {
	REL_SEND,
	REL_DROP,
	REL_KEEP,		/* leave them */
	REL_REQUEUE,		/* put the first back orders.requeues times */
	REL_MOVE,		/* requeue into bucket + 8, arm it, send there */
	REL_EDIT,		/* rewrite hdr.edit of the held packet, send */
};

/* A program that misbehaves; bits of struct orders. */
enum probe_where {
	IN_EGRESS	= 1 << 0,
	IN_GEN		= 1 << 1,
	IN_TIMER	= 1 << 2,
	IN_INGRESS	= 1 << 3,
	IN_SYSCALL	= 1 << 4,
};

struct orders {
	__u32 nth;		/* every nth packet gets nth_act, others act */
	__u32 nth_act;
	__u32 act;
	__u32 buckets;		/* bucket = seq % buckets */
	__u32 release;
	__u32 budget;		/* packets per timer run, at most 64 */
	__u32 requeues;
	__u32 no_arm;		/* egress does not arm the bucket's timer */
	__u64 delay_ns;		/* of the arm from egress */
	__u64 rearm_ns;		/* delay of a re-arm from the timer itself */
	__u32 rearm_runs;	/* timer arms itself until it ran that often */
	__u32 cancel_run;	/* ... and cancels that in its nth run */
	__s32 init_ret;
	__u32 tenant;		/* what egress must see */
	__u32 ifindex;
	__u32 queue;
	__u32 pkt_flags;
	__u32 run;
	__s32 gen_ret;		/* 0: length of a reply; else returned as is */
	__u32 gen_skip;		/* every nth cookie: nothing to send; 0 none */
	__u32 gen_twice;	/* ask again from gen's own reply: cookies below */
	__u8 gen_dst[6];
	__u8 gen_src[6];
	__u32 ask_flush;	/* ingress redirects what it asked for */
	__u32 rx_key;		/* key of the XSKMAP */
	__u32 exit_in;		/* enum probe_where: bpf_etran_exit() */
	__s32 exit_code;
	__u32 spin_in;		/* enum probe_where: take your time */
	__u32 dump_lines;	/* how much the dump program says */
	__u64 spin_ns;
};

struct timer_seen {
	__u64 want;		/* raised before each arm */
	__u64 done;		/* value of want when the last run began */
	__u64 runs;
	__u64 early;		/* ran before due_ns */
	__u64 due_ns;
	__u32 inside;		/* runs at this moment */
	__u32 overlap;		/* saw another run of itself */
};

struct seen {
	__u64 egress;
	__u64 hold_ok;
	__u64 hold_err;
	__s64 hold_errno;	/* last one */
	__u64 second_hold_errno;
	__u64 ctx_bad;		/* etran_pkt not as ordered */
	__u64 data_null;	/* bpf_etran_pkt_data() gave NULL */
	__u64 beyond_ok;	/* ... and did not where it must */
	__u64 dequeued;
	__u64 rel_sent;
	__u64 rel_dropped;
	__u64 requeued;
	__u64 priv_bad;		/* held->priv not what hold() was given */
	__u64 held_bad;		/* other fields, or bytes, of a held packet */
	__u64 bucket_ooo;	/* a bucket gave packets out of order */
	__u64 bucket_next[PROBE_BUCKETS];
	__u64 asked;
	__u64 ask_refused;
	__s64 ask_errno;
	__u64 gen;
	__u64 gen_bad;		/* ctx of gen not as it must be */
	__u64 promised;
	__u64 rx_refused;
	__s64 rx_errno;
	__u64 rx_enospc;
	__u64 rx_csum_bad;
	__u64 armed;
	__u64 init;
	__u64 exit;
	__u64 exit_kind;
	__s64 exit_code;
	__u64 dump;
	struct timer_seen timer[PROBE_ALL_TIMERS];
	__u8 promise[PROBE_SEQS];	/* by seq: told the peer "it is in" */
};

/* Value of the PKT_QUEUE map. */
struct probe_depth {
	__u32 packets;
};

/* Argument of the syscall programs probe_arm and probe_ask. */
struct arm_args {
	__u32 id;
	__u32 count;		/* 0: cancel it */
	__u64 delay_ns;
	__s64 ret;		/* last non-zero result */
};

struct ask_args {
	__u64 cookie;
	__u32 ifindex;
	__u32 count;
	__s64 ret;		/* last non-zero result */
	__u64 accepted;
};

#endif /* _KERNEL_PROBE_H */
