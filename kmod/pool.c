// SPDX-License-Identifier: GPL-2.0-only
/*
 * AF_XDP pools under a transport: opting in, losing the transport, teardown,
 * waking the driver, accounting.
 *
 * etran_mutex protects the list and which transport a pool has. A pool ends in
 * three calls of the core: stop (a socket left, its held packets go back), stop
 * with gone (no driver uses it), free.
 */
#include <linux/delay.h>
#include <linux/file.h>
#include <linux/net.h>
#include <linux/percpu.h>
#include <linux/rtnetlink.h>
#include <net/sock.h>

#include "etran.h"
#include "trace.h"

/* How long a detach waits for the NIC to give dropped packets back. */
#define ETRAN_DRAIN_MS		200

LIST_HEAD(etran_pools);
static atomic64_t pool_leaked = ATOMIC64_INIT(0);
/* Pools that the timer round on this CPU has released packets of. */
static DEFINE_PER_CPU(struct list_head, pool_kicks);
/* Frames that the timer program on this CPU has a reference to. */
static DEFINE_PER_CPU(struct list_head, pool_taken);

static void pool_kick_sync(struct etran_pool *ep)
{
	rcu_read_lock();
	etran_pool_kick(ep);
	rcu_read_unlock();
}

/*
 * A device goes away, or to another namespace: nothing may leave by it any
 * more. The core waits for a grace period before it frees the device, which is
 * why pools need no reference.
 *
 * A device is up again, or has a link again: what was released meanwhile waits
 * in the FIFO, its wake-up went to a driver that was down, and not every driver
 * looks at its rings when it comes up.
 */
static int pool_netdev_event(struct notifier_block *nb, unsigned long event, void *ptr)
{
	struct net_device *dev = netdev_notifier_info_to_dev(ptr);
	struct etran_pool *ep;

	if (event != NETDEV_UNREGISTER && event != NETDEV_UP && event != NETDEV_CHANGE)
		return NOTIFY_DONE;
	mutex_lock(&etran_mutex);
	list_for_each_entry(ep, &etran_pools, list) {
		if (rcu_access_pointer(ep->out) != dev)
			continue;
		if (event == NETDEV_UNREGISTER)
			RCU_INIT_POINTER(ep->out, NULL);
		else if (READ_ONCE(ep->fs.nr_ready))
			pool_kick_sync(ep);
	}
	mutex_unlock(&etran_mutex);
	return NOTIFY_DONE;
}

static struct notifier_block pool_notifier = {
	.notifier_call = pool_netdev_event,
};

/**
 * etran_pool_init - prepare the per-CPU lists, watch devices
 * Return: 0 or errno.
 */
int etran_pool_init(void)
{
	int cpu;

	for_each_possible_cpu(cpu) {
		INIT_LIST_HEAD(per_cpu_ptr(&pool_kicks, cpu));
		INIT_LIST_HEAD(per_cpu_ptr(&pool_taken, cpu));
	}
	return register_netdevice_notifier(&pool_notifier);
}

/**
 * etran_pool_exit - undo etran_pool_init()
 */
void etran_pool_exit(void)
{
	unregister_netdevice_notifier(&pool_notifier);
}

/**
 * etran_pool_kick - make the transmit path run
 * @ep: pool
 *
 * BH disabled or process context, under RCU.
 */
void etran_pool_kick(struct etran_pool *ep)
{
	if (!ep->zc) {
		local_bh_disable();
		etran_skb_flush(ep);
		local_bh_enable();
	} else if (!READ_ONCE(ep->gone)) {
		ep->dev->netdev_ops->ndo_xsk_wakeup(ep->dev, ep->queue, XDP_WAKEUP_TX);
	}
}

/**
 * etran_pool_take - a timer program got a reference
 * @f: frame in TAKEN
 */
void etran_pool_take(struct etran_frame *f)
{
	list_add_tail(&f->node, this_cpu_ptr(&pool_taken));
}

/**
 * etran_pool_put_back - a timer program gave its reference away
 * @f: frame in TAKEN
 */
void etran_pool_put_back(struct etran_frame *f)
{
	list_del_init(&f->node);
}

/**
 * etran_pool_reclaim - a timer program has returned
 *
 * The verifier of 7.3 lets a struct_ops program return with a reference in
 * its return register. Such a packet is dropped.
 *
 * @tr: its transport
 */
