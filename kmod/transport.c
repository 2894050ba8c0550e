// SPDX-License-Identifier: GPL-2.0-only
/*
 * Life of a transport: attach, detach, end of its network namespace.
 *
 *   INIT -> ATTACHED -> ENDING -> (ended) -> freed
 *
 * etran_lock protects the lists; no program runs, and nobody waits, under it. A
 * transport takes its name before its init program runs and keeps it until what
 * it held has been given back, so two of one name never meet at a pool.
 *
 * Every end is asked for by etran_transport_end(), from wherever a reason was
 * found, and carried out by the transport's own work item:
 *   1. ending says why (exit.c): no program is called any more, packets are
 *	dropped, kfuncs say -ENOENT
 *   2. out of the list: no new socket finds it; its pools lose it
 *   3. a grace period: whoever was inside one of its programs has left
 *   4. its timers and requests are cancelled: it is quiet
 *   5. after an error the dump is made, while packets are still held
 *   6. its held packets are given back
 *   7. exit is called, the record kept, listeners are told: it has ended
 * Many that end at once share the grace periods. Who has to wait waits for one
 * transport, with no lock of ours: a program of it that does not return (init,
 * dump, exit may sleep) keeps nobody but those who want that transport's end.
 * Its memory stays until unreg, which the core calls when the link goes away.
 */
#include <linux/bpf.h>
#include <linux/hashtable.h>
#include <linux/nsproxy.h>
#include <linux/rculist.h>
#include <net/net_namespace.h>

#include "cpu.h"
#include "exit.h"
#include "netlink.h"
#include "pool.h"
#include "timer.h"
#include "transport.h"
#include "watchdog.h"

/* How long an administrator waits for an end; a dump or exit may take longer. */
#define ETRAN_END_MS		5000

/* Attached and alive, in the order of their ids; RCU for readers. */
LIST_HEAD(etran_transports);
/* All that unreg has not released yet, and those whose init runs. */
static LIST_HEAD(etran_instances);
static u32 transport_ids;
/*
 * The attached ones by the address of their instance, for kfuncs. A pointer in the
 * instance would not do: a program can be associated with one of any type.
 */
static DEFINE_HASHTABLE(transport_by_ops, 8);

/**
 * etran_transport_live - the attached transport of a struct_ops instance
 * @ops: instance, may be of any type
 * Return: transport or NULL, also when it is about to end; under RCU.
 */
struct etran_transport *etran_transport_live(const struct etran_transport_ops *ops)
{
	struct etran_transport *tr;

	hash_for_each_possible_rcu(transport_by_ops, tr, by_ops, (unsigned long)ops)
		if (tr->ops == ops)
			return READ_ONCE(tr->ending) ? NULL : tr;
	return NULL;
}

/**
 * etran_transport_find - a transport by name
 * @net_cookie: network namespace
 * @name: name
 * Return: transport or NULL; etran_lock held.
 */
struct etran_transport *etran_transport_find(u64 net_cookie, const char *name)
{
	struct etran_transport *tr;

	lockdep_assert_held(&etran_lock);
	list_for_each_entry(tr, &etran_transports, list)
		if (tr->net_cookie == net_cookie && !strcmp(tr->name, name))
			return tr;
	return NULL;
}

static void transport_put(struct etran_transport *tr)
{
	if (!refcount_dec_and_test(&tr->refs))
		return;
	etran_cpu_free(tr);
	kvfree(tr->timer);
	kfree(tr);
}

/* Nobody ends it any more, and no list has it. */
static void transport_free(struct etran_transport *tr)
{
	etran_watchdog_stop(tr);
	etran_exit_free(tr);
	transport_put(tr);
}

static struct etran_transport *transport_alloc(struct etran_transport_ops *ops,
					       struct net *net)
{
	struct etran_transport *tr;
	int err;

	tr = kzalloc_obj(*tr, GFP_KERNEL_ACCOUNT);
	if (!tr)
		return NULL;
	tr->ops = ops;
	tr->net = net;
	tr->net_cookie = net->net_cookie;
	tr->map_id = bpf_struct_ops_id(ops);
	strscpy(tr->name, ops->name);
	refcount_set(&tr->refs, 1);
	raw_spin_lock_init(&tr->overruns.lock);
	init_completion(&tr->quiet);
	init_completion(&tr->ended);
	etran_watchdog_init(tr);
	err = etran_exit_init(tr);
	tr->timer = kvcalloc(etran_timer_nr(tr) ?: 1, sizeof(*tr->timer),
			     GFP_KERNEL_ACCOUNT);
	if (err || !tr->timer || etran_cpu_alloc(tr))
		goto err_free;
	return tr;

err_free:
	transport_free(tr);
	return NULL;
}

