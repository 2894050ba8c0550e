/* SPDX-License-Identifier: ((GPL-2.0 WITH Linux-syscall-note) OR BSD-3-Clause) */
/* Do not edit directly, auto-generated from: */
/*	Documentation/netlink/specs/etran.yaml */
/* YNL-GEN kernel header */
/* To regenerate run: tools/net/ynl/ynl-regen.sh */

#ifndef _LINUX_ETRAN_GEN_H
#define _LINUX_ETRAN_GEN_H

#include <net/netlink.h>
#include <net/genetlink.h>

#include <uapi/linux/etran.h>

int etran_nl_pre_doit(const struct genl_split_ops *ops, struct sk_buff *skb,
		      struct genl_info *info);
int etran_nl_exit_get_start(struct netlink_callback *cb);

int etran_nl_transport_get_dumpit(struct sk_buff *skb,
				  struct netlink_callback *cb);
int etran_nl_transport_detach_doit(struct sk_buff *skb, struct genl_info *info);
int etran_nl_queue_get_dumpit(struct sk_buff *skb, struct netlink_callback *cb);
int etran_nl_queue_bind_doit(struct sk_buff *skb, struct genl_info *info);
int etran_nl_exit_get_dumpit(struct sk_buff *skb, struct netlink_callback *cb);

enum {
	ETRAN_NLGRP_EVENTS,
};

extern struct genl_family etran_nl_family;

#endif /* _LINUX_ETRAN_GEN_H */
