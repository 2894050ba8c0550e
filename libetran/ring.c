// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * Mapping the rings of an AF_XDP socket that etrand has bound, and telling the
 * kernel to look at them. Done by hand: the library is preloaded into every
 * program and must not bring other libraries along.
 */
#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include "frame.h"
#include "ring.h"
#include "service.h"
#include "tenant.h"

#ifndef SOL_XDP
#define SOL_XDP 283
#endif

/* A copy-mode send takes 32 descriptors a call; 64 calls empty any ring. */
#define KICKS_MAX	64

static int map_ring(struct et_ring *r, int fd, const struct xdp_ring_offset *o,
		    uint64_t pgoff, uint32_t size, size_t entry)
{
	size_t len = o->desc + (size_t)size * entry;
	uint8_t *map;

	map = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE,
		   fd, (off_t)pgoff);
	if (map == MAP_FAILED)
		return -errno;
	madvise(map, len, MADV_DONTFORK);
	r->map = map;
	r->map_len = len;
	r->producer = (uint32_t *)(map + o->producer);
	r->consumer = (uint32_t *)(map + o->consumer);
	r->flags = (uint32_t *)(map + o->flags);
	r->ring = map + o->desc;
	r->size = size;
	r->mask = size - 1;
	return 0;
}

static void unmap_ring(struct et_ring *r)
{
	if (r->map)
		munmap(r->map, r->map_len);
	memset(r, 0, sizeof(*r));
}

/**
 * et_queue_map - map the rings of a queue
 * @q: zeroed
 * @fd: bound AF_XDP socket; becomes the queue's on success
 * @w: sizes, checked by the caller to be powers of two
 *
 * Where producing goes on is taken from the rings: etrand has put frames into
 * the fill ring already.
 */
int et_queue_map(struct et_queue *q, int fd, const struct etran_ctl_welcome *w)
{
	struct xdp_mmap_offsets o;
	socklen_t len = sizeof(o);
	int err;

	if (getsockopt(fd, SOL_XDP, XDP_MMAP_OFFSETS, &o, &len))
		return -errno;
	if (len != sizeof(o))
		return -EPROTO;
	err = map_ring(&q->rx, fd, &o.rx, XDP_PGOFF_RX_RING, w->rx_size,
		       sizeof(struct xdp_desc));
	if (!err)
		err = map_ring(&q->tx, fd, &o.tx, XDP_PGOFF_TX_RING, w->tx_size,
			       sizeof(struct xdp_desc));
	if (!err)
		err = map_ring(&q->fill, fd, &o.fr, XDP_UMEM_PGOFF_FILL_RING,
			       w->fill_size, sizeof(uint64_t));
	if (!err)
		err = map_ring(&q->comp, fd, &o.cr, XDP_UMEM_PGOFF_COMPLETION_RING,
			       w->comp_size, sizeof(uint64_t));
	if (err) {
		et_queue_unmap(q);
		return err;
	}
	q->rx.own = ET_READ(*q->rx.consumer);
	q->comp.own = ET_READ(*q->comp.consumer);
	q->tx.own = ET_READ(*q->tx.producer);
	q->fill.own = ET_READ(*q->fill.producer);
	q->fd = fd;
	return 0;
}

void et_queue_unmap(struct et_queue *q)
{
	unmap_ring(&q->rx);
	unmap_ring(&q->tx);
	unmap_ring(&q->fill);
	unmap_ring(&q->comp);
}

/**
 * et_queue_kick - make the kernel look at the TX ring
 *
 * In copy mode the packets are sent by this very call, 32 at a time, and it
 * says EAGAIN both when there are more and when the socket's send buffer is
 * full of packets that are held for a window. So: go on while the ring moves.
 * What then is left stays there; the next service (in the worst case of the
 * service thread) tries again.
 */
void et_queue_kick(struct et_queue *q)
{
	uint32_t before, after;
	int i;

	et_ring_publish(&q->tx);
	q->dirty = false;
	q->stuck = false;
	if (!et_ring_need_wakeup(&q->tx))
		return;
	before = ET_READ(*q->tx.consumer);
	for (i = 0; i < KICKS_MAX; i++) {
		if (!sendto(q->fd, NULL, 0, MSG_DONTWAIT, NULL, 0))
			return;
		after = ET_READ(*q->tx.consumer);
		if (after == q->tx.own)
			return;
		/* The completion ring may be full: make room, try once more. */
		if (after == before && !et_frames_reap())
			break;
		before = after;
	}
	q->stuck = true;
	if (et_tn.thread_deep)
		et_thread_wake();
}

void et_kick_all(void)
{
	uint32_t i;

	for (i = 0; i < et_tn.nr_queues; i++)
		if (et_tn.queues[i].dirty || et_tn.queues[i].stuck)
			et_queue_kick(&et_tn.queues[i]);
}

/* Publish frames that were put into fill rings, wake a driver that starved. */
void et_refill(void)
{
	struct et_queue *q;
	uint32_t i;

	for (i = 0; i < et_tn.nr_queues; i++) {
		q = &et_tn.queues[i];
		if (!q->refilled)
			continue;
		q->refilled = false;
		et_ring_publish(&q->fill);
		if (et_ring_need_wakeup(&q->fill))
			recvfrom(q->fd, NULL, 0, MSG_DONTWAIT, NULL, NULL);
	}
}
