// SPDX-License-Identifier: GPL-2.0-only
/*
 * AF_XDP pools under a transport: opting in, losing the transport, teardown.
 *
 * etran_lock protects the list and which transport a pool has. A pool ends in three
 * calls of the core: stop (a socket left), stop with gone (no driver uses it), free.
 * The first two only mark the pool, for sockets close under locks that others need;
 * what it holds goes back in a work item that is one for all pools.
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

static void pool_reap_work(struct work_struct *work);

LIST_HEAD(etran_pools);
static u64 pool_ids;
/* Pools that were stopped and hold packets. */
static LIST_HEAD(pool_reap);
static DECLARE_WORK(pool_reaper, pool_reap_work);
static struct workqueue_struct *pool_wq;

static void pool_put(struct etran_pool *ep)
{
	if (refcount_dec_and_test(&ep->refs))
		complete(&ep->unused);
}

/*
 * What is in a bucket goes to the release FIFO, to be given back. The caller has
 * waited for a grace period since nothing can be put into one any more.
 */
static void pool_purge(struct etran_pool *ep)
{
	struct etran_transport *tr;
	struct etran_bucket *b;
	u32 i, n = 0;

	for (i = 0; i < ep->fs.nr; i++) {
		u8 state = etran_frame_get(&ep->fs, i);

		if (state != ETRAN_FRAME_PENDING && state != ETRAN_FRAME_HELD)
			continue;
		rcu_read_lock_bh();
		b = etran_frame_purge(&ep->fs.frame[i]);
		tr = rcu_dereference_bh(ep->tr);
		/* Others may wait behind it. */
		if (b && tr)
			etran_timer_arm(tr, b->id, 0);
		rcu_read_unlock_bh();
		if (!(++n % 256))
			cond_resched();
	}
}

/**
 * etran_pool_next - go through the pools of a transport, also of one that is dead
 * @prev: the last one, whose reference is put; NULL at the beginning
 * @tr: transport
 * Return: the next one with a reference, NULL at the end.
 */
struct etran_pool *etran_pool_next(struct etran_pool *prev,
				   const struct etran_transport *tr)
{
	struct etran_pool *ep;

	spin_lock(&etran_lock);
	ep = list_prepare_entry(prev, &etran_pools, list);
	list_for_each_entry_continue(ep, &etran_pools, list)
		if (ep->net_cookie == tr->net_cookie && !strcmp(ep->name, tr->name) &&
		    refcount_inc_not_zero(&ep->refs))
			break;
	spin_unlock(&etran_lock);
	if (prev)
		pool_put(prev);
	return list_entry_is_head(ep, &etran_pools, list) ? NULL : ep;
}

/**
 * etran_pool_adopt - a transport is attached: pools of its name are its own
 * @tr: transport; etran_lock held
 */
void etran_pool_adopt(struct etran_transport *tr)
{
	struct etran_pool *ep;

	lockdep_assert_held(&etran_lock);
	list_for_each_entry(ep, &etran_pools, list) {
		if (ep->net_cookie != tr->net_cookie || strcmp(ep->name, tr->name) ||
		    ep->ended)
			continue;
		rcu_assign_pointer(ep->tr, tr);
		tr->queues++;
	}
}

/**
 * etran_pool_orphan - a transport is dead: take its pools away
 * @tr: transport; etran_lock held
 *
 * Its programs may run until a grace period has passed.
 */
void etran_pool_orphan(struct etran_transport *tr)
{
	struct etran_pool *ep;

	lockdep_assert_held(&etran_lock);
	list_for_each_entry(ep, &etran_pools, list)
		if (rcu_access_pointer(ep->tr) == tr)
			RCU_INIT_POINTER(ep->tr, NULL);
}

/**
 * etran_pool_drain - give back what a transport held
 * @tr: transport that is quiet; no other one can have its name yet
 *
 * Tenants that do not empty their completion rings are waited for ETRAN_DRAIN_MS,
 * all of them together.
 */
void etran_pool_drain(struct etran_transport *tr)
{
	u64 end = ktime_get_ns() + ETRAN_DRAIN_MS * NSEC_PER_MSEC;
	struct etran_pool *ep = NULL;

	while ((ep = etran_pool_next(ep, tr))) {
		pool_purge(ep);
		etran_pool_kick_sync(ep);
	}
	while ((ep = etran_pool_next(ep, tr)))
		while (READ_ONCE(ep->fs.ready.nr) && ktime_get_ns() < end)
			usleep_range(1000, 1500);
}

