/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The kfuncs of etran.ko, for BPF authors.
 *
 * Columns of "callable from": I ingress (XDP), E egress, G gen, T timer,
 * S syscall, D dump. "lock" means also while a bpf_spin_lock is held; those take one
 * raw leaf lock at most, never transmit, never wake a driver, never run BPF.
 * Programs find their transport by association (the kfunc's implicit
 * argument): an XDP or syscall program that is not associated with a live
 * instance gets -ENOENT.
 *
 * Lock order: driver queue lock -> the transport's own lock (one
 * bpf_spin_lock) -> bucket. See docs/datapath.md.
 */
#ifndef __ETRAN_KFUNCS_BPF_H
#define __ETRAN_KFUNCS_BPF_H

/**
 * ETRAN_PKTQ_EXTRA - what kind of PKT_QUEUE, and its limits
 * @bucket: packets per bucket, below 2^24; 0: 1024. Of a wheel, packets per
 *	slot; 0: any number
 * @map_log2: packets in the whole map, as a power of two, 1..24; 0: any number
 * @slot_ns: 0: max_entries FIFOs, addressed by index. Otherwise a timing wheel
 *	of max_entries slots (a power of two) of that many nanoseconds; its
 *	horizon is max_entries * slot_ns
 *
 * It is the map's map_extra. key and value are __u32; a lookup by system call
 * gives the depth of a FIFO or slot, so "bpftool map dump" works. A PKT_QUEUE can
 * be an inner map; with the last reference to one its packets are dropped.
 */
#define ETRAN_PKTQ_EXTRA(bucket, map_log2, slot_ns)			\
	((__u64)(slot_ns) << 32 | (__u64)(map_log2) << 24 | (bucket))

/** etran_pktq_extra - the same in the declaration of a map, which it ends up in */
#define etran_pktq_extra(bucket, map_log2, slot_ns)			\
	enum {								\
		__etran_unique(__LINE__) =				\
			ETRAN_PKTQ_EXTRA(bucket, map_log2, slot_ns)	\
	} map_extra
/* __ulong() of libbpf can be used only once in a file. */
#define __etran_unique(n)	__etran_concat(n)
#define __etran_concat(n)	__etran_pktq_extra_##n

/* Of bpf_etran_next_due(): nothing is held. */
#define ETRAN_NEVER	(~0ULL)

/**
 * bpf_etran_pkt_data - writable bytes of the packet in egress
 * @pkt: context of egress
 * @offset: first byte wanted, 0 is the Ethernet header
 * @rdwr_buf_size: constant, number of bytes
 * Callable from: E, lock.
 * Return: pointer to @rdwr_buf_size bytes or NULL when they are not all
 * inside the packet. In zero copy the tenant can still write them: read each
 * byte once into kernel memory before deciding on it.
 */
extern __u8 *bpf_etran_pkt_data(struct etran_pkt *pkt, __u32 offset,
				const __u32 rdwr_buf_size) __ksym;

/**
 * bpf_etran_pkt_csum - Internet checksum over bytes of the packet in egress
 * @pkt: context of egress
 * @offset: first byte
 * @len: number of bytes, 0 allowed; @offset + @len at most pkt->len
 * @seed: 32-bit partial sum to continue
 * Callable from: E, lock.
 * Return: unfolded 32-bit partial sum (as csum_partial()); @seed unchanged
 * when the range is outside of the packet.
 */
extern __u32 bpf_etran_pkt_csum(struct etran_pkt *pkt, __u32 offset,
				__u32 len, __u32 seed) __ksym;

/**
 * bpf_etran_pkt_csum_fill - complete the packet's Internet checksum
 * @pkt: context of egress
 * @csum_start: first byte that counts; it goes on to the end of the packet
 * @csum_offset: from there to the checksum, an even number. The program has put
 *	there, not inverted, the folded sum of what else counts (the pseudo header)
 * Callable from: E, lock. The last thing to do to these bytes: a NIC sums what it
 * finds when it sends, otherwise it is done at once. What is zero is stored as
 * 0xffff, as UDP wants it and TCP does not mind.
 *
 * A NIC does it for TCP and UDP right behind an IPv4 or IPv6 header, in copy mode
 * (ETRAN_PKT_COPY), if its driver can.
 * Return: 1 the NIC will, also when it was asked before; 0 it is filled in;
 * -EINVAL not inside of the packet, or odd, and nothing is changed; -EALREADY the
 * NIC was asked for another one.
 */