/* Others of this name are refused from now on. */
static int transport_take_name(struct etran_transport *tr)
{
	struct etran_transport *other;

	guard(spinlock)(&etran_lock);
	list_for_each_entry(other, &etran_instances, all)
		if (other->has_name && other->net_cookie == tr->net_cookie &&
		    !strcmp(other->name, tr->name))
			return -EEXIST;
	tr->has_name = true;
	list_add_tail(&tr->all, &etran_instances);
	return 0;
}

static void transport_forget(struct etran_transport *tr)
{
	guard(spinlock)(&etran_lock);
	list_del(&tr->all);
}

/**
 * etran_transport_attach - a struct_ops instance is registered
 * @ops: instance
 * Return: 0 or errno.
 */
int etran_transport_attach(struct etran_transport_ops *ops)
{
	struct etran_transport *tr;
	int err;

	/* The caller's, which cannot end before this returns. */
	tr = transport_alloc(ops, current->nsproxy->net_ns);
	if (!tr)
		return -ENOMEM;
	err = transport_take_name(tr);
	if (err)
		goto err_free;
	err = ops->init ? ops->init() : 0;
	if (err) {
		if (err > 0 || err < -MAX_ERRNO)
			err = -EINVAL;
		goto err_forget;
	}

	static_branch_inc(&xsk_hook_key);
	spin_lock(&etran_lock);
	WRITE_ONCE(transport_ids, transport_ids + 1);
	tr->id = transport_ids;
	list_add_tail_rcu(&tr->list, &etran_transports);
	hash_add_rcu(transport_by_ops, &tr->by_ops, (unsigned long)tr->ops);
	etran_pool_adopt(tr);
	spin_unlock(&etran_lock);
	etran_watchdog_start(tr);
	pr_info("transport %s attached\n", ops->name);
	return 0;

err_forget:
	transport_forget(tr);
err_free:
	transport_free(tr);
	return err;
}

/**
 * etran_transport_end - have a transport end
 * @tr: transport; attached, under RCU or etran_lock or with a reference
 * @kind: enum etran_exit_kind, if nobody has given a reason yet
 * @why: one line
 *
 * Any process context; does not wait.
 */
void etran_transport_end(struct etran_transport *tr, u32 kind, const char *why)
{
	rcu_read_lock();
	etran_exit_claim(tr, kind, "%s", why);
	rcu_read_unlock();
	etran_exit_go(tr);
}

/**
 * etran_transport_detach - end a transport, see the top of this file
 * @tr: transport; its work item
 */
void etran_transport_detach(struct etran_transport *tr)
{
	spin_lock(&etran_lock);
	if (tr->dead) {
		spin_unlock(&etran_lock);
		return;
	}
	tr->dead = true;
	list_del_rcu(&tr->list);
	hash_del_rcu(&tr->by_ops);
	etran_pool_orphan(tr);
	spin_unlock(&etran_lock);

	/* Pairs with everybody who found it in the list or at a pool. */
	synchronize_rcu();
	etran_watchdog_stop(tr);
	etran_cpu_stop(tr);
	complete_all(&tr->quiet);

	etran_exit_dump(tr);
	etran_pool_drain(tr);
	spin_lock(&etran_lock);
	tr->has_name = false;
	spin_unlock(&etran_lock);
	static_branch_dec(&xsk_hook_key);

	if (tr->ops->exit)
		tr->ops->exit(&tr->info);
	etran_exit_record(tr);
	etran_netlink_transport_exit(tr);
	if (tr->info.kind < ETRAN_EXIT_KIND_ERROR)
		pr_info("transport %s detached: %s\n", tr->name, tr->info.msg);
	else
		pr_notice("transport %s ended, %s: %s\n", tr->name,
			  etran_exit_name(tr->info.kind), tr->info.msg);
	complete_all(&tr->ended);
}

/**
 * etran_transport_release - a struct_ops instance is unregistered
 * @ops: instance
 *
 * Waits for the end of its programs, which the core frees then.
 */
void etran_transport_release(struct etran_transport_ops *ops)
{
	struct etran_transport *tr;
	bool found = false;

	spin_lock(&etran_lock);
	list_for_each_entry(tr, &etran_instances, all) {
		found = tr->ops == ops;
		if (found)
			break;
	}
	spin_unlock(&etran_lock);
	if (WARN_ON(!found))
		return;

	etran_transport_end(tr, ETRAN_EXIT_KIND_UNREG, "link closed");
	/* Idle: how long an exit program takes is its author's affair. */
	wait_for_completion_state(&tr->ended, TASK_IDLE);
	transport_forget(tr);
	transport_free(tr);
}

