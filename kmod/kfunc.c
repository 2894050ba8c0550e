// SPDX-License-Identifier: GPL-2.0-only
/*
 * The kfuncs. What each does and from where it may be called is written for
 * BPF authors in bpf-progs/lib/kfuncs.bpf.h; kfunc-table.h enforces
 * the latter. Bodies only check and call the noun's file.
 *
 * All are callable while a bpf_spin_lock is held: at most one raw lock, no
 * transmission, no wake-up of a driver, no BPF.
 */
#include <linux/bpf.h>
#include <linux/bpf_verifier.h>
#include <linux/btf.h>
#include <linux/btf_ids.h>
#include <net/checksum.h>
#include <net/netdev_rx_queue.h>

#include "exit.h"
#include "gen.h"
#include "kfunc.h"
#include "kick.h"
#include "meta.h"
#include "pktq.h"
#include "pool.h"
#include "struct_ops.h"
#include "timer.h"
#include "trace.h"
#include "transport.h"
#include "tx.h"

/* Packets that one bpf_etran_drain() drops. */
#define ETRAN_DRAIN_MAX		64U

static struct etran_tx *tx_of(struct etran_pkt *pkt)
{
	return container_of(pkt, struct etran_tx, pkt);
}

static struct etran_frame *frame_of(struct etran_held *held)
{
	return container_of(held, struct etran_frame, held);
}

static u8 *range(u8 *data, u32 len, u32 offset, u32 size)
{
	return offset <= len && size <= len - offset ? data + offset : NULL;
}

static u32 csum(u8 *data, u32 len, u32 offset, u32 size, u32 seed)
{
	data = range(data, len, offset, size);
	return data ? (__force u32)csum_partial(data, size, (__force __wsum)seed) : seed;
}

static struct etran_transport *live(struct bpf_prog_aux *aux)
{
	struct etran_transport_ops *ops = bpf_prog_get_assoc_struct_ops(aux);

	return ops ? etran_transport_live(ops) : NULL;
}

/* Have the wheel's timer run when its first packet is due. */
static void wheel_arm(struct etran_transport *tr, const struct etran_bucket *b,
		      u64 due, u64 now)
{
	if (tr)
		etran_timer_arm(tr, READ_ONCE(b->id), due > now ? due - now : 0);
}

static int hold(struct etran_tx *tx, struct etran_bucket *b,
		const struct etran_priv *priv, struct etran_place *p)
{
	int err;

	if (!b)
		return -EINVAL;
	if (tx->held)
		return -EALREADY;
	etran_tx_egress_held(tx);
	err = etran_frame_hold(tx->frame, b, priv, p);
	tx->held = !err;
	if (trace_etran_hold_enabled() && !err)
		etran_trace_hold(tx, b);
	return err;
}

static struct etran_held *take(struct etran_bucket *b, struct etran_frame *f)
{
	WRITE_ONCE(b->moved, jiffies);
	etran_pool_take(f);
	if (trace_etran_dequeue_enabled())
		etran_trace_dequeue(f, b);
	return &f->held;
}

/* A bucket that does not exist, or a socket on its way out: it is dropped. */
static bool requeue(struct etran_held *held, struct etran_bucket *b,
		    struct etran_place *p)
{
	struct etran_frame *f = frame_of(held);

	etran_pool_put_back(f);
	WRITE_ONCE(f->held_at, jiffies);
	if (b && etran_frame_requeue(f, b, p))
		return true;
	etran_pool_release(f, true);
	return false;
}

static struct etran_bucket *fifo(void *map, u32 idx)
{
	struct etran_bucket *b = etran_pktq_bucket(map, idx);

	return b && !b->wheel ? b : NULL;
}

__bpf_kfunc_start_defs();

__bpf_kfunc u8 *bpf_etran_pkt_data(struct etran_pkt *pkt, u32 offset,
				   const u32 rdwr_buf_size)
{
	return range(tx_of(pkt)->data, pkt->len, offset, rdwr_buf_size);
}