extern int bpf_etran_pkt_csum_fill(struct etran_pkt *pkt, __u32 csum_start,
				   __u32 csum_offset) __ksym;

/**
 * bpf_etran_pkt_tx_timestamp - when was a packet of this queue last sent?
 * @pkt: context of egress, of which nothing but its queue counts
 * @ns: time
 * Callable from: E, lock.
 * Return: ETRAN_CLOCK_NIC as the NIC says; ETRAN_CLOCK_SYSTEM when the driver
 * told the kernel, which may be later; -ENODATA none was sent yet.
 */
extern int bpf_etran_pkt_tx_timestamp(struct etran_pkt *pkt, __u64 *ns) __ksym;

/**
 * bpf_etran_hold - keep the packet of egress in a bucket of a PKT_QUEUE
 * @pkt: context of egress
 * @p__map: map of type BPF_MAP_TYPE_PKT_QUEUE, not a wheel
 * @bucket: index below the map's max_entries
 * @priv: 32 bytes that are copied and come back as held->priv
 * Callable from: E, lock; once per packet; egress must then return ETRAN_HOLD.
 * The packet can be dequeued only after egress has returned; a dequeue in
 * between finds it not there, and publishing it arms timer @bucket again.
 * Return: 0, -ENOSPC bucket or map full, -EINVAL, -EALREADY held before.
 */
extern int bpf_etran_hold(struct etran_pkt *pkt, void *p__map, __u32 bucket,
			  const struct etran_priv *priv) __ksym;

/** bpf_etran_hold_front - as bpf_etran_hold(), before the others. E, lock. */
extern int bpf_etran_hold_front(struct etran_pkt *pkt, void *p__map, __u32 bucket,
				const struct etran_priv *priv) __ksym;

/**
 * bpf_etran_hold_until - keep the packet of egress in a timing wheel
 * @pkt: context of egress
 * @p__map: a PKT_QUEUE with a slot width
 * @when_ns: when it should leave, as bpf_ktime_get_ns(); in the past means now
 * @priv: as of bpf_etran_hold()
 * @timer: runs when the first packet of the wheel is due; one wheel, one timer
 * Callable from: E, lock; as bpf_etran_hold(), the timer needs no arming.
 * bpf_etran_dequeue_due() gives the packet from @when_ns on, at most one slot's
 * width later; packets of the same slot in order.
 * Return: 0; 1: @when_ns is beyond the horizon and the packet will come out at
 * its end, too early (bpf_etran_requeue_until() puts it back then); -ENOSPC slot
 * or map full, -EINVAL no wheel or no such timer, -EALREADY held before.
 */
extern int bpf_etran_hold_until(struct etran_pkt *pkt, void *p__map, __u64 when_ns,
				const struct etran_priv *priv, __u32 timer) __ksym;

/**
 * bpf_etran_dequeue - take the first packet out of a bucket
 * Callable from: T, lock. Of a wheel: its first packet, due or not; @bucket is
 * not looked at.
 * Return: a reference, or NULL when the bucket is empty, the packet's egress
 * has not returned yet, or the packet's socket is going away.
 */
extern struct etran_held *bpf_etran_dequeue(void *p__map, __u32 bucket) __ksym;

/**
 * bpf_etran_dequeue_due - take the next packet that is due out of a wheel
 * Callable from: T, lock. When none is due it arms the wheel's timer for the
 * next one; a program that stops before it got NULL has to arm it by itself.
 * Return: a reference, or NULL as bpf_etran_dequeue().
 */
extern struct etran_held *bpf_etran_dequeue_due(void *p__map) __ksym;

/**
 * bpf_etran_peek - look at what bpf_etran_dequeue() would give
 * @out: filled with a copy
 * Callable from: E, G, T, lock. Another CPU may take the packet meanwhile.
 * Return: 0, -ENOENT the bucket is empty, -EAGAIN its first packet cannot be
 * had just now, -EINVAL.
 */