/* @deadline: jiffies. Return: 0, -EINPROGRESS not yet, -EINTR the caller is killed. */
static int transport_wait(struct etran_transport *tr, unsigned long deadline)
{
	long left = max(1L, (long)(deadline - jiffies));

	left = wait_for_completion_killable_timeout(&tr->ended, left);
	if (left < 0)
		return -EINTR;
	return left ? 0 : -EINPROGRESS;
}

/**
 * etran_transport_end_named - end a transport, for the administrator
 * @net_cookie: network namespace
 * @name: name
 * Return: 0 it has ended, -ENOENT, -EINPROGRESS it will when its dump or exit
 * program returns, -EINTR.
 */
int etran_transport_end_named(u64 net_cookie, const char *name)
{
	struct etran_transport *tr;
	int err;

	spin_lock(&etran_lock);
	tr = etran_transport_find(net_cookie, name);
	if (tr) {
		refcount_inc(&tr->refs);
		etran_transport_end(tr, ETRAN_EXIT_KIND_ADMIN,
				    "detached by the administrator");
	}
	spin_unlock(&etran_lock);
	if (!tr)
		return -ENOENT;
	err = transport_wait(tr, jiffies + msecs_to_jiffies(ETRAN_END_MS));
	transport_put(tr);
	return err;
}

/**
 * etran_transport_attached - how many transports were ever attached
 * Return: number.
 */
u32 etran_transport_attached(void)
{
	return READ_ONCE(transport_ids);
}

/* The next instance that is attached or was, with a reference; 0 < @id <= @last. */
static struct etran_transport *transport_next(u32 id, u32 last)
{
	struct etran_transport *tr, *next = NULL;

	guard(spinlock)(&etran_lock);
	list_for_each_entry(tr, &etran_instances, all)
		if (tr->id > id && tr->id <= last && (!next || tr->id < next->id))
			next = tr;
	if (next)
		refcount_inc(&next->refs);
	return next;
}

/**
 * etran_transport_abort - end all, for the administrator
 * Return: 0, -EINPROGRESS or -EINTR: not all have ended.
 */
int etran_transport_abort(void)
{
	unsigned long deadline = jiffies + msecs_to_jiffies(ETRAN_END_MS);
	struct etran_transport *tr;
	u32 id = 0, last;
	int err = 0;

	spin_lock(&etran_lock);
	last = transport_ids;
	list_for_each_entry(tr, &etran_transports, list)
		etran_transport_end(tr, ETRAN_EXIT_KIND_ADMIN, "abort");
	spin_unlock(&etran_lock);
	while (!err && (tr = transport_next(id, last))) {
		id = tr->id;
		err = transport_wait(tr, deadline);
		transport_put(tr);
	}
	return err;
}

/**
 * etran_transport_get_net - the namespace of a transport, if it is there
 * @tr: transport
 * Return: with a reference, or NULL.
 */
struct net *etran_transport_get_net(struct etran_transport *tr)
{
	guard(spinlock)(&etran_lock);
	return tr->net ? maybe_get_net(tr->net) : NULL;
}

/* Nobody looks at the namespace any more when this returns. */
static void __net_exit transport_net_exit(struct net *net)
{
	struct etran_transport *tr;
	u32 id = 0, last;

	spin_lock(&etran_lock);
	last = transport_ids;
	list_for_each_entry(tr, &etran_transports, list)
		if (tr->net == net)
			etran_transport_end(tr, ETRAN_EXIT_KIND_NETNS,
					    "network namespace ended");
	spin_unlock(&etran_lock);
	while ((tr = transport_next(id, last))) {
		id = tr->id;
		if (tr->net == net) {
			/* Not for its dump and exit programs. */
			wait_for_completion(&tr->quiet);
			spin_lock(&etran_lock);
			tr->net = NULL;
			spin_unlock(&etran_lock);
		}
		transport_put(tr);
	}
	etran_pool_net_exit(net);
}

static struct pernet_operations transport_net_ops = {
	.pre_exit = transport_net_exit,
};

/**
 * etran_transport_init - watch network namespaces
 * Return: 0 or errno.
 */
int etran_transport_init(void)
{
	return register_pernet_subsys(&transport_net_ops);
}

/**
 * etran_transport_exit - undo etran_transport_init()
 */
void etran_transport_exit(void)
{
	unregister_pernet_subsys(&transport_net_ops);
}
