/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The contract between etran.ko and the authors of transports.
 *
 * A transport is one struct_ops instance of struct etran_transport_ops, the
 * XDP and syscall programs of the same object that are associated with it
 * (bpf_prog_assoc_struct_ops()), and their maps. The types below reach BPF
 * objects through the module's BTF; kernel code includes this file.
 *
 * A context that a kfunc takes back has a member @opaque, a pointer: of a struct of
 * numbers only, the verifier would take any memory of the same size for one.
 *
 * Nothing here knows a protocol. There is no ABI promise yet: objects are
 * built against the module's BTF and refuse to load on a mismatch.
 */
#ifndef _ETRAN_OPS_H
#define _ETRAN_OPS_H

#include <linux/types.h>
#include <uapi/linux/etran.h>	/* ETRAN_NAME_LEN, enum etran_exit_kind */

/* Number of BPF_MAP_TYPE_PKT_QUEUE; outside of the kernel's enum on purpose. */
#define ETRAN_MAP_TYPE_PKT_QUEUE	0x4554
/*
 * Its map_extra, see ETRAN_PKTQ_EXTRA() for BPF: packets per bucket, packets
 * per map as a power of two, width of a slot in ns.
 */
#define ETRAN_PKTQ_BUCKET_MASK	0xffffff
#define ETRAN_PKTQ_MAP_SHIFT	24
#define ETRAN_PKTQ_MAP_MASK	0xff
#define ETRAN_PKTQ_SLOT_SHIFT	32
#define ETRAN_MAX_TIMERS	(1U << 20)
#define ETRAN_MAX_TIMEOUT_MS	(3600 * 1000)
/* Bytes of a generated frame that BPF can fill, from the Ethernet header. */
#define ETRAN_GEN_FRAME_LEN	256

/**
 * enum etran_verdict - what the egress program says of a packet
 * @ETRAN_DROP: do not send; the frame is completed at once and counted
 * @ETRAN_SEND: send now, behind whatever was released before it
 * @ETRAN_HOLD: bpf_etran_hold() has put the packet into a bucket
 *
 * Any other value, ETRAN_HOLD without a successful bpf_etran_hold(), and
 * another verdict after one, count as a bad verdict: the packet is dropped.
 */
enum etran_verdict {
	ETRAN_DROP	= 0,
	ETRAN_SEND	= 1,
	ETRAN_HOLD	= 2,
};

/**
 * struct etran_pkt - a packet that leaves an AF_XDP TX ring; context of egress
 * @ifindex: device
 * @queue: queue the socket is bound to
 * @len: bytes from the Ethernet header on, as submitted
 * @tenant: identity etrand gave to this socket (QUEUE_BIND), never 0
 * @umem_id: the kernel's id of the UMEM that holds the packet
 * @flags: ETRAN_PKT_*
 * @opaque: NULL
 *
 * Read-only for BPF. All of it is the kernel's own knowledge; what the tenant
 * says is in the packet's bytes, see bpf_etran_pkt_data().
 */
struct etran_pkt {
	u32 ifindex;
	u32 queue;
	u32 len;
	u32 tenant;
	u32 umem_id;
	u32 flags;
	const void *opaque;
};

/**
 * struct etran_priv - transport-private memory of a held packet
 * @v: opaque to the module; comes back as held->priv
 */
struct etran_priv {
	u64 v[4];
};

/* The packet is a kernel copy: the tenant cannot change it any more. */
#define ETRAN_PKT_COPY		(1U << 0)

/**
 * struct etran_held - a packet in (or taken out of) a PKT_QUEUE
 * @priv: the transport's own 32 bytes, as given to bpf_etran_hold()
 * @ifindex: device it will leave through
 * @queue: TX queue it will leave through
 * @len: bytes from the Ethernet header on
 * @tenant: identity of its sender
 * @opaque: NULL
 *
 * Read-only for BPF. A reference comes from bpf_etran_dequeue() and must be
 * given to exactly one of bpf_etran_send(), bpf_etran_drop(),
 * bpf_etran_requeue(); the verifier sees to it.
 */
struct etran_held {
	u64 priv[4];
	u32 ifindex;
	u32 queue;
	u32 len;
	u32 tenant;
	const void *opaque;
};

/**
 * struct etran_peeked - copy of a held packet's description: bpf_etran_peek()
 * @priv: as in struct etran_held, like the others
 * @ifindex: device
 * @queue: TX queue
 * @len: bytes
 * @tenant: sender
 */
struct etran_peeked {
	u64 priv[4];
	u32 ifindex;
	u32 queue;
	u32 len;
	u32 tenant;
};

/**
 * enum etran_clock - whose time it is
 * @ETRAN_CLOCK_SYSTEM: CLOCK_MONOTONIC, as bpf_ktime_get_ns()
 * @ETRAN_CLOCK_NIC: the device's own; only differences between two times of the
 *	same device mean anything
 */
enum etran_clock {
	ETRAN_CLOCK_SYSTEM	= 0,
	ETRAN_CLOCK_NIC		= 1,
};

