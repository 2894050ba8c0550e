// SPDX-License-Identifier: GPL-2.0-only
/*
 * Generic netlink, as uapi/etran.yaml says: handlers parse, lock, call one
 * function of the noun's file. Each request sees its network namespace only.
 */
#include <net/genetlink.h>
#include <net/sock.h>

#include "account.h"
#include "exit.h"
#include "generated/netlink.h"
#include "netlink.h"
#include "pool.h"
#include "transport.h"

/*
 * The generator knows no permissions of a group: events need the same as the
 * requests that show the same.
 */
static const struct genl_multicast_group netlink_groups[] = {
	[ETRAN_NLGRP_EVENTS] = {
		.name	= ETRAN_MCGRP_EVENTS,
		.flags	= GENL_MCAST_CAP_NET_ADMIN,
	},
};

static int put_counters(struct sk_buff *msg, int type, const struct etran_counters *cnt)
{
	const u64 value[] = {
		[ETRAN_A_COUNTERS_PEEKED]	= cnt->peeked,
		[ETRAN_A_COUNTERS_SENT]		= cnt->sent,
		[ETRAN_A_COUNTERS_HELD]		= cnt->held,
		[ETRAN_A_COUNTERS_DROPPED]	= cnt->dropped,
		[ETRAN_A_COUNTERS_BAD_VERDICT]	= cnt->bad_verdict,
		[ETRAN_A_COUNTERS_BUSY_CHUNK]	= cnt->busy_chunk,
		[ETRAN_A_COUNTERS_COMPLETED]	= cnt->completed,
		[ETRAN_A_COUNTERS_HOLDING]	= cnt->holding,
		[ETRAN_A_COUNTERS_GEN_REQUESTS]	= cnt->gen_requests,
		[ETRAN_A_COUNTERS_GEN_SENT]	= cnt->gen_sent,
		[ETRAN_A_COUNTERS_GEN_SKIPPED]	= cnt->gen_skipped,
		[ETRAN_A_COUNTERS_GEN_FAILED]	= cnt->gen_failed,
		[ETRAN_A_COUNTERS_TIMER_RUNS]	= cnt->timer_runs,
		[ETRAN_A_COUNTERS_IN_NIC]	= cnt->in_nic,
		[ETRAN_A_COUNTERS_CQ_FULL]	= cnt->cq_full,
		[ETRAN_A_COUNTERS_REFUSED]	= cnt->refused,
	};
	struct nlattr *nest;
	int i;

	BUILD_BUG_ON(ARRAY_SIZE(value) != ETRAN_A_COUNTERS_MAX + 1);
	nest = nla_nest_start(msg, type);
	if (!nest)
		return -EMSGSIZE;
	for (i = ETRAN_A_COUNTERS_PEEKED; i <= ETRAN_A_COUNTERS_MAX; i++)
		if (nla_put_u64_64bit(msg, i, value[i], ETRAN_A_COUNTERS_PAD))
			return -EMSGSIZE;
	nla_nest_end(msg, nest);
	return 0;
}

static int put_transport(struct sk_buff *msg, const struct etran_transport *tr)
{
	struct etran_counters cnt = {};
	struct etran_pool *ep;

	etran_transport_count(tr, &cnt);
	list_for_each_entry_rcu(ep, &etran_pools, list)
		if (rcu_access_pointer(ep->tr) == tr)
			etran_pool_count(ep, &cnt);

	return nla_put_string(msg, ETRAN_A_TRANSPORT_NAME, tr->name) ?:
		nla_put_u32(msg, ETRAN_A_TRANSPORT_ID, tr->id) ?:
		nla_put_u32(msg, ETRAN_A_TRANSPORT_MAP_ID, tr->map_id) ?:
		nla_put_u32(msg, ETRAN_A_TRANSPORT_QUEUES, tr->queues) ?:
		put_counters(msg, ETRAN_A_TRANSPORT_COUNTERS, &cnt);
}

