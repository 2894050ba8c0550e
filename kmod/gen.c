// SPDX-License-Identifier: GPL-2.0-only
/*
 * Packets that a transport makes: acknowledgements, credits.
 *
 * A request is queued on the CPU that makes it, under etran_cpu->lock. The
 * gen program runs on that CPU at the end of the NAPI poll, or in the softirq
 * work that each request schedules, since drivers flush only after a redirect.
 * Frames leave through the driver's bulk ndo_xdp_xmit(); where it has none or
 * takes none, as an skb.
 */
#include <linux/bpf.h>
#include <linux/etherdevice.h>
#include <linux/netdevice.h>
#include <linux/skbuff.h>
#include <net/page_pool/helpers.h>
#include <net/xdp.h>

#include "etran.h"
#include "trace.h"

#define ETRAN_GEN_BUDGET	64
#define ETRAN_GEN_BULK		16

/**
 * etran_gen_init - get ready to generate
 * @c: CPU of a transport with a gen program
 * Return: 0 or -ENOMEM.
 */
int etran_gen_init(struct etran_cpu *c)
{
	struct page_pool_params pp = {
		.pool_size	= 256,
		.nid		= cpu_to_node(c->cpu),
	};

	c->req = kvcalloc(ETRAN_GEN_QUEUE, sizeof(*c->req), GFP_KERNEL_ACCOUNT);
	if (!c->req)
		return -ENOMEM;
	c->pp = page_pool_create(&pp);
	if (IS_ERR(c->pp)) {
		int err = PTR_ERR(c->pp);

		c->pp = NULL;
		return err;
	}
	return 0;
}

/**
 * etran_gen_free - undo etran_gen_init(), also when it failed
 * @c: CPU
 */
void etran_gen_free(struct etran_cpu *c)
{
	if (c->page)
		page_pool_put_full_page(c->pp, c->page, false);
	if (c->pp)
		page_pool_destroy(c->pp);
	kvfree(c->req);
}

/**
 * etran_gen_request - queue one frame to generate
 * @tr: transport, alive
 * @cookie: for the gen program
 * @ifindex: device
 *
 * Any context but hard interrupt; under RCU.
 *
 * Return: 0, -ENOSPC, -EOPNOTSUPP.
 */
int etran_gen_request(struct etran_transport *tr, u64 cookie, u32 ifindex)
{
	struct etran_cpu *c;
	unsigned long flags;
	int err = -ENOSPC;

	if (!tr->ops->gen)
		return -EOPNOTSUPP;

	local_irq_save(flags);
	c = this_cpu_ptr(tr->cpu);
	raw_spin_lock(&c->lock);
	if (c->req_head - c->req_tail < ETRAN_GEN_QUEUE) {
		c->req[c->req_head % ETRAN_GEN_QUEUE] = (struct etran_gen_req) {
			.cookie = cookie,
			.ifindex = ifindex,
		};
		WRITE_ONCE(c->req_head, c->req_head + 1);
		c->gen_requests++;
		err = 0;
	}
	raw_spin_unlock(&c->lock);
	if (!err)
		tasklet_schedule(&c->work);
	local_irq_restore(flags);
	return err;
}

static bool gen_next(struct etran_cpu *c, struct etran_gen_req *req)
{
	unsigned long flags;
	bool ok;

	raw_spin_lock_irqsave(&c->lock, flags);
	ok = c->req_head != c->req_tail;
	if (ok)
		*req = c->req[c->req_tail++ % ETRAN_GEN_QUEUE];
	raw_spin_unlock_irqrestore(&c->lock, flags);
	return ok;
}

static struct xdp_frame *gen_make(struct etran_cpu *c, const struct etran_gen_req *req,
				  struct net_device *dev)
{
	struct etran_gen_ctx ctx = {
		.gen = {
			.cookie = req->cookie,
			.ifindex = req->ifindex,
			.cpu = c->cpu,
		},
	};
	struct xdp_frame *xdpf;
	unsigned long start;
	struct page *page;
	int len;

	page = c->page ?: page_pool_dev_alloc_pages(c->pp);
	if (!page) {
		c->gen_failed++;
		return NULL;
	}
	c->page = NULL;