/**
 * struct etran_gen - one frame to generate; context of gen
 * @cookie: as given to bpf_etran_gen_request()
 * @ifindex: device the frame will leave through
 * @cpu: CPU this round runs on
 * @opaque: NULL
 */
struct etran_gen {
	u64 cookie;
	u32 ifindex;
	u32 cpu;
	const void *opaque;
};

/**
 * struct etran_exit_info - why a transport ended
 * @kind: enum etran_exit_kind
 * @code: errno or the transport's own code
 * @msg: one line for the administrator
 */
struct etran_exit_info {
	u32 kind;
	s32 code;
	char msg[128];
};

/**
 * struct etran_dump - what is being written down; context of dump
 * @kind: enum etran_exit_kind, why the transport ends
 * @room: bytes left
 * @opaque: NULL
 */
struct etran_dump {
	u32 kind;
	u32 room;
	const void *opaque;
};

/**
 * struct etran_transport_ops - a transport
 *
 * All programs run with BH disabled and under RCU unless said otherwise; none
 * of them may sleep. A missing optional op means the default stated there.
 *
 * A transport that misbehaves is ended, with an exit kind that says how:
 * error-bpf (bpf_etran_exit() with a code), error-verdict (more than 1,000
 * nonsense results in a second), error-stall (see @timeout_ms), error-overrun
 * (batches of egress, rounds of timers or of gen had the CPU for 100 ms or more, two
 * at least, and for more than a second together within ten).
 */
struct etran_transport_ops {
	/**
	 * @egress: a descriptor was taken from a TX ring of a socket that is
	 * bound to this transport. Mandatory. Runs in the driver's TX path with
	 * the driver's queue lock held (zero copy) or in the sender's system
	 * call (copy mode). Bytes of the packet: bpf_etran_pkt_data().
	 * Return: enum etran_verdict.
	 */
	s32 (*egress)(struct etran_pkt *pkt);

	/**
	 * @gen: fill one frame for a bpf_etran_gen_request(). Optional: without
	 * it requests are refused. Runs in softirq at the end of the NAPI poll
	 * (xdp_do_flush()) or soon after, on the CPU that asked, at most the
	 * NAPI budget per round. Bytes: bpf_etran_gen_data().
	 * Return: the frame's length in bytes, 14..ETRAN_GEN_FRAME_LEN; 0 or
	 * less: nothing to send for this cookie.
	 */
	s32 (*gen)(struct etran_gen *gen);

	/**
	 * @timer: timer @id armed by bpf_etran_timer_arm() is due. Optional.
	 * Ids below @nr_timers run in softirq on the CPU that armed them
	 * (SOFTIRQ mode), those from @nr_timers on in one thread of the
	 * transport (KTHREAD mode), which can order work of all CPUs. The timer
	 * is disarmed when the call starts, so arming it from within or from
	 * another CPU while it runs makes it run again: no wake-up is lost. Two
	 * CPUs never run the same timer at the same time. At most 64 calls of
	 * one transport, and no more after 2 ms, follow each other before others
	 * have their turn.
	 */
	void (*timer)(u32 id);

	/**
	 * @init: before the transport is attached. Optional. Sleepable, in the
	 * system call that attaches; no lock of the module is held.
	 * Return: 0 or a negative errno, which fails the attach.
	 */
	s32 (*init)(void);

	/**
	 * @exit: after the last call of any other op, exactly once for each
	 * successful @init. Optional. Sleepable, in a kernel thread; who closes
	 * the link waits for it.
	 */
	void (*exit)(struct etran_exit_info *info);

	/**
	 * @dump: the transport ends with one of the error kinds: describe its
	 * state by bpf_etran_dump_text(). Optional. Sleepable. After the last
	 * call of egress, gen and timer, before @exit, like it in a kernel
	 * thread; held packets are still in their buckets.
	 */
	void (*dump)(struct etran_dump *dump);

	/**
	 * @nr_timers: how many timers (ids 0..nr_timers-1) run in softirq.
	 * Together with @nr_global at most ETRAN_MAX_TIMERS; none at all with a
	 * @timer op is refused.
	 */
	u32 nr_timers;

	/**
	 * @nr_global: how many timers (ids nr_timers..nr_timers+nr_global-1)
	 * run in the transport's thread, "etran/NAME".
	 */
	u32 nr_global;

	/** @flags: must be 0. */
	u32 flags;

	/**
	 * @timeout_ms: how long a packet may be held, at most
	 * ETRAN_MAX_TIMEOUT_MS. A packet that has waited longer, in a bucket
	 * from which nothing was dequeued for as long and whose timer is not
	 * armed and did not run for as long, ends the transport. So does one
	 * that has waited 20 times as long, whose timer ran meanwhile, armed or
	 * not by now, and took nothing; a packet in a wheel has all the time
	 * until it is due. 0: packets may wait for ever, say because a peer
	 * decides when they go.
	 */
	u32 timeout_ms;

	/**
	 * @name: unique in the network namespace of the process that attaches;
	 * 1..15 characters of [a-z0-9_-].
	 */
	char name[ETRAN_NAME_LEN];
};

#endif /* _ETRAN_OPS_H */