static int put_queue(struct sk_buff *msg, struct etran_pool *ep)
{
	u64 hw = READ_ONCE(ep->hw_completed), at = READ_ONCE(ep->completed_at);
	struct etran_counters cnt = {};
	int err;

	etran_pool_count(ep, &cnt);
	err = nla_put_u32(msg, ETRAN_A_QUEUE_IFINDEX, ep->ifindex) ?:
		nla_put_u32(msg, ETRAN_A_QUEUE_QUEUE, ep->queue) ?:
		nla_put_u32(msg, ETRAN_A_QUEUE_TENANT, ep->tenant) ?:
		nla_put_string(msg, ETRAN_A_QUEUE_TRANSPORT, ep->name) ?:
		nla_put_u32(msg, ETRAN_A_QUEUE_UMEM_ID, ep->umem_id) ?:
		nla_put_u8(msg, ETRAN_A_QUEUE_ZEROCOPY, ep->zc) ?:
		nla_put_u32(msg, ETRAN_A_QUEUE_STALL, READ_ONCE(ep->stall)) ?:
		nla_put_u8(msg, ETRAN_A_QUEUE_STRICT, etran_pool_strict(ep)) ?:
		put_counters(msg, ETRAN_A_QUEUE_COUNTERS, &cnt);
	if (!err && ep->out_ifindex != ep->ifindex)
		err = nla_put_u32(msg, ETRAN_A_QUEUE_OUT_IFINDEX, ep->out_ifindex);
	if (!err && hw)
		err = nla_put_u64_64bit(msg, ETRAN_A_QUEUE_HW_COMPLETED, hw,
					ETRAN_A_QUEUE_PAD);
	if (!err && at)
		err = nla_put_u64_64bit(msg, ETRAN_A_QUEUE_COMPLETED_AT, at,
					ETRAN_A_QUEUE_PAD);
	return err;
}

/*
 * Dumps go through the lists under RCU: they hold no lock while they count, and
 * what ends in between is in none of the next messages. They go on behind the
 * id of the last object that fitted.
 */

/* One object of a dump; false when the message is full. */
static bool dump_end(struct sk_buff *msg, void *hdr, int err)
{
	if (err) {
		genlmsg_cancel(msg, hdr);
		return false;
	}
	genlmsg_end(msg, hdr);
	return true;
}

int etran_nl_transport_get_dumpit(struct sk_buff *skb, struct netlink_callback *cb)
{
	u64 cookie = sock_net(skb->sk)->net_cookie;
	struct etran_transport *tr;
	void *hdr;

	rcu_read_lock();
	list_for_each_entry_rcu(tr, &etran_transports, list) {
		if (tr->net_cookie != cookie || tr->id <= (u32)cb->args[0])
			continue;
		hdr = genlmsg_put(skb, NETLINK_CB(cb->skb).portid, cb->nlh->nlmsg_seq,
				  &etran_nl_family, NLM_F_MULTI,
				  ETRAN_CMD_TRANSPORT_GET);
		if (!hdr || !dump_end(skb, hdr, put_transport(skb, tr)))
			break;
		cb->args[0] = tr->id;
	}
	rcu_read_unlock();
	return skb->len;
}

int etran_nl_queue_get_dumpit(struct sk_buff *skb, struct netlink_callback *cb)
{
	u64 cookie = sock_net(skb->sk)->net_cookie;
	struct etran_pool *ep;
	void *hdr;

	rcu_read_lock();
	list_for_each_entry_rcu(ep, &etran_pools, list) {
		if (ep->net_cookie != cookie || READ_ONCE(ep->ended) ||
		    ep->id <= (u64)cb->args[0])
			continue;
		hdr = genlmsg_put(skb, NETLINK_CB(cb->skb).portid, cb->nlh->nlmsg_seq,
				  &etran_nl_family, NLM_F_MULTI, ETRAN_CMD_QUEUE_GET);
		if (!hdr || !dump_end(skb, hdr, put_queue(skb, ep)))
			break;
		cb->args[0] = ep->id;
	}
	rcu_read_unlock();
	return skb->len;
}

