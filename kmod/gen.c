// SPDX-License-Identifier: GPL-2.0-only
/*
 * Packets that a transport makes: acknowledgements, credits.
 *
 * A request is queued on the CPU that makes it. The gen program runs on that CPU at
 * the end of the NAPI poll, or in the round that each request asks for (cpu.c),
 * since drivers flush only after a redirect. The ring of requests needs no lock: who
 * asks has interrupts off, who serves has BH disabled, and nobody asks in a hard
 * interrupt.
 * Frames leave through the driver's bulk ndo_xdp_xmit(); where it has none or
 * takes none, as an skb. If the queue is too full for that, too, they wait, and
 * the requests behind them with them. So it is the asking that fails when a
 * device is slow; one that stands still costs no more than 20 ms, once: each device
 * that was given up is remembered, however many there are, until it takes a frame.
 */
#include <linux/bpf.h>
#include <linux/etherdevice.h>
#include <linux/netdevice.h>
#include <linux/skbuff.h>
#include <net/page_pool/helpers.h>
#include <net/xdp.h>

#include "exit.h"
#include "gen.h"
#include "run.h"
#include "timer.h"
#include "trace.h"
#include "transport.h"

/* Requests that wait on one CPU. */
#define ETRAN_GEN_QUEUE		1024
/* The ring has room for so many at first, and more when it is needed. */
#define ETRAN_GEN_QUEUE_MIN	32
/* Pages that a CPU keeps. */
#define ETRAN_GEN_PAGES		64
#define ETRAN_GEN_BUDGET	64

/* A busy device is tried again after 50 us, then twice as long, up to 1.6 ms. */
#define ETRAN_GEN_RETRY_NS	(50 * NSEC_PER_USEC)
#define ETRAN_GEN_BACKOFF	5
/* So many times, which makes 19 ms; then it takes nothing, and no one waits. */
#define ETRAN_GEN_RETRIES	16

/**
 * etran_gen_init - get ready to generate
 * @c: CPU of a transport with a gen program
 * Return: 0 or -ENOMEM.
 */
int etran_gen_init(struct etran_cpu *c)
{
	struct page_pool_params pp = {
		.pool_size	= ETRAN_GEN_PAGES,
		.nid		= cpu_to_node(c->cpu),
	};

	c->req = kcalloc(ETRAN_GEN_QUEUE_MIN, sizeof(*c->req), GFP_KERNEL_ACCOUNT);
	if (!c->req)
		return -ENOMEM;
	c->req_size = ETRAN_GEN_QUEUE_MIN;
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
	xa_destroy(&c->gen_stuck);
	if (c->page)
		page_pool_put_full_page(c->pp, c->page, false);
	if (c->pp)
		page_pool_destroy(c->pp);
	kfree(c->req);
}

static bool gen_grow(struct etran_cpu *c)
{
	u32 size = c->req_size * 2, i;
	struct etran_gen_req *req;

	if (size > ETRAN_GEN_QUEUE)
		return false;
	req = kmalloc_array(size, sizeof(*req), GFP_ATOMIC | __GFP_NOWARN);
	if (!req)
		return false;
	for (i = c->req_tail; i != c->req_head; i++)
		req[i % size] = c->req[i % c->req_size];
	kfree(c->req);
	c->req = req;
	c->req_size = size;
	return true;
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
	if (c->req_head - c->req_tail < c->req_size || gen_grow(c)) {
		c->req[c->req_head % c->req_size] = (struct etran_gen_req) {
			.cookie = cookie,
			.ifindex = ifindex,
		};
		WRITE_ONCE(c->req_head, c->req_head + 1);
		c->gen_requests++;
		err = 0;
	}
	if (!err)
		etran_cpu_schedule(c);
	local_irq_restore(flags);
	return err;
}