void etran_pool_reclaim(struct etran_transport *tr)
{
	struct list_head *taken = this_cpu_ptr(&pool_taken);
	struct etran_frame *f;
	struct etran_pool *ep;

	while (unlikely(!list_empty(taken))) {
		f = list_first_entry(taken, struct etran_frame, node);
		ep = container_of(f->frames, struct etran_pool, fs);
		atomic64_inc(&ep->bad_timer);
		etran_exit_bad(tr, "timer");
		etran_pool_release(f, true);
	}
}

static void pool_kick_later(struct etran_pool *ep)
{
	if (!xchg(&ep->kick, 1))
		list_add_tail(&ep->kick_node, this_cpu_ptr(&pool_kicks));
}

/**
 * etran_pool_release - a timer program gives a packet away
 * @f: frame in TAKEN
 * @drop: back to the tenant, not to the NIC
 *
 * The driver is woken at the end of the round, etran_pool_kick_all().
 */
void etran_pool_release(struct etran_frame *f, bool drop)
{
	struct etran_pool *ep = container_of(f->frames, struct etran_pool, fs);

	etran_pool_put_back(f);
	if (trace_etran_release_enabled())
		etran_trace_release(f, drop);
	etran_frame_release(f, drop);
	pool_kick_later(ep);
}

/**
 * etran_pool_purge - the map that a packet is in goes away
 * @f: frame that is, or was a moment ago, in a bucket of it
 *
 * BH disabled, under RCU; then etran_pool_kick_all().
 */
void etran_pool_purge(struct etran_frame *f)
{
	if (etran_frame_purge(f))
		pool_kick_later(container_of(f->frames, struct etran_pool, fs));
}

/**
 * etran_pool_kick_all - end of a timer round: wake the drivers
 *
 * BH disabled, under RCU.
 */
void etran_pool_kick_all(void)
{
	struct list_head *kicks = this_cpu_ptr(&pool_kicks);
	struct etran_pool *ep;

	while (!list_empty(kicks)) {
		ep = list_first_entry(kicks, struct etran_pool, kick_node);
		list_del_init(&ep->kick_node);
		/* From here on a release on another CPU kicks by itself. */
		xchg(&ep->kick, 0);
		etran_pool_kick(ep);
	}
}

/* What can be in a bucket goes to the release FIFO, to be given back. */
static void pool_purge(struct etran_pool *ep, struct etran_transport *tr)
{
	struct etran_bucket *b;
	u32 i, n = 0;

	for (i = 0; i < ep->fs.nr; i++) {
		u8 state = etran_frame_get(&ep->fs, i);

		if (state != ETRAN_FRAME_PENDING && state != ETRAN_FRAME_HELD)
			continue;
		rcu_read_lock_bh();
		b = etran_frame_purge(&ep->fs.frame[i]);
		/* Others may wait behind it. */
		if (b && tr)
			etran_timer_arm(tr, b->id, 0);
		rcu_read_unlock_bh();
		if (!(++n % 256))
			cond_resched();
	}
}

/**
 * etran_pool_adopt - a transport is attached: pools of its name are its own
 * @tr: transport
 */
void etran_pool_adopt(struct etran_transport *tr)
{
	struct etran_pool *ep;

	lockdep_assert_held(&etran_mutex);
	list_for_each_entry(ep, &etran_pools, list) {
		if (!etran_pool_of(ep, tr) || ep->fs.stopping)
			continue;
		rcu_assign_pointer(ep->tr, tr);
		tr->queues++;
	}
}

/**
 * etran_pool_of - is a pool a transport's, or was it until it was orphaned?
 * @ep: pool
 * @tr: transport
 * Return: true if so.
 */
bool etran_pool_of(const struct etran_pool *ep, const struct etran_transport *tr)
{
	return ep->net == tr->net && !strcmp(ep->name, tr->ops->name);
}

/**
 * etran_pool_orphan - a transport is dead: take its pools away
 * @tr: transport
 *
 * Waits until none of its programs runs.
 */
void etran_pool_orphan(struct etran_transport *tr)
{
	struct etran_pool *ep;

	lockdep_assert_held(&etran_mutex);
	list_for_each_entry(ep, &etran_pools, list)
		if (rcu_access_pointer(ep->tr) == tr)
			RCU_INIT_POINTER(ep->tr, NULL);
	synchronize_rcu();
}

/**
 * etran_pool_drain - give back what a transport held
 * @tr: transport, orphaned
 *
 * Tenants that do not empty their completion rings are waited for ETRAN_DRAIN_MS,
 * all of them together.
 */