static int put_exit(struct sk_buff *msg, const struct etran_exit_record *r)
{
	int err;

	err = nla_put_string(msg, ETRAN_A_TRANSPORT_NAME, r->name) ?:
		nla_put_u32(msg, ETRAN_A_TRANSPORT_ID, r->id) ?:
		nla_put_u32(msg, ETRAN_A_TRANSPORT_EXIT_KIND, r->info.kind) ?:
		nla_put_s32(msg, ETRAN_A_TRANSPORT_EXIT_CODE, r->info.code) ?:
		nla_put_string(msg, ETRAN_A_TRANSPORT_EXIT_MSG, r->info.msg) ?:
		nla_put_u64_64bit(msg, ETRAN_A_TRANSPORT_EXIT_TIME, r->time,
				  ETRAN_A_TRANSPORT_PAD);
	if (!err && r->dump)
		err = nla_put(msg, ETRAN_A_TRANSPORT_EXIT_DUMP, r->dump_len + 1, r->dump);
	return err;
}

int etran_nl_exit_get_start(struct netlink_callback *cb)
{
	/* The longest record has to fit into a message. */
	cb->min_dump_alloc = ETRAN_DUMP_LEN + 1024;
	return 0;
}

int etran_nl_exit_get_dumpit(struct sk_buff *skb, struct netlink_callback *cb)
{
	u64 cookie = sock_net(skb->sk)->net_cookie;
	const struct etran_exit_record *r;
	u32 i = cb->args[0];
	void *hdr;

	spin_lock(&etran_lock);
	for (; (r = etran_exit_get(i)); i++) {
		if (r->net_cookie != cookie)
			continue;
		hdr = genlmsg_put(skb, NETLINK_CB(cb->skb).portid, cb->nlh->nlmsg_seq,
				  &etran_nl_family, NLM_F_MULTI, ETRAN_CMD_EXIT_GET);
		if (!hdr || !dump_end(skb, hdr, put_exit(skb, r)))
			break;
	}
	spin_unlock(&etran_lock);
	cb->args[0] = i;
	return skb->len;
}

/* The parser takes the last of two; who says two things shall hear of it. */
int etran_nl_pre_doit(const struct genl_split_ops *ops, struct sk_buff *skb,
		      struct genl_info *info)
{
	const struct nlattr *attr;
	u64 seen = 0;
	int rem;

	BUILD_BUG_ON(ETRAN_A_QUEUE_MAX > 63 || ETRAN_A_TRANSPORT_MAX > 63);
	/* No type is beyond ops->maxattr: that was looked at before. */
	nlmsg_for_each_attr(attr, info->nlhdr, GENL_HDRLEN, rem) {
		if (seen & BIT_ULL(nla_type(attr))) {
			NL_SET_ERR_MSG_ATTR(info->extack, attr, "attribute given twice");
			return -EINVAL;
		}
		seen |= BIT_ULL(nla_type(attr));
	}
	return 0;
}

int etran_nl_transport_detach_doit(struct sk_buff *skb, struct genl_info *info)
{
	int err;

	if (GENL_REQ_ATTR_CHECK(info, ETRAN_A_TRANSPORT_NAME))
		return -EINVAL;

	err = etran_transport_end_named(genl_info_net(info)->net_cookie,
					nla_data(info->attrs[ETRAN_A_TRANSPORT_NAME]));
	if (err == -ENOENT)
		NL_SET_ERR_MSG(info->extack, "no such transport");
	else if (err == -EINPROGRESS)
		NL_SET_ERR_MSG(info->extack, "its dump or exit program still runs");
	return err;
}

int etran_nl_queue_bind_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct etran_bind req = { .why = "no memory" };
	struct sk_buff *msg;
	void *hdr;
	int err;

	if (GENL_REQ_ATTR_CHECK(info, ETRAN_A_QUEUE_FD) ||
	    GENL_REQ_ATTR_CHECK(info, ETRAN_A_QUEUE_TENANT) ||
	    GENL_REQ_ATTR_CHECK(info, ETRAN_A_QUEUE_TRANSPORT))
		return -EINVAL;

	/* Before the bind, which cannot be undone. */
	msg = genlmsg_new(NLMSG_GOODSIZE, GFP_KERNEL);
	if (!msg)
		return -ENOMEM;
	hdr = genlmsg_put_reply(msg, info, &etran_nl_family, 0, ETRAN_CMD_QUEUE_BIND);
	if (!hdr) {
		nlmsg_free(msg);
		return -EMSGSIZE;
	}

	req.fd = nla_get_s32(info->attrs[ETRAN_A_QUEUE_FD]);
	req.tenant = nla_get_u32(info->attrs[ETRAN_A_QUEUE_TENANT]);
	req.name = nla_data(info->attrs[ETRAN_A_QUEUE_TRANSPORT]);
	req.out_ifindex = nla_get_u32_default(info->attrs[ETRAN_A_QUEUE_OUT_IFINDEX], 0);
	req.shadow = nla_get_u32_default(info->attrs[ETRAN_A_QUEUE_SHADOW], 0);
	err = etran_pool_bind(genl_info_net(info), &req);
	if (err) {
		NL_SET_ERR_MSG_FMT(info->extack, "%s", req.why);
		nlmsg_free(msg);
		return err;
	}
	if (nla_put_u32(msg, ETRAN_A_QUEUE_IFINDEX, req.ifindex) ||
	    nla_put_u32(msg, ETRAN_A_QUEUE_QUEUE, req.queue) ||
	    nla_put_u32(msg, ETRAN_A_QUEUE_UMEM_ID, req.umem_id)) {
		nlmsg_free(msg);
		return -EMSGSIZE;
	}
	genlmsg_end(msg, hdr);
	return genlmsg_reply(msg, info);
}

