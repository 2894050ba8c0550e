// SPDX-License-Identifier: GPL-2.0-only
/*
 * Life of a transport: attach, detach, end of its network namespace.
 *
 * etran_mutex serialises all of it. Detaching is the same for every reason:
 *   1. ending says why (exit.c): no program is called any more, packets are
 *	dropped, kfuncs say -ENOENT
 *   2. out of the list: no new socket finds it; its pools lose it
 *   3. a grace period: whoever was inside one of its programs has left
 *   4. its timers and requests are cancelled
 *   5. after an error the dump is made, while packets are still held
 *   6. its held packets are given back
 *   7. exit is called, the record kept, listeners are told
 * Its memory stays until unreg, which the core calls when the link goes away.
 */
#include <linux/bpf.h>
#include <linux/nsproxy.h>
#include <linux/percpu.h>
#include <linux/rculist.h>
#include <net/net_namespace.h>

#include "cpu.h"
#include "exit.h"
#include "gen.h"
#include "kick.h"
#include "netlink.h"
#include "pool.h"
#include "timer.h"
#include "transport.h"
#include "watchdog.h"

/* Attached and alive; RCU for readers. */
LIST_HEAD(etran_transports);
/* All that unreg has not released yet. */
static LIST_HEAD(etran_instances);
static u32 transport_ids;

/**
 * etran_transport_live - the attached transport of a struct_ops instance
 * @ops: instance, may be of any type
 * Return: transport or NULL, also when it is about to end; under RCU.
 */
struct etran_transport *etran_transport_live(const struct etran_transport_ops *ops)
{
	struct etran_transport *tr;

	list_for_each_entry_rcu(tr, &etran_transports, list)
		if (tr->ops == ops)
			return READ_ONCE(tr->ending) ? NULL : tr;
	return NULL;
}

/**
 * etran_transport_find - a transport by name
 * @net: network namespace
 * @name: name
 * Return: transport or NULL; etran_mutex held.
 */
struct etran_transport *etran_transport_find(const struct net *net, const char *name)
{
	struct etran_transport *tr;

	lockdep_assert_held(&etran_mutex);
	list_for_each_entry(tr, &etran_transports, list)
		if (tr->net == net && !strcmp(tr->ops->name, name))
			return tr;
	return NULL;
}

static void transport_work(struct tasklet_struct *t)
{
	struct etran_cpu *c = from_tasklet(c, t, work);
	bool more;

	rcu_read_lock();
	if (READ_ONCE(c->tr->ending))
		goto out;
	more = etran_timer_run(c);
	if (etran_gen_pending(c))
		more |= etran_gen_run(c);

	etran_pool_kick_all();
	if (more)
		tasklet_schedule(&c->work);
out:
	rcu_read_unlock();
}

static void transport_free_cpus(struct etran_transport *tr)
{
	int cpu;

	if (tr->global)
		etran_timer_cancel(tr->global);
	kfree(tr->global);
	if (!tr->cpu)
		return;
	for_each_possible_cpu(cpu)
		etran_gen_free(per_cpu_ptr(tr->cpu, cpu));
	free_percpu(tr->cpu);
}

static void transport_free(struct etran_transport *tr)
{
	etran_watchdog_stop(tr);
	etran_exit_free(tr);
	transport_free_cpus(tr);
	kvfree(tr->timer);
	kfree(tr);
}

static void transport_init_cpu(struct etran_transport *tr, struct etran_cpu *c, u32 cpu)
{
	raw_spin_lock_init(&c->lock);
	c->tr = tr;
	c->cpu = cpu;
	tasklet_setup(&c->work, transport_work);
	etran_timer_init(c);
}

static int transport_init_global(struct etran_transport *tr)
{
	if (!tr->ops->nr_global)
		return 0;
	tr->global = kzalloc_obj(*tr->global, GFP_KERNEL_ACCOUNT);
	if (!tr->global)
		return -ENOMEM;
	transport_init_cpu(tr, tr->global, nr_cpu_ids);
	return etran_timer_start(tr->global);
}

static struct etran_transport *transport_alloc(struct etran_transport_ops *ops)
{
	struct etran_transport *tr;
	int cpu, err;

	tr = kzalloc_obj(*tr, GFP_KERNEL_ACCOUNT);
	if (!tr)
		return NULL;
	tr->ops = ops;
	etran_watchdog_init(tr);
	err = etran_exit_init(tr);
	tr->timer = kvcalloc(etran_timer_nr(tr) ?: 1, sizeof(*tr->timer),
			     GFP_KERNEL_ACCOUNT);
	tr->cpu = alloc_percpu_gfp(struct etran_cpu, GFP_KERNEL_ACCOUNT);
	if (err || !tr->timer || !tr->cpu)
		goto err_free;

