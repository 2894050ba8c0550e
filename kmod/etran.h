/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What all of etran.ko shares; each noun has a header of its own. What a file
 * owns and which locks it takes stands at its top. Lock order, outermost first:
 *
 *   socket's mutex or RTNL -> etran_mutex
 *   driver's queue lock or socket's mutex -> the transport's bpf_spin_lock
 *	-> one of: bucket->lock, frames->lock, etran_cpu->lock (raw leaves)
 */
#ifndef _ETRAN_H
#define _ETRAN_H

#ifdef __KERNEL__
#include <linux/hrtimer.h>
#include <linux/interrupt.h>
#include <linux/irq_work.h>
#include <linux/jiffies.h>
#include <linux/mutex.h>
#include <linux/netdevice.h>
#include <linux/timerqueue.h>
#include <linux/workqueue.h>
#include <net/xsk_hooks.h>
#include <net/xdp_sock_drv.h>
#else
#include "tx-shim.h"	/* tx.c is tested in user space */
#endif

/* Serialises everything in process context: transports, pools. */
extern struct mutex etran_mutex;

#endif /* _ETRAN_H */
