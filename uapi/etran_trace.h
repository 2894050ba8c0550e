/* SPDX-License-Identifier: ((GPL-2.0 WITH Linux-syscall-note) OR BSD-3-Clause) */
/* What "etranctl trace" and its BPF programs share. */
#ifndef _UAPI_ETRAN_TRACE_H
#define _UAPI_ETRAN_TRACE_H

#ifndef __VMLINUX_H__	/* BPF objects have the types from there */
#include <linux/types.h>
#endif

#define ETRAN_TRACE_SNAPLEN	2048

/* Where a packet was seen. */
enum etran_trace_point {
	ETRAN_TRACE_EGRESS,	/* verdict: enum etran_verdict; -1: nonsense, dropped */
	ETRAN_TRACE_RELEASE,	/* after a hold; verdict: ETRAN_SEND, ETRAN_DROP */
	ETRAN_TRACE_GEN,	/* generated; verdict: what gen returned */
	ETRAN_TRACE_INGRESS,	/* verdict: enum xdp_action */
};

/**
 * struct etran_trace_rec - a packet
 * @time_ns: CLOCK_MONOTONIC
 * @ifindex: NIC
 * @queue: of the NIC; 0 for generated frames
 * @tenant: whose; 0 when that is not known
 * @len: of the packet
 * @caplen: bytes of it that follow; fewer than asked for if they cannot be read
 * @point: enum etran_trace_point
 * @verdict: what was decided there
 * @data: from the Ethernet header on
 */
struct etran_trace_rec {
	__u64 time_ns;
	__u32 ifindex;
	__u32 queue;
	__u32 tenant;
	__u32 len;
	__u32 caplen;
	__u32 point;
	__s32 verdict;
	__u8 data[ETRAN_TRACE_SNAPLEN];
};

/**
 * struct etran_trace_knobs - set before the programs are loaded
 * @netns: cookie of the network namespace to look at
 * @snaplen: bytes of each packet, at most ETRAN_TRACE_SNAPLEN
 */
struct etran_trace_knobs {
	__u64 netns;
	__u32 snaplen;
};

#endif /* _UAPI_ETRAN_TRACE_H */