void etran_pool_drain(struct etran_transport *tr)
{
	u64 end = ktime_get_ns() + ETRAN_DRAIN_MS * NSEC_PER_MSEC;
	struct etran_pool *ep;

	lockdep_assert_held(&etran_mutex);
	list_for_each_entry(ep, &etran_pools, list) {
		if (!etran_pool_of(ep, tr))
			continue;
		pool_purge(ep, NULL);
		pool_kick_sync(ep);
	}
	list_for_each_entry(ep, &etran_pools, list)
		while (etran_pool_of(ep, tr) && READ_ONCE(ep->fs.nr_ready) &&
		       ktime_get_ns() < end)
			usleep_range(1000, 1500);
}

static void pool_destroy(struct etran_pool *ep)
{
	kvfree(ep->fs.frame);
	kvfree(ep->fs.state);
	kvfree(ep->fs.cq);
	kfree(ep);
}

static struct etran_pool *pool_alloc(struct xdp_sock *xs, struct net_device *out,
				     u32 shadow)
{
	struct xsk_buff_pool *xp = xs->pool;
	u32 nr = xp->heads_cnt - shadow, size, reserved, published;
	struct etran_pool *ep;

	ep = kzalloc_obj(*ep, GFP_KERNEL_ACCOUNT);
	if (!ep)
		return NULL;
	size = etran_cq_state(xp, &reserved, &published);
	ep->fs.frame = kvcalloc(nr, sizeof(*ep->fs.frame), GFP_KERNEL_ACCOUNT);
	ep->fs.state = kvzalloc(nr, GFP_KERNEL_ACCOUNT);
	ep->fs.cq = kvcalloc(size, sizeof(*ep->fs.cq), GFP_KERNEL_ACCOUNT);
	if (!ep->fs.frame || !ep->fs.state || !ep->fs.cq) {
		pool_destroy(ep);
		return NULL;
	}
	etran_frames_init(&ep->fs, nr, size);
	INIT_LIST_HEAD(&ep->kick_node);
	etran_skb_init(ep);
	ep->xp = xp;
	ep->dev = xs->dev;
	ep->ifindex = xs->dev->ifindex;
	RCU_INIT_POINTER(ep->out, out);
	ep->out_ifindex = out->ifindex;
	ep->queue = xs->queue_id;
	ep->umem_id = xs->umem->id;
	ep->zc = xs->zc;
	ep->shadow = (u64)shadow << xp->chunk_shift;
	ep->first_tx = nr - shadow;
	ep->net = sock_net(&xs->sk);
	ep->net_cookie = ep->net->net_cookie;
	return ep;
}

/*
 * Two queues on one shadow, by turns or at once, could change each other's
 * packets, and a queue that is there already was not told to keep out of it.
 */
static int pool_check_shadow(struct xdp_sock *xs, u32 shadow, const char **why)
{
	struct xdp_umem *umem = xs->umem;

	if (!xs->zc) {
		*why = "copy mode is strict without a shadow";
		return -EINVAL;
	}
	if (shadow > umem->chunks / 2) {
		*why = "the shadow is more than half of the UMEM";
		return -EINVAL;
	}
	/* Each socket has a reference, which the last one of a pool leaves to it. */
	if (refcount_read(&umem->users) != refcount_read(&xs->pool->users)) {
		*why = "another queue shares the UMEM";
		return -EBUSY;
	}
	if (umem->size != (u64)umem->chunks << xs->pool->chunk_shift) {
		*why = "the UMEM has a shadow already";
		return -EBUSY;
	}
	return 0;
}

/*
 * From now on the core refuses what is in the shadow, in this pool and in those
 * that will share the UMEM. Who took a descriptor before is done with it when
 * this returns; what the fill ring gave before is the caller's affair.
 */
static void pool_hide_shadow(struct etran_pool *ep)
{
	struct xsk_buff_pool *xp = ep->xp;

	xp->umem->size -= ep->shadow;
	WRITE_ONCE(xp->addrs_cnt, xp->umem->size);
	synchronize_net();
}