static struct sk_buff *event_new(u8 cmd, void **hdr)
{
	struct sk_buff *msg = genlmsg_new(NLMSG_GOODSIZE, GFP_KERNEL);

	if (!msg)
		return NULL;
	*hdr = genlmsg_put(msg, 0, 0, &etran_nl_family, 0, cmd);
	if (!*hdr) {
		nlmsg_free(msg);
		return NULL;
	}
	return msg;
}

/* @net: with a reference, which is put; NULL when there is nobody to tell */
static void event_send(struct sk_buff *msg, void *hdr, struct net *net, int err)
{
	if (!net || err) {
		nlmsg_free(msg);
	} else {
		genlmsg_end(msg, hdr);
		genlmsg_multicast_netns(&etran_nl_family, net, msg, 0,
					ETRAN_NLGRP_EVENTS, GFP_KERNEL);
	}
	if (net)
		put_net(net);
}

/**
 * etran_netlink_transport_exit - tell that a transport ended
 * @tr: transport
 */
void etran_netlink_transport_exit(struct etran_transport *tr)
{
	struct sk_buff *msg;
	void *hdr;

	msg = event_new(ETRAN_CMD_TRANSPORT_EXIT_NTF, &hdr);
	if (!msg)
		return;
	event_send(msg, hdr, etran_transport_get_net(tr),
		   nla_put_string(msg, ETRAN_A_TRANSPORT_NAME, tr->name) ?:
		   nla_put_u32(msg, ETRAN_A_TRANSPORT_ID, tr->id) ?:
		   nla_put_u32(msg, ETRAN_A_TRANSPORT_EXIT_KIND, tr->info.kind) ?:
		   nla_put_s32(msg, ETRAN_A_TRANSPORT_EXIT_CODE, tr->info.code) ?:
		   nla_put_string(msg, ETRAN_A_TRANSPORT_EXIT_MSG, tr->info.msg));
}

/**
 * etran_netlink_queue_gone - tell that a bound queue ended
 * @ep: pool
 */
void etran_netlink_queue_gone(struct etran_pool *ep)
{
	struct sk_buff *msg;
	void *hdr;

	msg = event_new(ETRAN_CMD_QUEUE_GONE_NTF, &hdr);
	if (!msg)
		return;
	event_send(msg, hdr, etran_pool_get_net(ep),
		   nla_put_u32(msg, ETRAN_A_QUEUE_IFINDEX, ep->ifindex) ?:
		   nla_put_u32(msg, ETRAN_A_QUEUE_QUEUE, ep->queue) ?:
		   nla_put_u32(msg, ETRAN_A_QUEUE_TENANT, ep->tenant));
}

/**
 * etran_netlink_init - register the family
 * Return: 0 or errno.
 */
int __init etran_netlink_init(void)
{
	etran_nl_family.mcgrps = netlink_groups;
	BUILD_BUG_ON(ARRAY_SIZE(netlink_groups) != ETRAN_NLGRP_EVENTS + 1);
	return genl_register_family(&etran_nl_family);
}

/**
 * etran_netlink_exit - undo etran_netlink_init()
 */
void etran_netlink_exit(void)
{
	genl_unregister_family(&etran_nl_family);
}