	xdpf = page_address(page);
	ctx.data = page_address(page) + XDP_PACKET_HEADROOM;
	memset(ctx.data, 0, ETRAN_GEN_FRAME_LEN);
	start = jiffies;
	len = c->tr->ops->gen(&ctx.gen);
	etran_exit_slow(c->tr, start, "gen");
	trace_etran_gen(c->tr, req->ifindex, req->cookie, len, ctx.data);
	if (len < ETH_HLEN || len > ETRAN_GEN_FRAME_LEN) {
		c->page = page;
		c->gen_skipped++;
		if (len > 0)
			etran_exit_bad(c->tr, "gen");
		return NULL;
	}

	*xdpf = (struct xdp_frame) {
		.data		= ctx.data,
		.len		= len,
		.headroom	= XDP_PACKET_HEADROOM - sizeof(*xdpf),
		.mem_type	= MEM_TYPE_PAGE_POOL,
		.dev_rx		= dev,
		.frame_sz	= PAGE_SIZE,
	};
	return xdpf;
}

static bool gen_send_skb(struct xdp_frame *xdpf, struct net_device *dev)
{
	struct sk_buff *skb;
	int ret;

	skb = alloc_skb(LL_RESERVED_SPACE(dev) + xdpf->len + dev->needed_tailroom,
			GFP_ATOMIC);
	if (!skb)
		return false;
	skb_reserve(skb, LL_RESERVED_SPACE(dev));
	skb_put_data(skb, xdpf->data, xdpf->len);
	skb_reset_mac_header(skb);
	skb->protocol = eth_hdr(skb)->h_proto;
	skb->dev = dev;

	ret = __dev_direct_xmit(skb, smp_processor_id() % dev->real_num_tx_queues);
	if (ret == NETDEV_TX_BUSY)
		kfree_skb(skb);
	return ret == NETDEV_TX_OK || ret == NET_XMIT_CN;
}

static void gen_send(struct etran_cpu *c, struct net_device *dev,
		     struct xdp_frame **frame, u32 n)
{
	int sent = 0;
	u32 i;

	if (!n)
		return;

	if (dev->xdp_features & NETDEV_XDP_ACT_NDO_XMIT &&
	    dev->netdev_ops->ndo_xdp_xmit && netif_running(dev) &&
	    netif_carrier_ok(dev))
		sent = dev->netdev_ops->ndo_xdp_xmit(dev, n, frame, XDP_XMIT_FLUSH);
	if (sent < 0)
		sent = 0;
	c->gen_sent += sent;

	for (i = sent; i < n; i++) {
		if (gen_send_skb(frame[i], dev))
			c->gen_sent++;
		else
			c->gen_failed++;
		xdp_return_frame(frame[i]);
	}
}

/**
 * etran_gen_run - serve the requests of this CPU
 * @c: CPU; BH disabled, under RCU
 * Return: true when there is more.
 */
bool etran_gen_run(struct etran_cpu *c)
{
	struct xdp_frame *frame[ETRAN_GEN_BULK];
	struct net_device *dev = NULL;
	struct etran_gen_req req;
	u32 n = 0, budget;

	for (budget = ETRAN_GEN_BUDGET; budget && gen_next(c, &req); budget--) {
		if (READ_ONCE(c->tr->ending))
			continue;
		if (!dev || dev->ifindex != req.ifindex || n == ETRAN_GEN_BULK) {
			gen_send(c, dev, frame, n);
			n = 0;
			dev = dev_get_by_index_rcu(c->tr->net, req.ifindex);
		}
		if (!dev) {
			c->gen_failed++;
			continue;
		}
		frame[n] = gen_make(c, &req, dev);
		if (frame[n])
			n++;
	}
	gen_send(c, dev, frame, n);
	return READ_ONCE(c->req_head) != c->req_tail;
}

/**
 * etran_gen_flush - end of a NAPI poll on this CPU (hook)
 */
void etran_gen_flush(void)
{
	struct etran_transport *tr;
	struct etran_cpu *c;

	rcu_read_lock();
	list_for_each_entry_rcu(tr, &etran_transports, list) {
		c = this_cpu_ptr(tr->cpu);
		if (READ_ONCE(c->req_head) != c->req_tail)
			etran_gen_run(c);
	}
	rcu_read_unlock();
}