	for_each_possible_cpu(cpu) {
		struct etran_cpu *c = per_cpu_ptr(tr->cpu, cpu);

		transport_init_cpu(tr, c, cpu);
		err = ops->gen ? etran_gen_init(c) : 0;
		if (err)
			goto err_free;
	}
	if (transport_init_global(tr))
		goto err_free;
	return tr;

err_free:
	transport_free(tr);
	return NULL;
}

/**
 * etran_transport_attach - a struct_ops instance is registered
 * @ops: instance
 * Return: 0 or errno.
 */
int etran_transport_attach(struct etran_transport_ops *ops)
{
	struct net *net = current->nsproxy->net_ns;
	struct etran_transport *tr;
	int err;

	tr = transport_alloc(ops);
	if (!tr)
		return -ENOMEM;
	tr->net = net;
	tr->map_id = bpf_struct_ops_id(ops);

	mutex_lock(&etran_mutex);
	err = -EEXIST;
	if (etran_transport_find(net, ops->name))
		goto err_unlock;
	err = ops->init ? ops->init() : 0;
	if (err) {
		if (err > 0 || err < -MAX_ERRNO)
			err = -EINVAL;
		goto err_unlock;
	}

	tr->id = ++transport_ids;
	list_add_tail(&tr->all, &etran_instances);
	list_add_tail_rcu(&tr->list, &etran_transports);
	static_branch_inc(&xsk_hook_key);
	etran_pool_adopt(tr);
	etran_watchdog_start(tr);
	mutex_unlock(&etran_mutex);
	pr_info("transport %s attached\n", ops->name);
	return 0;

err_unlock:
	mutex_unlock(&etran_mutex);
	transport_free(tr);
	return err;
}

/**
 * etran_transport_detach - end a transport
 * @tr: transport
 * @kind: enum etran_exit_kind, if nobody has given a reason yet
 * @why: one line
 *
 * etran_mutex held. When this returns no program of it runs any more.
 */
void etran_transport_detach(struct etran_transport *tr, u32 kind, const char *why)
{
	int cpu;

	lockdep_assert_held(&etran_mutex);
	if (tr->dead)
		return;

	etran_exit_claim(tr, kind, "%s", why);
	list_del_rcu(&tr->list);
	tr->dead = true;
	etran_pool_orphan(tr);

	for_each_possible_cpu(cpu) {
		struct etran_cpu *c = per_cpu_ptr(tr->cpu, cpu);

		etran_timer_cancel(c);
		tasklet_kill(&c->work);
		etran_gen_drop(c);
	}
	if (tr->global)
		etran_timer_cancel(tr->global);
	etran_exit_dump(tr);
	etran_pool_drain(tr);
	static_branch_dec(&xsk_hook_key);

	if (tr->ops->exit)
		tr->ops->exit(&tr->info);
	etran_exit_record(tr);
	etran_netlink_transport_exit(tr);
	if (tr->info.kind < ETRAN_EXIT_KIND_ERROR)
		pr_info("transport %s detached: %s\n", tr->ops->name, tr->info.msg);
	else
		pr_notice("transport %s ended, %s: %s\n", tr->ops->name,
			  etran_exit_name(tr->info.kind), tr->info.msg);
}

/**
 * etran_transport_release - a struct_ops instance is unregistered
 * @ops: instance
 */
void etran_transport_release(struct etran_transport_ops *ops)
{
	struct etran_transport *tr;

	mutex_lock(&etran_mutex);
	list_for_each_entry(tr, &etran_instances, all)
		if (tr->ops == ops)
			break;
	if (WARN_ON(list_entry_is_head(tr, &etran_instances, all))) {
		mutex_unlock(&etran_mutex);
		return;
	}
	etran_transport_detach(tr, ETRAN_EXIT_KIND_UNREG, "link closed");
	list_del(&tr->all);
	mutex_unlock(&etran_mutex);
	/* Detach has waited for everybody who could have had it. */
	transport_free(tr);
}

/**
 * etran_transport_attached - how many transports were ever attached
 * Return: number.
 */
u32 etran_transport_attached(void)
{
	return READ_ONCE(transport_ids);
}

/**
 * etran_transport_abort - detach all, for the administrator
 */
void etran_transport_abort(void)
{
	struct etran_transport *tr, *tmp;

	mutex_lock(&etran_mutex);
	list_for_each_entry_safe(tr, tmp, &etran_transports, list)
		etran_transport_detach(tr, ETRAN_EXIT_KIND_ADMIN, "abort");
	mutex_unlock(&etran_mutex);
}

static void __net_exit transport_net_exit(struct net *net)
{
	struct etran_transport *tr, *tmp;

	mutex_lock(&etran_mutex);
	list_for_each_entry_safe(tr, tmp, &etran_transports, list)
		if (tr->net == net)
			etran_transport_detach(tr, ETRAN_EXIT_KIND_NETNS,
					       "network namespace ended");
	mutex_unlock(&etran_mutex);
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