/**
 * etran_pool_get_net - the namespace of a pool, if it is there
 * @ep: pool
 * Return: with a reference, or NULL.
 */
struct net *etran_pool_get_net(struct etran_pool *ep)
{
	guard(spinlock)(&etran_lock);
	return ep->net ? maybe_get_net(ep->net) : NULL;
}

/**
 * etran_pool_net_exit - a namespace ends, which has no sockets any more
 * @net: namespace
 */
void etran_pool_net_exit(const struct net *net)
{
	struct etran_pool *ep;

	guard(spinlock)(&etran_lock);
	list_for_each_entry(ep, &etran_pools, list)
		if (ep->net == net)
			ep->net = NULL;
}

/* Whoever found it in the list, or one of its frames in a bucket, may still look. */
static void pool_destroy(struct etran_pool *ep)
{
	kvfree_rcu_mightsleep(ep->fs.frame);
	kvfree_rcu_mightsleep(ep->fs.chunk);
	kvfree_rcu_mightsleep(ep);
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
	refcount_set(&ep->refs, 1);
	init_completion(&ep->unused);
	INIT_LIST_HEAD(&ep->reap);
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

/* Both under RTNL, so that the notifier knows of it before the device can go. */
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
	strscpy(ep->name, req->name);
	ep->tenant = req->tenant;

	spin_lock(&etran_lock);
	tr = etran_transport_find(ep->net_cookie, req->name);
	if (tr) {
		tr->queues++;
		RCU_INIT_POINTER(ep->tr, tr);
		ep->id = ++pool_ids;
		list_add_tail_rcu(&ep->list, &etran_pools);
	}
	spin_unlock(&etran_lock);
	if (!tr) {
		pool_destroy(ep);
		req->why = "no such transport";
		return -ENOENT;
	}
	*res = ep;
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

/* Undo pool_bind() of a pool that could not be started. */
static void pool_unbind(struct etran_pool *ep)
{
	struct etran_transport *tr;

	pool_put(ep);
	wait_for_completion(&ep->unused);
	spin_lock(&etran_lock);
	tr = rcu_dereference_protected(ep->tr, lockdep_is_held(&etran_lock));
	if (tr)
		tr->queues--;
	list_del_rcu(&ep->list);
	spin_unlock(&etran_lock);
	WRITE_ONCE(ep->xp->hook_data, NULL);
	synchronize_net();
	static_branch_dec(&xsk_hook_key);
	pool_destroy(ep);
	module_put(THIS_MODULE);
}

/* Under the socket's mutex, so that neither it nor its device goes meanwhile. */
static int pool_publish(struct etran_pool *ep, const char **why)
{
	/* Dropped by the core after etran_pool_free(). */
	__module_get(THIS_MODULE);
	static_branch_inc(&xsk_hook_key);
	/* Whoever sees it in the transmit path sees all of it. */
	smp_store_release(&ep->xp->hook_data, ep);
	if (!pool_start(ep)) {
		pool_unbind(ep);
		*why = pool_sent_before;
		return -EBUSY;
	}
	trace_etran_bind(ep);
	return 0;
}

/**
 * etran_pool_bind - put a socket's pool under a transport
 * @net: network namespace of the request
 * @req: what it asks for, and what it gets
 * Return: 0 or errno.
 */
int etran_pool_bind(struct net *net, struct etran_bind *req)
{
	struct etran_pool *ep;
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
	rtnl_lock();
	mutex_lock(&xs->mutex);
	err = pool_bind(xs, req, &ep);
	rtnl_unlock();
	if (!err)
		err = pool_publish(ep, &req->why);
	if (!err) {
		req->ifindex = ep->ifindex;
		req->queue = ep->queue;
		req->umem_id = ep->umem_id;
	}
	mutex_unlock(&xs->mutex);
out:
	sockfd_put(sock);
	return err;
}

/* No driver uses it any more: all that waits for one goes back without it. */
static void pool_drain_gone(struct etran_pool *ep)
{
	/* Not before the grace period: who had not seen @gone could start it again. */
	hrtimer_cancel(&ep->retry);
	if (ep->zc) {
		/* As in the driver: a timer's release takes frames->lock in softirq. */
		local_bh_disable();
		etran_tx_drain(ep);
		local_bh_enable();
	} else {
		while (READ_ONCE(ep->fs.ready.nr)) {
			etran_pool_kick_sync(ep);
			cond_resched();
		}
	}
	ep->drained = true;
}

static void pool_reap_add(struct etran_pool *ep)
{
	lockdep_assert_held(&etran_lock);
	if (!list_empty(&ep->reap))
		return;
	refcount_inc(&ep->refs);
	list_add_tail(&ep->reap, &pool_reap);
	queue_work(pool_wq, &pool_reaper);
}

/* A grace period after it was stopped: programs have put down what they took. */
static void pool_reap_one(struct etran_pool *ep)
{
	pool_purge(ep);
	etran_pool_kick_sync(ep);
	if (ep->reap_gone && !ep->drained)
		pool_drain_gone(ep);

	spin_lock(&etran_lock);
	/* Other sockets of the pool live on, and one that sends may come. */
	if (!ep->ended)
		WRITE_ONCE(ep->fs.stopping, false);
	/* The driver went meanwhile: that has a grace period of its own. */
	if (ep->gone && !ep->drained)
		pool_reap_add(ep);
	spin_unlock(&etran_lock);
}

/*
 * However many sockets close while a grace period passes, or wait for the next
 * one, they share it. Neither RTNL nor the core's locks are held here.
 */
static void pool_reap_work(struct work_struct *work)
{
	struct etran_pool *ep, *tmp;
	LIST_HEAD(todo);

	spin_lock(&etran_lock);
	list_for_each_entry_safe(ep, tmp, &pool_reap, reap) {
		ep->reap_gone = ep->gone;
		list_move_tail(&ep->reap, &todo);
	}
	spin_unlock(&etran_lock);
	synchronize_net();

	while (!list_empty(&todo)) {
		spin_lock(&etran_lock);
		ep = list_first_entry(&todo, struct etran_pool, reap);
		list_del_init(&ep->reap);
		spin_unlock(&etran_lock);
		pool_reap_one(ep);
		pool_put(ep);
		cond_resched();
	}
}

/**
 * etran_pool_stop - a socket left the pool (hook)
 * @xp: pool
 * @gone: and no driver uses it any more
 *
 * Under the socket's mutex, or RTNL when it is @gone. What the pool holds is given
 * back a grace period later, by pool_reap_work().
 */
void etran_pool_stop(struct xsk_buff_pool *xp, bool gone)
{
	struct etran_pool *ep = xp->hook_data;
	struct etran_transport *tr;
	bool ends;

	if (!gone && !list_empty(&xp->xsk_tx_list))
		return;

	spin_lock(&etran_lock);
	/* The last socket's reference is put later. */
	ends = !ep->ended && (gone || refcount_read(&xp->users) == 1);
	if (ends) {
		WRITE_ONCE(ep->ended, true);
		tr = rcu_dereference_protected(ep->tr, lockdep_is_held(&etran_lock));
		if (tr)
			tr->queues--;
	}
	if (gone)
		WRITE_ONCE(ep->gone, true);
	WRITE_ONCE(ep->fs.stopping, true);
	pool_reap_add(ep);
	spin_unlock(&etran_lock);
	if (ends)
		etran_netlink_queue_gone(ep);
}

/**
 * etran_pool_free - last call for a pool (hook)
 * @xp: pool
 *
 * Waits for pool_reap_work(), and for whoever goes through the pools of a
 * transport: a grace period that many share, and no program.
 */
void etran_pool_free(struct xsk_buff_pool *xp)
{
	struct etran_pool *ep = xp->hook_data;
	struct etran_counters sum = {};
	struct etran_transport *tr;

	pool_put(ep);
	wait_for_completion(&ep->unused);
	trace_etran_unbind(ep);
	etran_account_close(ep);
	etran_pool_count(ep, &sum);
	/* What these two say is of now, not of all times. */
	sum.holding = 0;
	sum.in_nic = 0;

	spin_lock(&etran_lock);
	tr = rcu_dereference_protected(ep->tr, lockdep_is_held(&etran_lock));
	if (tr)
		etran_counters_add(&tr->past, &sum);
	list_del_rcu(&ep->list);
	spin_unlock(&etran_lock);

	WRITE_ONCE(xp->hook_data, NULL);
	pool_destroy(ep);
}

/**
 * etran_pool_init - before the first pool
 * Return: 0 or -ENOMEM.
 */
int etran_pool_init(void)
{
	pool_wq = alloc_ordered_workqueue("etran_reap", 0);
	return pool_wq ? 0 : -ENOMEM;
}

/**
 * etran_pool_exit - after the last one
 */
void etran_pool_exit(void)
{
	destroy_workqueue(pool_wq);
}
