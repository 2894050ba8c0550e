// SPDX-License-Identifier: GPL-2.0-only
/*
 * TCP: one object with everything the transport consists of, see state.h.
 *
 *   ingress.bpf.h  segments that arrive (XDP), on NICs and virtual ports
 *   egress.bpf.h   requests of tenants, held segments, generated ACKs
 *   sys.bpf.h      etrand's programs
 *   the others     the protocol itself, also compiled for unit tests
 *
 * Locks: conns[i].lock is held around every decision on a connection and
 * around the kfuncs that make it come true (hold, dequeue, send, requests of
 * gen and the timer), so that order of decisions is order on the wire. Maps
 * are looked up before.
 *
 * Lacks: SACK, urgent data, ECN, path MTU discovery, IPv6, simultaneous open.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "lib/kfuncs.bpf.h"

#ifndef ETRAN_MAP_TYPE_PKT_QUEUE
#define ETRAN_MAP_TYPE_PKT_QUEUE	0x4554	/* kmod/ops.h */
#endif

#include "rcv.bpf.h"
#include "snd.bpf.h"
#include "life.bpf.h"
#include "wire.bpf.h"
#include "maps.bpf.h"
#include "ingress.bpf.h"
#include "egress.bpf.h"
#include "sys.bpf.h"

char LICENSE[] SEC("license") = "GPL";

SEC(".struct_ops.link")
struct etran_transport_ops tcp = {
	.egress = (void *)tcp_egress,
	.gen = (void *)tcp_gen,
	.timer = (void *)tcp_timer,
	.nr_timers = ETRAN_MAX_CONNS,
	.name = "tcp",
};