__bpf_kfunc u32 bpf_etran_pkt_csum(struct etran_pkt *pkt, u32 offset, u32 len, u32 seed)
{
	return csum(tx_of(pkt)->data, pkt->len, offset, len, seed);
}

__bpf_kfunc int bpf_etran_pkt_csum_fill(struct etran_pkt *pkt, u32 csum_start,
					u32 csum_offset)
{
	struct etran_tx *tx = tx_of(pkt);

	return etran_meta_csum(tx->frame, tx->data, pkt->len, csum_start, csum_offset);
}

__bpf_kfunc int bpf_etran_pkt_tx_timestamp(struct etran_pkt *pkt, u64 *ns)
{
	return etran_meta_tx_time(tx_of(pkt)->ep, ns);
}

__bpf_kfunc int bpf_etran_hold(struct etran_pkt *pkt, void *p__map, u32 bucket,
			       const struct etran_priv *priv)
{
	struct etran_place p = {};

	return hold(tx_of(pkt), fifo(p__map, bucket), priv, &p);
}

__bpf_kfunc int bpf_etran_hold_front(struct etran_pkt *pkt, void *p__map, u32 bucket,
				     const struct etran_priv *priv)
{
	struct etran_place p = { .front = true };

	return hold(tx_of(pkt), fifo(p__map, bucket), priv, &p);
}

__bpf_kfunc int bpf_etran_hold_until(struct etran_pkt *pkt, void *p__map, u64 when_ns,
				     const struct etran_priv *priv, u32 timer)
{
	struct etran_place p = { .when = when_ns, .now = ktime_get_ns() };
	struct etran_bucket *b = etran_pktq_wheel(p__map);
	struct etran_transport *tr = tx_of(pkt)->tr;
	int err;

	if (b && timer >= etran_timer_nr(tr))
		return -EINVAL;
	if (b && READ_ONCE(b->id) != timer)
		WRITE_ONCE(b->id, timer);
	err = hold(tx_of(pkt), b, priv, &p);
	if (err)
		return err;
	if (p.first)
		wheel_arm(tr, b, p.due, p.now);
	return p.early;
}

__bpf_kfunc struct etran_held *bpf_etran_dequeue(void *p__map, u32 bucket)
{
	struct etran_bucket *b = etran_pktq_bucket(p__map, bucket);
	struct etran_frame *f;
	u64 next;

	f = b ? etran_frame_dequeue(b, ETRAN_WHEEL_NEVER, &next) : NULL;
	if (!f)
		return NULL;
	return take(b, f);
}

__bpf_kfunc struct etran_held *bpf_etran_dequeue_due(void *p__map,
						     struct bpf_prog_aux *aux)
{
	struct etran_bucket *b = etran_pktq_wheel(p__map);
	u64 next = ETRAN_WHEEL_NEVER, now = ktime_get_ns();
	struct etran_frame *f;

	f = b ? etran_frame_dequeue(b, now, &next) : NULL;
	if (f)
		return take(b, f);
	if (next != ETRAN_WHEEL_NEVER)
		wheel_arm(live(aux), b, next, now);
	return NULL;
}

__bpf_kfunc int bpf_etran_peek(void *p__map, u32 bucket, struct etran_peeked *out)
{
	struct etran_bucket *b = etran_pktq_bucket(p__map, bucket);
	struct etran_held held;
	int err;

	static_assert(offsetof(struct etran_held, opaque) == sizeof(*out));
	err = b ? etran_frame_peek(b, &held) : -EINVAL;
	if (!err)
		memcpy(out, &held, sizeof(*out));
	return err;
}

__bpf_kfunc u64 bpf_etran_next_due(void *p__map, u32 bucket)
{
	struct etran_bucket *b = etran_pktq_bucket(p__map, bucket);

	return b ? etran_frame_next(b) : ETRAN_WHEEL_NEVER;
}

