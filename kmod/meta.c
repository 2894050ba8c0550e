// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a NIC knows of a packet or can do for it, and what stands in for a NIC
 * that does not: times and the transmit checksum.
 *
 * A device counts as a NIC when there is hardware behind it (a parent). veth
 * has the operations too, but only hands on what is in the skb: the time of
 * another device, and a checksum that nobody has filled in, which XDP at the
 * peer would read.
 *
 * The checksum needs what stands in the packet and in its skb to be the
 * caller's: egress or whoever has taken it out of a bucket.
 */
#include <linux/if_ether.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/sched/task_stack.h>
#include <linux/skbuff.h>
#include <linux/tcp.h>
#include <linux/udp.h>
#include <net/checksum.h>
#include <net/ip.h>
#include <net/netdev_rx_queue.h>

#include "meta.h"
#include "pool.h"

static bool meta_is_nic(const struct net_device *dev)
{
	return dev->dev.parent;
}

/*
 * The operations cast the context to the driver's own type, so it must come
 * from the driver. Others name the device too: generic XDP and test runs have
 * the receive queue of the core, programs of cpumap and devmap one that was
 * never registered, test runs with live frames one on their stack.
 */
static bool meta_from_driver(const struct xdp_buff *xdp)
{
	struct xdp_rxq_info *rxq = xdp->rxq;
	const struct net_device *dev = rxq->dev;
	const void *core = dev->_rx;

	if ((void *)rxq >= core && (void *)rxq < (void *)(dev->_rx + dev->num_rx_queues))
		return false;
	return xdp_rxq_info_is_reg(rxq) && !object_is_on_stack(rxq);
}

/**
 * etran_meta_rx_time - when a packet was received
 * @xdp: context of the XDP program
 * @ns: time
 * Return: enum etran_clock.
 */
int etran_meta_rx_time(const struct xdp_buff *xdp, u64 *ns)
{
	const struct net_device *dev = xdp->rxq->dev;
	const struct xdp_metadata_ops *ops = dev->xdp_metadata_ops;

	if (ops && ops->xmo_rx_timestamp && meta_is_nic(dev) && meta_from_driver(xdp) &&
	    !ops->xmo_rx_timestamp((const struct xdp_md *)xdp, ns) && *ns)
		return ETRAN_CLOCK_NIC;
	*ns = ktime_get_ns();
	return ETRAN_CLOCK_SYSTEM;
}

/**
 * etran_meta_tx_time - when a packet of a queue was last sent
 * @ep: pool
 * @ns: time
 * Return: enum etran_clock, or -ENODATA when none was.
 */
int etran_meta_tx_time(const struct etran_pool *ep, u64 *ns)
{
	*ns = READ_ONCE(ep->hw_completed);
	if (*ns)
		return ETRAN_CLOCK_NIC;
	*ns = READ_ONCE(ep->completed_at);
	return *ns ? ETRAN_CLOCK_SYSTEM : -ENODATA;
}

/*
 * NICs are told where to sum and to store, but what they make of it follows
 * from the headers, and not all of them bear what cannot be. So a NIC gets
 * TCP and UDP right behind an IP header without tag and fragment.
 */
static bool meta_csum_plain(const u8 *data, u32 len, u32 start, u32 offset)
{
	const struct ipv6hdr *ip6 = (const void *)(data + ETH_HLEN);
	const struct iphdr *ip = (const void *)(data + ETH_HLEN);
	u8 proto;

	if (len < ETH_HLEN + sizeof(*ip))
		return false;
	switch (((const struct ethhdr *)data)->h_proto) {
	case htons(ETH_P_IP):
		if (ip->version != 4 || ip->ihl < 5 || ip_is_fragment(ip) ||
		    start != ETH_HLEN + ip->ihl * 4)
			return false;
		proto = ip->protocol;
		break;
	case htons(ETH_P_IPV6):
		if (start != ETH_HLEN + sizeof(*ip6) || ip6->version != 6)
			return false;
		proto = ip6->nexthdr;
		break;
	default:
		return false;
	}
	if (proto == IPPROTO_TCP)
		return offset == offsetof(struct tcphdr, check) &&
			len - start >= sizeof(struct tcphdr);
	return proto == IPPROTO_UDP && offset == offsetof(struct udphdr, check);
}

/* Have the stack ask the NIC, or do it itself when the NIC cannot after all. */
static bool meta_csum_nic(const struct etran_pool *ep, struct sk_buff *skb, u32 start,
			  u32 offset)
{
	const struct net_device *out;

	out = rcu_dereference_check(ep->out, rcu_read_lock_bh_held());
	if (!out || !meta_is_nic(out) || !(out->features & NETIF_F_CSUM_MASK) ||
	    !meta_csum_plain(skb->data, skb->len, start, offset))
		return false;
	skb->protocol = ((const struct ethhdr *)skb->data)->h_proto;
	skb_reset_mac_header(skb);
	skb_set_network_header(skb, ETH_HLEN);
	return skb_partial_csum_set(skb, start, offset);
}

/**
 * etran_meta_csum - complete an Internet checksum up to the end of a packet
 * @f: its frame
 * @data: its bytes
 * @len: how many
 * @start: first byte that counts
 * @offset: from there to the checksum, which has the rest's sum in it
 * Return: 1 the NIC will, 0 done, -EINVAL, -EALREADY the NIC has another to do.
 */
int etran_meta_csum(struct etran_frame *f, u8 *data, u32 len, u32 start, u32 offset)
{
	struct etran_pool *ep = container_of(f->frames, struct etran_pool, fs);
	struct sk_buff *skb = f->skb;
	__sum16 sum;

	if (start > len || offset > len - start || len - start - offset < sizeof(sum) ||
	    offset & 1)
		return -EINVAL;
	if (skb && skb->ip_summed == CHECKSUM_PARTIAL) {
		if (start == skb_checksum_start_offset(skb) && offset == skb->csum_offset)
			return 1;
		return -EALREADY;
	}
	if (skb && meta_csum_nic(ep, skb, start, offset))
		return 1;
	sum = csum_fold(csum_partial(data + start, len - start, 0)) ?: CSUM_MANGLED_0;
	memcpy(data + start + offset, &sum, sizeof(sum));
	return 0;
}