static bool gen_first(const struct etran_cpu *c, struct etran_gen_req *req)
{
	if (READ_ONCE(c->req_head) == c->req_tail)
		return false;
	*req = c->req[c->req_tail % c->req_size];
	return true;
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
	len = c->tr->ops->gen(&ctx.gen);
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

static int gen_send_skb(struct xdp_frame *xdpf, struct net_device *dev)
{
	struct sk_buff *skb;
	int ret;

	skb = alloc_skb(LL_RESERVED_SPACE(dev) + xdpf->len + dev->needed_tailroom,
			GFP_ATOMIC);
	if (!skb)
		return -ENOMEM;
	skb_reserve(skb, LL_RESERVED_SPACE(dev));
	skb_put_data(skb, xdpf->data, xdpf->len);
	skb_reset_mac_header(skb);
	skb->protocol = eth_hdr(skb)->h_proto;
	skb->dev = dev;

	ret = __dev_direct_xmit(skb, smp_processor_id() % dev->real_num_tx_queues);
	if (ret == NETDEV_TX_BUSY) {
		kfree_skb(skb);
		return -EBUSY;
	}
	return ret == NETDEV_TX_OK || ret == NET_XMIT_CN ? 0 : -EIO;
}

/* virtio_net leaves its own header in front of the frame that did not fit. */
static void gen_restore(struct xdp_frame *xdpf)
{
	void *data = (void *)xdpf + XDP_PACKET_HEADROOM;
	u32 more = data - xdpf->data;

	xdpf->data += more;
	xdpf->len -= more;
	xdpf->headroom += more;
}

/* Return: how many frames are gone; the device was too busy for the others. */
static u32 gen_send(struct etran_cpu *c, struct net_device *dev)
{
	int sent = 0, err;
	u32 i;

	if (dev && dev->xdp_features & NETDEV_XDP_ACT_NDO_XMIT &&
	    dev->netdev_ops->ndo_xdp_xmit && netif_running(dev) &&
	    netif_carrier_ok(dev))
		sent = dev->netdev_ops->ndo_xdp_xmit(dev, c->nr_frames, c->frame,
						     XDP_XMIT_FLUSH);
	if (sent < 0)
		sent = 0;
	c->gen_sent += sent;

	for (i = sent; i < c->nr_frames; i++) {
		gen_restore(c->frame[i]);
		err = dev ? gen_send_skb(c->frame[i], dev) : -ENODEV;
		if (err == -EBUSY)
			break;
		if (err)
			c->gen_failed++;
		else
			c->gen_sent++;
		xdp_return_frame(c->frame[i]);
	}
	return i;
}

/**
 * etran_gen_drop - give back what waits for a device
 * @c: CPU; on it with BH disabled, or of a dead transport
 */
void etran_gen_drop(struct etran_cpu *c)
{
	while (c->nr_frames) {
		xdp_return_frame(c->frame[--c->nr_frames]);
		c->gen_failed++;
	}
}

/* Return: false when frames stay behind, to be sent a little later. */
static bool gen_push(struct etran_cpu *c, struct net_device *dev)
{
	u32 gone = gen_send(c, dev);
	bool give_up;

	if (gone) {
		c->gen_tries = 0;
		if (!xa_empty(&c->gen_stuck))
			xa_erase(&c->gen_stuck, c->frame_ifindex);
	}
	c->nr_frames -= gone;
	if (!c->nr_frames)
		return true;
	memmove(c->frame, c->frame + gone, c->nr_frames * sizeof(*c->frame));

	give_up = xa_load(&c->gen_stuck, c->frame_ifindex);
	if (c->gen_tries == ETRAN_GEN_RETRIES) {
		/* Without memory for that, the next frames have to try for as long. */
		xa_store(&c->gen_stuck, c->frame_ifindex, xa_mk_value(1),
			 GFP_ATOMIC | __GFP_NOWARN);
		give_up = true;
	}
	if (give_up) {
		etran_gen_drop(c);
		c->gen_tries = 0;
		return true;
	}
	c->gen_retry = ktime_get_ns() +
		(ETRAN_GEN_RETRY_NS << min(c->gen_tries, ETRAN_GEN_BACKOFF));
	c->gen_tries++;
	etran_timer_wake_by(c, c->gen_retry);
	return false;
}

/* Return: true when no frame waits any more. */
static bool gen_push_waiting(struct etran_cpu *c)
{
	if (ktime_get_ns() < c->gen_retry) {
		/* What woke this CPU may have been the clock set for that. */
		etran_timer_wake_by(c, c->gen_retry);
		return false;
	}
	return gen_push(c, dev_get_by_index_rcu(c->tr->net, c->frame_ifindex));
}

/* @dev: that of @req, if it is there */
static void gen_add(struct etran_cpu *c, const struct etran_gen_req *req,
		    struct net_device *dev)
{
	struct xdp_frame *xdpf;

	if (!dev) {
		c->gen_failed++;
		return;
	}
	xdpf = gen_make(c, req, dev);
	if (!xdpf)
		return;
	c->frame_ifindex = req->ifindex;
	c->frame[c->nr_frames++] = xdpf;
}

/* Return: false when a device is busy, so that nothing can be done at once. */
static bool gen_requests(struct etran_cpu *c, unsigned long end)
{
	struct net_device *dev = NULL;
	struct etran_gen_req req;
	u32 budget;

	for (budget = ETRAN_GEN_BUDGET; budget && gen_first(c, &req); budget--) {
		if (c->nr_frames &&
		    (c->frame_ifindex != req.ifindex || c->nr_frames == ETRAN_GEN_BULK) &&
		    !gen_push(c, dev))
			return false;
		c->req_tail++;
		if (READ_ONCE(c->tr->ending))
			continue;
		if (!dev || dev->ifindex != req.ifindex)
			dev = dev_get_by_index_rcu(c->tr->net, req.ifindex);
		gen_add(c, &req, dev);
		if (time_after_eq(jiffies, end))
			break;
	}
	return !c->nr_frames || gen_push(c, dev);
}

/**
 * etran_gen_run - serve the requests of this CPU
 * @c: CPU; BH disabled, under RCU
 * @end: jiffies: when to stop; one frame is made all the same
 * Return: true when there is more to do at once.
 */
bool etran_gen_run(struct etran_cpu *c, unsigned long end)
{
	struct etran_run run;
	bool go_on;

	if (c->nr_frames && !gen_push_waiting(c))
		return false;
	etran_run_begin(&run);
	go_on = gen_requests(c, end);
	etran_run_end(c->tr, &run, "gen");
	return go_on && etran_gen_pending(c);
}

/**
 * etran_gen_move - take the requests of a CPU that is offline to this one
 * @from: CPU
 *
 * What there is no room for is lost, and so are the frames that waited for a
 * device. Process context, under RCU.
 */
void etran_gen_move(struct etran_cpu *from)
{
	struct etran_gen_req req;

	while (gen_first(from, &req)) {
		from->req_tail++;
		if (etran_gen_request(from->tr, req.cookie, req.ifindex))
			from->gen_failed++;
		else
			from->gen_requests--;
	}
	etran_gen_drop(from);
}
