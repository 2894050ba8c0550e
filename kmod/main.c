// SPDX-License-Identifier: GPL-2.0-only
/*
 * eTran: network transports as eBPF programs over AF_XDP.
 *
 * Loading and unloading. The module cannot be unloaded while a transport (its
 * struct_ops map), a PKT_QUEUE map or a bound pool exists: each holds a
 * reference.
 */
#include <linux/bpf.h>
#include <linux/module.h>
#include <net/genetlink.h>

#include "cpu.h"
#include "etran.h"
#include "exit.h"
#include "kfunc.h"
#include "kick.h"
#include "netdev.h"
#include "netlink.h"
#include "pktq.h"
#include "pool.h"
#include "skb.h"
#include "struct_ops.h"
#include "sysfs.h"
#include "transport.h"
#include "tx.h"

/*
 * Frames that a timer program has taken, wake-ups that a round has gathered and
 * frames on their way out of gen belong to a CPU, and disabled bottom halves keep
 * others away. There they do not: it is another design, with a lock for each.
 */
#ifdef CONFIG_PREEMPT_RT
#error "etran: PREEMPT_RT kernels are not supported: per-CPU state relies on disabled bottom halves"
#endif

DEFINE_SPINLOCK(etran_lock);

static const struct xsk_hooks hooks = {
	.owner		= THIS_MODULE,
	.tx		= etran_tx,
	.tx_skb		= etran_skb_tx,
	.completed	= etran_tx_completed,
	.cancelled	= etran_tx_cancelled,
	.completed_skb	= etran_skb_completed,
	.completed_hw	= etran_tx_completed_hw,
	.flush		= etran_cpu_flush,
	.stop		= etran_pool_stop,
	.free		= etran_pool_free,
};

static int __init etran_module_init(void)
{
	int err;

	etran_kick_init();
	err = etran_cpu_start();
	if (err)
		return err;
	err = etran_exit_start();
	if (err)
		goto err_cpu;
	err = etran_pool_init();
	if (err)
		goto err_exit;
	err = etran_netdev_init();
	if (err)
		goto err_pool;
	err = xsk_hooks_register(&hooks);
	if (err)
		goto err_netdev;
	err = bpf_pktq_register(&etran_pktq_ops, THIS_MODULE);
	if (err)
		goto err_hooks;
	err = etran_transport_init();
	if (err)
		goto err_pktq;
	err = etran_netlink_init();
	if (err)
		goto err_transport;
	err = etran_sysfs_init();
	if (err)
		goto err_netlink;
	/* Last: from here on programs can come. */
	err = etran_kfunc_init();
	if (err)
		goto err_sysfs;
	err = etran_struct_ops_init();
	if (err)
		goto err_sysfs;
	return 0;

err_sysfs:
	etran_sysfs_exit();
err_netlink:
	etran_netlink_exit();
err_transport:
	etran_transport_exit();
err_pktq:
	bpf_pktq_register(NULL, NULL);
err_hooks:
	xsk_hooks_unregister();
err_netdev:
	etran_netdev_exit();
err_pool:
	etran_pool_exit();
err_exit:
	etran_exit_stop();
err_cpu:
	etran_cpu_end();
	return err;
}

static void __exit etran_module_exit(void)
{
	etran_sysfs_exit();
	etran_netlink_exit();
	etran_transport_exit();
	bpf_pktq_register(NULL, NULL);
	xsk_hooks_unregister();
	etran_cpu_end();
	etran_netdev_exit();
	etran_pool_exit();
	etran_exit_stop();
}

module_init(etran_module_init);
module_exit(etran_module_exit);

MODULE_DESCRIPTION("Network transports as eBPF programs over AF_XDP");
MODULE_LICENSE("GPL");
MODULE_VERSION("0.1");
MODULE_ALIAS_GENL_FAMILY("etran");
