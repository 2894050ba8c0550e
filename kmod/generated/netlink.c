// SPDX-License-Identifier: ((GPL-2.0 WITH Linux-syscall-note) OR BSD-3-Clause)
/* Do not edit directly, auto-generated from: */
/*	Documentation/netlink/specs/etran.yaml */
/* YNL-GEN kernel source */
/* To regenerate run: tools/net/ynl/ynl-regen.sh */

#include <net/netlink.h>
#include <net/genetlink.h>

#include "netlink.h"

#include <uapi/linux/etran.h>

/* ETRAN_CMD_TRANSPORT_DETACH - do */
static const struct nla_policy etran_transport_detach_nl_policy[ETRAN_A_TRANSPORT_NAME + 1] = {
	[ETRAN_A_TRANSPORT_NAME] = { .type = NLA_NUL_STRING, .len = 15, },
};

/* ETRAN_CMD_QUEUE_BIND - do */
static const struct nla_policy etran_queue_bind_nl_policy[ETRAN_A_QUEUE_SHADOW + 1] = {
	[ETRAN_A_QUEUE_FD] = { .type = NLA_S32, },
	[ETRAN_A_QUEUE_TENANT] = NLA_POLICY_MIN(NLA_U32, 1),
	[ETRAN_A_QUEUE_TRANSPORT] = { .type = NLA_NUL_STRING, .len = 15, },
	[ETRAN_A_QUEUE_OUT_IFINDEX] = NLA_POLICY_MIN(NLA_U32, 1),
	[ETRAN_A_QUEUE_SHADOW] = NLA_POLICY_MIN(NLA_U32, 1),
};

/* Ops table for etran */
static const struct genl_split_ops etran_nl_ops[] = {
	{
		.cmd	= ETRAN_CMD_TRANSPORT_GET,
		.dumpit	= etran_nl_transport_get_dumpit,
		.flags	= GENL_UNS_ADMIN_PERM | GENL_CMD_CAP_DUMP,
	},
	{
		.cmd		= ETRAN_CMD_TRANSPORT_DETACH,
		.pre_doit	= etran_nl_pre_doit,
		.doit		= etran_nl_transport_detach_doit,
		.policy		= etran_transport_detach_nl_policy,
		.maxattr	= ETRAN_A_TRANSPORT_NAME,
		.flags		= GENL_ADMIN_PERM | GENL_CMD_CAP_DO,
	},
	{
		.cmd	= ETRAN_CMD_QUEUE_GET,
		.dumpit	= etran_nl_queue_get_dumpit,
		.flags	= GENL_UNS_ADMIN_PERM | GENL_CMD_CAP_DUMP,
	},
	{
		.cmd		= ETRAN_CMD_QUEUE_BIND,
		.pre_doit	= etran_nl_pre_doit,
		.doit		= etran_nl_queue_bind_doit,
		.policy		= etran_queue_bind_nl_policy,
		.maxattr	= ETRAN_A_QUEUE_SHADOW,
		.flags		= GENL_ADMIN_PERM | GENL_CMD_CAP_DO,
	},
	{
		.cmd	= ETRAN_CMD_EXIT_GET,
		.start	= etran_nl_exit_get_start,
		.dumpit	= etran_nl_exit_get_dumpit,
		.flags	= GENL_UNS_ADMIN_PERM | GENL_CMD_CAP_DUMP,
	},
};

static const struct genl_multicast_group etran_nl_mcgrps[] = {
	[ETRAN_NLGRP_EVENTS] = { "events", },
};

struct genl_family etran_nl_family __ro_after_init = {
	.name		= ETRAN_FAMILY_NAME,
	.version	= ETRAN_FAMILY_VERSION,
	.netnsok	= true,
	.parallel_ops	= true,
	.module		= THIS_MODULE,
	.split_ops	= etran_nl_ops,
	.n_split_ops	= ARRAY_SIZE(etran_nl_ops),
	.mcgrps		= etran_nl_mcgrps,
	.n_mcgrps	= ARRAY_SIZE(etran_nl_mcgrps),
};
