// SPDX-License-Identifier: GPL-2.0-only
/*
 * The packets of AF_XDP under eTran, which no packet socket sees: for
 * "etranctl trace". At the module's tracepoints on the way out, around a
 * transport's XDP program on the way in: its entry has the packet as it came,
 * its exit has the verdict. Changes nothing; what could not be told is counted.
 */
#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "etran_trace.h"

char LICENSE[] SEC("license") = "GPL";

const volatile struct etran_trace_knobs knobs SEC(".rodata.knobs");
__u64 lost;

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4 << 20);
} ring SEC(".maps");

/*
 * Records in the making. All that they tell of happens with BH disabled, so no
 * two are made at the same time on a CPU; but that of an incoming packet stays
 * from the entry of its program to the exit.
 */
enum { SCRATCH_OUT, SCRATCH_IN, SCRATCH_NR };

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, SCRATCH_NR);
	__type(key, __u32);
	__type(value, struct etran_trace_rec);
} scratch SEC(".maps");

static __always_inline struct etran_trace_rec *scratch_of(__u32 which)
{
	return bpf_map_lookup_elem(&scratch, &which);
}

static __always_inline __u32 captured(__u32 len)
{
	__u32 n = len < knobs.snaplen ? len : knobs.snaplen;

	barrier_var(n);
	return n < ETRAN_TRACE_SNAPLEN ? n : ETRAN_TRACE_SNAPLEN;
}

static __always_inline void fill(struct etran_trace_rec *r, const void *data, __u32 len)
{
	r->time_ns = bpf_ktime_get_ns();
	r->queue = 0;
	r->tenant = 0;
	r->len = len;
	r->caplen = captured(len);
	/* Bytes that cannot be read must not hide that there was a packet. */
	if (bpf_probe_read_kernel(r->data, captured(len), data))
		r->caplen = 0;
}

static __always_inline void put(struct etran_trace_rec *r)
{
	__u64 n = offsetof(struct etran_trace_rec, data) + captured(r->caplen);

	if (bpf_ringbuf_output(&ring, r, n, 0))
		__sync_fetch_and_add(&lost, 1);
}

static __always_inline int packet(const struct etran_pool *ep, __u32 len, __s32 what,
				  const void *data, __u32 point)
{
	struct etran_trace_rec *r = scratch_of(SCRATCH_OUT);

	if (!r || BPF_CORE_READ(ep, net_cookie) != knobs.netns)
		return 0;
	fill(r, data, len);
	r->ifindex = BPF_CORE_READ(ep, out_ifindex);
	r->queue = BPF_CORE_READ(ep, queue);
	r->tenant = BPF_CORE_READ(ep, tenant);
	r->point = point;
	r->verdict = what;
	put(r);
	return 0;
}

SEC("raw_tp/etran_egress")
int BPF_PROG(trace_egress, const struct etran_pool *ep, __u32 len, __s32 what,
	     const void *data)
{
	/* Comes again when it is released; until then it may have no headers. */
	if (what == ETRAN_HOLD)
		return 0;
	return packet(ep, len, what, data, ETRAN_TRACE_EGRESS);
}

SEC("raw_tp/etran_release")
int BPF_PROG(trace_release, const struct etran_pool *ep, __u32 len, __s32 what,
	     const void *data)
{
	return packet(ep, len, what, data, ETRAN_TRACE_RELEASE);
}

SEC("raw_tp/etran_gen")
int BPF_PROG(trace_gen, const struct etran_transport *tr, __u32 ifindex, __u64 cookie,
	     __s32 len, const void *data)
{
	struct etran_trace_rec *r = scratch_of(SCRATCH_OUT);

	if (!r || len <= 0 || BPF_CORE_READ(tr, net, net_cookie) != knobs.netns)
		return 0;
	fill(r, data, len);
	r->ifindex = ifindex;
	r->point = ETRAN_TRACE_GEN;
	r->verdict = len;
	put(r);
	return 0;
}

/* The target is set by etranctl; without one these are not loaded. */
SEC("?fentry")
int BPF_PROG(trace_ingress, struct xdp_buff *xdp)
{
	struct net_device *dev = BPF_CORE_READ(xdp, rxq, dev);
	struct etran_trace_rec *r = scratch_of(SCRATCH_IN);
	void *data = BPF_CORE_READ(xdp, data);

	if (!r)
		return 0;
	fill(r, data, BPF_CORE_READ(xdp, data_end) - data);
	r->ifindex = BPF_CORE_READ(dev, ifindex);
	r->queue = BPF_CORE_READ(xdp, rxq, queue_index);
	r->point = ETRAN_TRACE_INGRESS;
	return 0;
}

SEC("?fexit")
int BPF_PROG(trace_ingress_end, struct xdp_buff *xdp, int ret)
{
	struct etran_trace_rec *r = scratch_of(SCRATCH_IN);

	/* What is passed on is seen by packet sockets. */
	if (!r || !r->len || ret == XDP_PASS)
		return 0;
	r->verdict = ret;
	put(r);
	r->len = 0;
	return 0;
}