extern int bpf_etran_peek(void *p__map, __u32 bucket, struct etran_peeked *out) __ksym;

/**
 * bpf_etran_next_due - when the first packet of a wheel is due
 * Callable from: E, G, T, lock.
 * Return: nanoseconds as bpf_ktime_get_ns(), maybe in the past; 0 for a FIFO
 * that is not empty; ETRAN_NEVER when nothing is held.
 */
extern __u64 bpf_etran_next_due(void *p__map, __u32 bucket) __ksym;

/** bpf_etran_depth - packets in a bucket or in a whole wheel. E, G, T, lock. */
extern __u32 bpf_etran_depth(void *p__map, __u32 bucket) __ksym;

/**
 * bpf_etran_drain - drop up to @max packets of a bucket or wheel, at most 64
 * Callable from: T, lock.
 * Return: how many; less than asked for when bpf_etran_dequeue() would give NULL.
 */
extern __u32 bpf_etran_drain(void *p__map, __u32 bucket, __u32 max) __ksym;

/**
 * bpf_etran_requeue - put a dequeued packet back, to the front of a bucket
 * Callable from: T, lock. Releases @held. Cannot fail: a limit does not apply
 * to a packet that was in a map before. In a wheel it is due now.
 */
extern void bpf_etran_requeue(struct etran_held *held, void *p__map,
			      __u32 bucket) __ksym;

/** bpf_etran_requeue_tail - the same, behind the others of a FIFO. T, lock. */
extern void bpf_etran_requeue_tail(struct etran_held *held, void *p__map,
				   __u32 bucket) __ksym;

/**
 * bpf_etran_requeue_until - put a dequeued packet into a wheel
 * Callable from: T, lock. Releases @held. Time as of bpf_etran_hold_until(); in
 * a map that is no wheel it is dropped.
 */
extern void bpf_etran_requeue_until(struct etran_held *held, void *p__map,
				    __u64 when_ns) __ksym;

/**
 * bpf_etran_send - hand a dequeued packet to the NIC
 * Callable from: T, lock. Releases @held. The packet goes to the end of its
 * pool's release FIFO; the driver is woken once after the timer's round.
 */
extern void bpf_etran_send(struct etran_held *held) __ksym;

/**
 * bpf_etran_drop - give a dequeued packet's frame back unsent
 * Callable from: T, lock. Releases @held.
 */
extern void bpf_etran_drop(struct etran_held *held) __ksym;

/** bpf_etran_held_data - as bpf_etran_pkt_data(), of a dequeued packet. T, lock. */
extern __u8 *bpf_etran_held_data(struct etran_held *held, __u32 offset,
				 const __u32 rdwr_buf_size) __ksym;

/** bpf_etran_held_csum - as bpf_etran_pkt_csum(), of a dequeued packet. T, lock. */
extern __u32 bpf_etran_held_csum(struct etran_held *held, __u32 offset,
				 __u32 len, __u32 seed) __ksym;

/**
 * bpf_etran_held_csum_fill - as bpf_etran_pkt_csum_fill(), of a dequeued packet
 * Callable from: T, lock. Whoever changes a packet that was filled before puts
 * the sum of the pseudo header there again, unless it returned 1: then that sum is
 * still there.
 */
extern int bpf_etran_held_csum_fill(struct etran_held *held, __u32 csum_start,
				    __u32 csum_offset) __ksym;

/** bpf_etran_held_tx_timestamp - as bpf_etran_pkt_tx_timestamp(). T, lock. */
extern int bpf_etran_held_tx_timestamp(struct etran_held *held, __u64 *ns) __ksym;

/**
 * bpf_etran_gen_request - ask for one generated frame
 * @cookie: comes back as gen->cookie
 * @ifindex: device, in the transport's network namespace
 * Callable from: I, E, T, S, lock. Each request makes one call of gen on this
 * CPU, in order; the transport keeps the flag that avoids a second request
 * for the same thing.
 * Return: 0, -ENOSPC this CPU's queue of requests is full (the transport has
 * to ask again), -EOPNOTSUPP no gen op, -ENOENT no live instance.
 */
extern int bpf_etran_gen_request(__u64 cookie, __u32 ifindex) __ksym;