static int pool_check(struct xdp_sock *xs, const struct net_device *out, const char **why)
{
	if (xs->pool->etran) {
		*why = "the socket is under a transport already";
		return -EBUSY;
	}
	if (xs->pool->unaligned) {
		*why = "unaligned chunks are not supported";
		return -EOPNOTSUPP;
	}
	if (xs->sg) {
		*why = "multi-buffer packets are not supported";
		return -EOPNOTSUPP;
	}
	if (!xs->zc && sk_wmem_alloc_get(&xs->sk)) {
		*why = "the socket has packets in flight";
		return -EBUSY;
	}
	if (xs->zc && out != xs->dev) {
		*why = "zero copy leaves by the socket's own device";
		return -EOPNOTSUPP;
	}
	if (out->type != xs->dev->type) {
		*why = "the outgoing device has other link-layer headers";
		return -EINVAL;
	}
	return 0;
}

static int pool_bind(struct xdp_sock *xs, struct etran_bind *req, struct etran_pool **res)
{
	struct etran_transport *tr;
	struct net_device *out;
	struct etran_pool *ep;
	int err;

	ASSERT_RTNL();
	if (READ_ONCE(xs->state) != XSK_BOUND) {
		req->why = "the socket is not bound to a device";
		return -EINVAL;
	}
	out = xs->dev;
	if (req->out_ifindex)
		out = __dev_get_by_index(sock_net(&xs->sk), req->out_ifindex);
	if (!out) {
		req->why = "no such outgoing device";
		return -ENODEV;
	}
	err = pool_check(xs, out, &req->why);
	if (!err && req->shadow)
		err = pool_check_shadow(xs, req->shadow, &req->why);
	if (err)
		return err;
	ep = pool_alloc(xs, out, req->shadow);
	if (!ep)
		return -ENOMEM;

	mutex_lock(&etran_mutex);
	tr = etran_transport_find(ep->net, req->name);
	if (!tr) {
		mutex_unlock(&etran_mutex);
		pool_destroy(ep);
		req->why = "no such transport";
		return -ENOENT;
	}
	strscpy(ep->name, req->name);
	ep->tenant = req->tenant;
	tr->queues++;
	RCU_INIT_POINTER(ep->tr, tr);
	list_add_tail(&ep->list, &etran_pools);
	mutex_unlock(&etran_mutex);

	if (ep->shadow)
		pool_hide_shadow(ep);
	/* Dropped by the core after etran_pool_free(). */
	__module_get(THIS_MODULE);
	static_branch_inc(&etran_key);
	/* Whoever sees it in the transmit path sees all of it. */
	smp_store_release(&xs->pool->etran, ep);
	trace_etran_bind(ep);
	*res = ep;
	return 0;
}

/**
 * etran_pool_bind - put a socket's pool under a transport
 * @net: network namespace of the request
 * @req: what it asks for
 * @res: the pool; valid as long as the socket
 * Return: 0 or errno.
 */
int etran_pool_bind(struct net *net, struct etran_bind *req, struct etran_pool **res)
{
	struct socket *sock;
	struct xdp_sock *xs;
	int err;

	sock = sockfd_lookup(req->fd, &err);
	if (!sock) {
		req->why = "no such socket";
		return err;
	}
	if (sock->sk->sk_family != PF_XDP || !net_eq(sock_net(sock->sk), net)) {
		req->why = "not an AF_XDP socket of this network namespace";
		err = sock->sk->sk_family != PF_XDP ? -ENOTSOCK : -ENOENT;
		goto out;
	}
	xs = (struct xdp_sock *)sock->sk;
	/* So that the outgoing device cannot go before the notifier knows of it. */
	rtnl_lock();
	mutex_lock(&xs->mutex);
	err = pool_bind(xs, req, res);
	mutex_unlock(&xs->mutex);
	rtnl_unlock();
out:
	sockfd_put(sock);
	return err;
}

static void pool_drain_gone(struct etran_pool *ep)
{
	WRITE_ONCE(ep->gone, true);
	synchronize_net();
	/* Not before: who had not seen it yet could start it again. */
	hrtimer_cancel(&ep->retry);
	if (ep->zc) {
		/* As in the driver: a timer's release takes frames->lock in softirq. */
		local_bh_disable();
		etran_tx_drain(ep);
		local_bh_enable();
		return;
	}
	while (READ_ONCE(ep->fs.nr_ready)) {
		pool_kick_sync(ep);
		cond_resched();
	}
}

/**
 * etran_pool_stop - a socket left the pool (hook)
 * @xp: pool
 * @gone: and no driver uses it any more
 */