__bpf_kfunc u32 bpf_etran_depth(void *p__map, u32 bucket)
{
	struct etran_bucket *b = etran_pktq_bucket(p__map, bucket);

	return b ? READ_ONCE(b->depth) : 0;
}

__bpf_kfunc u32 bpf_etran_drain(void *p__map, u32 bucket, u32 max)
{
	struct etran_bucket *b = etran_pktq_bucket(p__map, bucket);
	struct etran_frame *f;
	u32 n = 0;
	u64 next;

	while (b && n < min(max, ETRAN_DRAIN_MAX)) {
		f = etran_frame_dequeue(b, ETRAN_WHEEL_NEVER, &next);
		if (!f)
			break;
		WRITE_ONCE(b->moved, jiffies);
		etran_pool_release(f, true);
		n++;
	}
	return n;
}

__bpf_kfunc void bpf_etran_requeue(struct etran_held *held, void *p__map, u32 bucket)
{
	struct etran_place p = { .front = true, .now = ktime_get_ns() };

	requeue(held, etran_pktq_bucket(p__map, bucket), &p);
}

__bpf_kfunc void bpf_etran_requeue_tail(struct etran_held *held, void *p__map, u32 bucket)
{
	struct etran_place p = { };

	requeue(held, fifo(p__map, bucket), &p);
}

__bpf_kfunc void bpf_etran_requeue_until(struct etran_held *held, void *p__map,
					 u64 when_ns, struct bpf_prog_aux *aux)
{
	struct etran_place p = { .when = when_ns, .now = ktime_get_ns() };
	struct etran_bucket *b = etran_pktq_wheel(p__map);

	if (requeue(held, b, &p) && p.first)
		wheel_arm(live(aux), b, p.due, p.now);
}

__bpf_kfunc void bpf_etran_send(struct etran_held *held)
{
	etran_pool_release(frame_of(held), false);
}

__bpf_kfunc void bpf_etran_drop(struct etran_held *held)
{
	etran_pool_release(frame_of(held), true);
}

__bpf_kfunc u8 *bpf_etran_held_data(struct etran_held *held, u32 offset,
				    const u32 rdwr_buf_size)
{
	return range(etran_pool_data(frame_of(held)), held->len, offset, rdwr_buf_size);
}

__bpf_kfunc u32 bpf_etran_held_csum(struct etran_held *held, u32 offset, u32 len,
				    u32 seed)
{
	return csum(etran_pool_data(frame_of(held)), held->len, offset, len, seed);
}

__bpf_kfunc int bpf_etran_held_csum_fill(struct etran_held *held, u32 csum_start,
					 u32 csum_offset)
{
	struct etran_frame *f = frame_of(held);

	return etran_meta_csum(f, etran_pool_data(f), held->len, csum_start, csum_offset);
}

__bpf_kfunc int bpf_etran_held_tx_timestamp(struct etran_held *held, u64 *ns)
{
	return etran_meta_tx_time(container_of(frame_of(held)->frames,
					       struct etran_pool, fs), ns);
}

__bpf_kfunc int bpf_etran_gen_request(u64 cookie, u32 ifindex, struct bpf_prog_aux *aux)
{
	struct etran_transport *tr;
	int err = -ENOENT;

	rcu_read_lock();
	tr = live(aux);
	if (tr)
		err = etran_gen_request(tr, cookie, ifindex);
	rcu_read_unlock();
	return err;
}

__bpf_kfunc u8 *bpf_etran_gen_data(struct etran_gen *gen, u32 offset,
				   const u32 rdwr_buf_size)
{
	struct etran_gen_ctx *ctx = container_of(gen, struct etran_gen_ctx, gen);

	return range(ctx->data, ETRAN_GEN_FRAME_LEN, offset, rdwr_buf_size);
}

