/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What all of etran.ko shares; each noun has a header of its own. What a file
 * owns and which locks it takes stands at its top. Lock order, outermost first:
 *
 *   socket's mutex, RTNL or neither -> etran_lock
 *   driver's queue lock or socket's mutex -> the transport's bpf_spin_lock
 *	-> one of: bucket->lock, frames->lock, etran_cpu->lock (raw leaves)
 *
 * No lock is held while a grace period, a tenant or a program of a transport is
 * waited for: attaching and detaching are work of the transport alone, and the
 * end of a pool is work that many of them share (pool.c).
 */
#ifndef _ETRAN_H
#define _ETRAN_H

#ifdef __KERNEL__
#include <linux/hrtimer.h>
#include <linux/interrupt.h>
#include <linux/irq_work.h>
#include <linux/jiffies.h>
#include <linux/netdevice.h>
#include <linux/spinlock.h>
#include <linux/timerqueue.h>
#include <linux/workqueue.h>
#include <linux/xarray.h>
#include <net/xsk_hooks.h>
#include <net/xdp_sock_drv.h>
#else
#include "tx-shim.h"	/* tx.c is tested in user space */
#endif

/*
 * Protects the lists of transports, pools and exit records, and who belongs to
 * whom. Process context; a spinlock, so that nobody can sleep under it.
 */
extern spinlock_t etran_lock;

#endif /* _ETRAN_H */