/** bpf_etran_gen_data - writable bytes of the frame in gen. G, lock. */
extern __u8 *bpf_etran_gen_data(struct etran_gen *gen, __u32 offset,
				const __u32 rdwr_buf_size) __ksym;

/**
 * bpf_etran_timer_arm - run the timer op with @id soon
 * @id: below ops->nr_timers: in this CPU's softirq (SOFTIRQ mode); from there on,
 *	ops->nr_global of them: in the transport's thread (KTHREAD mode)
 * @delay_ns: 0: as soon as possible; otherwise not before that many nanoseconds
 *	from now. Arming an armed timer keeps the earlier due time.
 * Callable from: I, E, G, T, S, lock.
 * Return: 0, -EINVAL, -ENOENT no live instance.
 */
extern int bpf_etran_timer_arm(__u32 id, __u64 delay_ns) __ksym;

/**
 * bpf_etran_timer_cancel - do not run the timer op with @id
 * @id: as in bpf_etran_timer_arm()
 * Callable from: I, E, G, T, S, lock. Never waits: a run that has begun goes on,
 * but no other follows, also when it was armed meanwhile (from the run itself,
 * too), until it is armed again.
 * Return: 1 it was armed, 0 it was not, -EINVAL, -ENOENT no live instance.
 */
extern int bpf_etran_timer_cancel(__u32 id) __ksym;

/**
 * bpf_etran_exit - end this transport
 * @code: 0: an orderly end (kind bpf); else an error (kind error-bpf), with this
 *	as its code
 * @msg__str: one line for the administrator, a literal
 * Callable from: I, E, G, T, S, lock. From now on no program of the transport
 * is called any more; detaching follows from process context. The first reason
 * counts.
 * Return: 0, -ENOENT no live instance.
 */
extern int bpf_etran_exit(__s32 code, const char *msg__str) __ksym;

/**
 * bpf_etran_dump_text - append text to the dump
 * @dump: context of dump
 * @text: up to its end or a NUL, in memory that the program may write; what is
 *	not printable becomes a question mark
 * @text__sz: its size
 * Callable from: D.
 * Return: 0, -ENOSPC it did not fit: the dump ends here and says so.
 */
extern int bpf_etran_dump_text(struct etran_dump *dump, const char *text,
			       __u32 text__sz) __ksym;

/**
 * bpf_etran_rx_ready - will a redirect to this XSKMAP entry be taken?
 * @ctx: context of the XDP program
 * @xsks__map: map of type BPF_MAP_TYPE_XSKMAP
 * @key: index
 * Callable from: I, lock. When it returns 0 and the program then returns
 * bpf_redirect_map() of the same map and key, the packet will be in the
 * socket's RX ring: device and queue fit, the RX ring has room and, in copy
 * mode, the fill ring has a frame. So a transport may acknowledge it.
 * Return: 0, -ENOENT no socket there, -EINVAL other device or queue, -ENOSPC
 * no room in the RX ring or no frame, -EMSGSIZE too long for a frame.
 */
extern int bpf_etran_rx_ready(struct xdp_md *ctx, void *xsks__map,
			      __u32 key) __ksym;

/** bpf_etran_rx_csum - as bpf_etran_pkt_csum(), of the packet in XDP. I, lock. */
extern __u32 bpf_etran_rx_csum(struct xdp_md *ctx, __u32 offset, __u32 len,
			       __u32 seed) __ksym;

/**
 * bpf_etran_rx_timestamp - when was this packet received?
 * @ctx: context of the XDP program
 * @ns: time
 * Callable from: I. Not under a lock: drivers may take one of theirs.
 * Return: ETRAN_CLOCK_NIC as the NIC says; ETRAN_CLOCK_SYSTEM now, when the driver
 * has no time for this packet, in generic XDP and at the end of a redirect.
 */
extern int bpf_etran_rx_timestamp(struct xdp_md *ctx, __u64 *ns) __ksym;

/**
 * bpf_etran_csum - Internet checksum over any memory of the program
 * Callable from: everywhere, lock.
 * Return: unfolded 32-bit partial sum.
 */
extern __u32 bpf_etran_csum(const void *mem, __u32 mem__sz, __u32 seed) __ksym;

#endif /* __ETRAN_KFUNCS_BPF_H */