__bpf_kfunc int bpf_etran_timer_arm(u32 id, u64 delay_ns, struct bpf_prog_aux *aux)
{
	struct etran_transport *tr;
	int err = -ENOENT;

	rcu_read_lock();
	tr = live(aux);
	if (tr)
		err = etran_timer_arm(tr, id, delay_ns);
	rcu_read_unlock();
	return err;
}

__bpf_kfunc int bpf_etran_timer_cancel(u32 id, struct bpf_prog_aux *aux)
{
	struct etran_transport *tr;
	int err = -ENOENT;

	rcu_read_lock();
	tr = live(aux);
	if (tr)
		err = etran_timer_disarm(tr, id);
	rcu_read_unlock();
	return err;
}

__bpf_kfunc int bpf_etran_exit(s32 code, const char *msg__str, struct bpf_prog_aux *aux)
{
	struct etran_transport *tr;

	rcu_read_lock();
	tr = live(aux);
	if (tr)
		etran_exit(tr, code ? ETRAN_EXIT_KIND_ERROR_BPF : ETRAN_EXIT_KIND_BPF,
			   code, "%s", msg__str);
	rcu_read_unlock();
	return tr ? 0 : -ENOENT;
}

__bpf_kfunc int bpf_etran_dump_text(struct etran_dump *dump, const char *text,
				    u32 text__sz)
{
	return etran_exit_dump_text(container_of(dump, struct etran_dump_buf, ctx),
				    text, strnlen(text, text__sz));
}

__bpf_kfunc int bpf_etran_rx_ready(struct xdp_md *ctx, void *xsks__map, u32 key)
{
	struct xdp_buff *xdp = (struct xdp_buff *)ctx;
	struct bpf_map *map = xsks__map;
	u32 queue = xdp->rxq->queue_index;
	struct xdp_sock *xs;
	bool generic;

	if (map->map_type != BPF_MAP_TYPE_XSKMAP)
		return -EINVAL;
	if (key >= map->max_entries)
		return -ENOENT;
	xs = rcu_dereference_check(container_of(map, struct xsk_map, map)->xsk_map[key],
				   rcu_read_lock_bh_held());
	if (!xs)
		return -ENOENT;
	/*
	 * A driver's queue has one producer, its NAPI. Generic XDP, known by the
	 * device's own rxq, has any CPU, and each may be between this answer and
	 * its delivery.
	 */
	generic = xdp->rxq == &xdp->rxq->dev->_rx[queue].xdp_rxq;
	return xsk_hook_rx_ready(xs, xdp, generic ? num_online_cpus() : 1);
}

__bpf_kfunc u32 bpf_etran_rx_csum(struct xdp_md *ctx, u32 offset, u32 len, u32 seed)
{
	struct xdp_buff *xdp = (struct xdp_buff *)ctx;

	return csum(xdp->data, xdp->data_end - xdp->data, offset, len, seed);
}

__bpf_kfunc int bpf_etran_rx_timestamp(struct xdp_md *ctx, u64 *ns)
{
	return etran_meta_rx_time((struct xdp_buff *)ctx, ns);
}

__bpf_kfunc u32 bpf_etran_csum(const void *mem, u32 mem__sz, u32 seed)
{
	return (__force u32)csum_partial(mem, mem__sz, (__force __wsum)seed);
}

__bpf_kfunc_end_defs();

/* Which struct_ops programs may call a kfunc. */
#define KF_E	BIT(0)
#define KF_G	BIT(1)
#define KF_T	BIT(2)
#define KF_D	BIT(3)
#define KF_L	BIT(4)

#define KFUNC_ID(name, flags) BTF_ID_FLAGS(func, name, KF_SPINLOCK_SAFE | (flags))