void etran_pool_stop(struct xsk_buff_pool *xp, bool gone)
{
	struct etran_pool *ep = xp->etran;
	struct etran_transport *tr;

	if (!gone && !list_empty(&xp->xsk_tx_list))
		return;

	mutex_lock(&etran_mutex);
	if (!ep->fs.stopping) {
		WRITE_ONCE(ep->fs.stopping, true);
		/* Programs that have not seen it have put down what they took. */
		synchronize_net();
		tr = rcu_dereference_protected(ep->tr, lockdep_is_held(&etran_mutex));
		if (tr)
			tr->queues--;
		pool_purge(ep, tr);
		pool_kick_sync(ep);
		etran_netlink_queue_gone(ep);
	}
	if (gone && !ep->gone)
		pool_drain_gone(ep);
	mutex_unlock(&etran_mutex);
}

/* Independent of each other: what came, what went, and what each frame says. */
static s64 pool_leak(struct etran_pool *ep)
{
	struct etran_counters sum = {};

	etran_pool_count(ep, &sum);
	return (s64)(sum.peeked - sum.completed - sum.holding - sum.in_nic);
}

/**
 * etran_pool_count - add a pool's counters
 * @ep: pool
 * @sum: sum
 */
void etran_pool_count(struct etran_pool *ep, struct etran_counters *sum)
{
	u32 nr[ETRAN_FRAME_STATES] = {}, i;

	for (i = 0; i < ep->fs.nr; i++)
		nr[etran_frame_get(&ep->fs, i)]++;

	sum->completed += READ_ONCE(ep->cnt.completed) + READ_ONCE(ep->returned);
	sum->peeked += READ_ONCE(ep->cnt.peeked);
	sum->sent += READ_ONCE(ep->cnt.sent);
	sum->held += READ_ONCE(ep->cnt.held);
	sum->dropped += READ_ONCE(ep->cnt.dropped) + READ_ONCE(ep->fs.timer_drops);
	sum->bad_verdict += READ_ONCE(ep->cnt.bad_verdict) +
			    atomic64_read(&ep->bad_timer);
	sum->busy_chunk += READ_ONCE(ep->cnt.busy_chunk);
	sum->cq_full += READ_ONCE(ep->cnt.cq_full);
	sum->holding += nr[ETRAN_FRAME_PENDING] + nr[ETRAN_FRAME_HELD] +
			nr[ETRAN_FRAME_TAKEN] + nr[ETRAN_FRAME_READY];
	sum->in_nic += ep->zc ? READ_ONCE(ep->fs.cq_reserved) - READ_ONCE(ep->fs.cq_published) :
			nr[ETRAN_FRAME_NIC];
}

/**
 * etran_pool_free - last call for a pool (hook)
 * @xp: pool
 */
void etran_pool_free(struct xsk_buff_pool *xp)
{
	struct etran_pool *ep = xp->etran;
	struct etran_transport *tr;
	s64 lost;

	mutex_lock(&etran_mutex);
	trace_etran_unbind(ep);
	lost = ep->cnt.peeked - ep->cnt.completed - ep->returned;
	if (lost) {
		atomic64_add(abs(lost), &pool_leaked);
		pr_warn("%s queue %u: %lld frames were not given back\n",
			ep->name, ep->queue, lost);
	}
	tr = rcu_dereference_protected(ep->tr, lockdep_is_held(&etran_mutex));
	if (tr) {
		etran_pool_count(ep, &tr->past);
		/* What these two say is of now, not of all times. */
		tr->past.holding = 0;
		tr->past.in_nic = 0;
	}
	list_del(&ep->list);
	mutex_unlock(&etran_mutex);

	WRITE_ONCE(xp->etran, NULL);
	synchronize_rcu();
	pool_destroy(ep);
}

/**
 * etran_pool_leaked - frames that nobody can account for
 *
 * A pool in motion is looked at again: its counters change while they are
 * read.
 *
 * Return: number of frames.
 */
u64 etran_pool_leaked(void)
{
	u64 leaked = atomic64_read(&pool_leaked);
	struct etran_pool *ep;
	s64 lost;
	int i;

	mutex_lock(&etran_mutex);
	list_for_each_entry(ep, &etran_pools, list) {
		lost = pool_leak(ep);
		for (i = 0; lost && i < 50; i++) {
			usleep_range(1000, 2000);
			lost = pool_leak(ep);
		}
		leaked += abs(lost);
	}
	mutex_unlock(&etran_mutex);
	return leaked;
}
