// SPDX-License-Identifier: GPL-2.0-only
/*
 * AF_XDP pools under a transport: opting in, losing the transport, teardown.
 *
 * etran_mutex protects the list and which transport a pool has. A pool ends in
 * three calls of the core: stop (a socket left, its held packets go back), stop
 * with gone (no driver uses it), free.
 */
#include <linux/delay.h>
#include <linux/file.h>
#include <linux/net.h>
#include <linux/rtnetlink.h>
#include <net/sock.h>

#include "kick.h"
#include "netlink.h"
#include "pool.h"
#include "skb.h"
#include "timer.h"
#include "trace.h"
#include "transport.h"
#include "tx.h"

/* How long a detach waits for the NIC to give dropped packets back. */
#define ETRAN_DRAIN_MS		200

LIST_HEAD(etran_pools);

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
		etran_pool_kick_sync(ep);
	}
	list_for_each_entry(ep, &etran_pools, list)
		while (etran_pool_of(ep, tr) && READ_ONCE(ep->fs.ready.nr) &&
		       ktime_get_ns() < end)
			usleep_range(1000, 1500);
}

static void pool_destroy(struct etran_pool *ep)
{
	kvfree(ep->fs.frame);
	kvfree(ep->fs.chunk);
	kfree(ep);
}

static struct etran_pool *pool_alloc(struct xdp_sock *xs, struct net_device *out,
				     u32 shadow)
{
	struct xsk_buff_pool *xp = xs->pool;
	u32 nr = xp->heads_cnt - shadow;
	struct etran_pool *ep;

	ep = kzalloc_obj(*ep, GFP_KERNEL_ACCOUNT);
	if (!ep)
		return NULL;
	ep->fs.frame = kvcalloc(nr, sizeof(*ep->fs.frame), GFP_KERNEL_ACCOUNT);
	ep->fs.chunk = kvcalloc(nr, sizeof(*ep->fs.chunk), GFP_KERNEL_ACCOUNT);
	if (!ep->fs.frame || !ep->fs.chunk) {
		pool_destroy(ep);
		return NULL;
	}
	etran_frames_init(&ep->fs, nr, xp->chunk_shift);
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

static const char pool_sent_before[] = "the socket has sent packets already";

static int pool_check(struct xdp_sock *xs, const struct net_device *out, const char **why)
{
	struct xsk_hook_cq cq;

	if (xs->pool->hook_data) {
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
	xsk_hook_cq_map(xs->pool, &cq);
	if (xs->zc ? cq.reserved : sk_wmem_alloc_get(&xs->sk)) {
		*why = pool_sent_before;
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

/*
 * The completion ring becomes ours if nothing ever went through it: then nothing is
 * in flight, and no index that user space can write has to be believed.
 */
static bool pool_start(struct etran_pool *ep)
{
	struct xsk_hook_cq cq;

	if (ep->zc) {
		/* Who was in the transmit path before there were hooks has left it. */
		synchronize_net();
		xsk_hook_cq_map(ep->xp, &cq);
		if (cq.reserved)
			return false;
		ep->fs.cq.desc = cq.desc;
		ep->fs.cq.producer = cq.producer;
		ep->fs.cq.consumer = cq.consumer;
		ep->fs.cq.size = cq.size;
		if (ep->shadow)
			pool_hide_shadow(ep);
	}
	/* Whoever sees it in the transmit path sees the ring. */
	smp_store_release(&ep->started, true);
	etran_pool_kick_sync(ep);
	return true;
}

/* Undo pool_bind() of a pool that has not been started. */
static void pool_unbind(struct etran_pool *ep)
{
	struct etran_transport *tr;

	mutex_lock(&etran_mutex);
	tr = rcu_dereference_protected(ep->tr, lockdep_is_held(&etran_mutex));
	if (tr)
		tr->queues--;
	list_del(&ep->list);
	mutex_unlock(&etran_mutex);
	WRITE_ONCE(ep->xp->hook_data, NULL);
	synchronize_net();
	static_branch_dec(&xsk_hook_key);
	pool_destroy(ep);
	module_put(THIS_MODULE);
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

	/* Dropped by the core after etran_pool_free(). */
	__module_get(THIS_MODULE);
	static_branch_inc(&xsk_hook_key);
	/* Whoever sees it in the transmit path sees all of it. */
	smp_store_release(&xs->pool->hook_data, ep);
	if (!pool_start(ep)) {
		pool_unbind(ep);
		req->why = pool_sent_before;
		return -EBUSY;
	}
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
	while (READ_ONCE(ep->fs.ready.nr)) {
		etran_pool_kick_sync(ep);
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
	struct etran_pool *ep = xp->hook_data;
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
		etran_pool_kick_sync(ep);
		etran_netlink_queue_gone(ep);
	}
	if (gone && !ep->gone)
		pool_drain_gone(ep);
	mutex_unlock(&etran_mutex);
}

/**
 * etran_pool_free - last call for a pool (hook)
 * @xp: pool
 */
void etran_pool_free(struct xsk_buff_pool *xp)
{
	struct etran_pool *ep = xp->hook_data;
	struct etran_transport *tr;

	mutex_lock(&etran_mutex);
	trace_etran_unbind(ep);
	etran_account_close(ep);
	tr = rcu_dereference_protected(ep->tr, lockdep_is_held(&etran_mutex));
	if (tr) {
		etran_pool_count(ep, &tr->past);
		/* What these two say is of now, not of all times. */
		tr->past.holding = 0;
		tr->past.in_nic = 0;
	}
	list_del(&ep->list);
	mutex_unlock(&etran_mutex);

	WRITE_ONCE(xp->hook_data, NULL);
	synchronize_rcu();
	pool_destroy(ep);
}