BTF_KFUNCS_START(kfuncs_struct_ops)
#define KFUNC(name, flags, ...) KFUNC_ID(name, flags)
#define KFUNC_ANY(name, flags, ...) KFUNC_ID(name, flags)
#define KFUNC_XDP(...)
#include "kfunc-table.h"
BTF_KFUNCS_END(kfuncs_struct_ops)

BTF_KFUNCS_START(kfuncs_xdp)
#define KFUNC(...)
#define KFUNC_ANY(name, flags, ...) KFUNC_ID(name, flags)
#define KFUNC_XDP(name, flags, ...) BTF_ID_FLAGS(func, name, flags)
#include "kfunc-table.h"
BTF_KFUNCS_END(kfuncs_xdp)

BTF_KFUNCS_START(kfuncs_syscall)
#define KFUNC(...)
#define KFUNC_ANY(name, flags, ...) KFUNC_ID(name, flags)
#define KFUNC_XDP(...)
#include "kfunc-table.h"
BTF_KFUNCS_END(kfuncs_syscall)

BTF_ID_LIST(kfunc_ids)
#define KFUNC(name, ...) BTF_ID(func, name)
#define KFUNC_ANY(name, ...) BTF_ID(func, name)
#define KFUNC_XDP(name, ...) BTF_ID(func, name)
#include "kfunc-table.h"

static const struct {
	const char *name;
	u32 flags;
	u32 callers;
} kfuncs[] = {
#define KFUNC(name, ...) { #name, __VA_ARGS__ },
#define KFUNC_ANY(name, ...) { #name, __VA_ARGS__ },
#define KFUNC_XDP(name, ...) { #name, __VA_ARGS__ },
#include "kfunc-table.h"
};

BTF_ID_LIST_SINGLE(ops_btf_id, struct, etran_transport_ops)

static u32 kfunc_caller(const struct bpf_prog *prog)
{
	switch (prog->aux->attach_st_ops_member_off) {
	case offsetof(struct etran_transport_ops, egress):
		return KF_E;
	case offsetof(struct etran_transport_ops, gen):
		return KF_G;
	case offsetof(struct etran_transport_ops, timer):
		return KF_T;
	case offsetof(struct etran_transport_ops, dump):
		return KF_D;
	default:
		return KF_L;
	}
}

/*
 * A module out of tree carries a distilled base of its type information, and
 * all its ids move by one distance when it is loaded. The core moves its own
 * copy of a set; ours say what the linker saw. The type that the program is
 * for tells the distance.
 */
static int kfunc_filter(const struct bpf_prog *prog, u32 id)
{
	u32 i;

	if (prog->aux->st_ops != &etran_struct_ops)
		return -EACCES;
	id -= prog->aux->attach_btf_id - ops_btf_id[0];
	for (i = 0; i < ARRAY_SIZE(kfuncs); i++)
		if (kfunc_ids[i] == id)
			return kfuncs[i].callers & kfunc_caller(prog) ? 0 : -EACCES;
	return -EACCES;
}

static const struct btf_kfunc_id_set struct_ops_set = {
	.owner	= THIS_MODULE,
	.set	= &kfuncs_struct_ops,
	.filter	= kfunc_filter,
};

static const struct btf_kfunc_id_set xdp_set = {
	.owner	= THIS_MODULE,
	.set	= &kfuncs_xdp,
};

static const struct btf_kfunc_id_set syscall_set = {
	.owner	= THIS_MODULE,
	.set	= &kfuncs_syscall,
};

/**
 * etran_kfunc_init - tell the verifier
 * Return: 0 or errno.
 */
int etran_kfunc_init(void)
{
	int err;

	err = register_btf_kfunc_id_set(BPF_PROG_TYPE_STRUCT_OPS, &struct_ops_set);
	err = err ?: register_btf_kfunc_id_set(BPF_PROG_TYPE_XDP, &xdp_set);
	err = err ?: register_btf_kfunc_id_set(BPF_PROG_TYPE_SYSCALL, &syscall_set);
	return err;
}
