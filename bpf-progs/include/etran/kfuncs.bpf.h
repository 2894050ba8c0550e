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
 * bpf_etran_hold - keep the packet of egress in a bucket of a PKT_QUEUE
 * @pkt: context of egress
 * @p__map: map of type BPF_MAP_TYPE_PKT_QUEUE
 * @bucket: index below the map's max_entries
 * @priv: 32 bytes that are copied and come back as held->priv
 * Callable from: E, lock; once per packet; egress must then return ETRAN_HOLD.
 * The packet can be dequeued only after egress has returned; a dequeue in
 * between finds it not there, and publishing it arms timer @bucket again.
 * Return: 0, -ENOSPC bucket or map full, -EINVAL, -EALREADY held before.
 */
extern int bpf_etran_hold(struct etran_pkt *pkt, void *p__map, __u32 bucket,
			  const struct etran_priv *priv) __ksym;

/**
 * bpf_etran_dequeue - take the first packet out of a bucket
 * Callable from: T, lock.
 * Return: a reference, or NULL when the bucket is empty, the packet's egress
 * has not returned yet, or the packet's socket is going away.
 */
extern struct etran_held *bpf_etran_dequeue(void *p__map, __u32 bucket) __ksym;

/**
 * bpf_etran_requeue - put a dequeued packet back, to the front of a bucket
 * Callable from: T, lock. Releases @held. Cannot fail: a bucket's limit does
 * not apply to a packet that was in the map before.
 */
extern void bpf_etran_requeue(struct etran_held *held, void *p__map,
			      __u32 bucket) __ksym;

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
 * @id: below ops->nr_timers
 * @delay_ns: 0: in this CPU's softirq as soon as possible (SOFTIRQ mode);
 *	otherwise not before that many nanoseconds from now. Arming an armed
 *	timer keeps the earlier due time.
 * Callable from: I, E, G, T, S, lock.
 * Return: 0, -EINVAL, -ENOENT no live instance.
 */
extern int bpf_etran_timer_arm(__u32 id, __u64 delay_ns) __ksym;

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
 * bpf_etran_csum - Internet checksum over any memory of the program
 * Callable from: everywhere, lock.
 * Return: unfolded 32-bit partial sum.
 */
extern __u32 bpf_etran_csum(const void *mem, __u32 mem__sz, __u32 seed) __ksym;

#endif /* __ETRAN_KFUNCS_BPF_H */
