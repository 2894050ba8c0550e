// SPDX-License-Identifier: GPL-2.0-only
/*
 * Devices that pools send by: going away, coming up.
 */
#include <linux/netdevice.h>

#include "kick.h"
#include "netdev.h"
#include "pool.h"

/*
 * A device goes away, or to another namespace: nothing may leave by it any
 * more. The core waits for a grace period before it frees the device, which is
 * why pools need no reference.
 *
 * A device is up again, or has a link again: what was released meanwhile waits
 * in the FIFO, its wake-up went to a driver that was down, and not every driver
 * looks at its rings when it comes up.
 *
 * Under RTNL, as is binding: no pool joins the list meanwhile.
 */
static int netdev_event(struct notifier_block *nb, unsigned long event, void *ptr)
{
	struct net_device *dev = netdev_notifier_info_to_dev(ptr);
	struct etran_pool *ep;

	if (event != NETDEV_UNREGISTER && event != NETDEV_UP && event != NETDEV_CHANGE)
		return NOTIFY_DONE;
	rcu_read_lock();
	list_for_each_entry_rcu(ep, &etran_pools, list) {
		if (rcu_access_pointer(ep->out) != dev)
			continue;
		if (event == NETDEV_UNREGISTER)
			RCU_INIT_POINTER(ep->out, NULL);
		else if (READ_ONCE(ep->fs.ready.nr))
			etran_pool_kick(ep);
	}
	rcu_read_unlock();
	return NOTIFY_DONE;
}

static struct notifier_block netdev_notifier = {
	.notifier_call = netdev_event,
};

/**
 * etran_netdev_init - watch devices
 * Return: 0 or errno.
 */
int etran_netdev_init(void)
{
	return register_netdevice_notifier(&netdev_notifier);
}

/**
 * etran_netdev_exit - undo etran_netdev_init()
 */
void etran_netdev_exit(void)
{
	unregister_netdevice_notifier(&netdev_notifier);
}
