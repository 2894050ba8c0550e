// SPDX-License-Identifier: GPL-2.0-only
/* A raw AF_XDP socket; see xsk.h. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "xsk.h"

static int set_size(int fd, int opt, uint32_t size)
{
	return setsockopt(fd, SOL_XDP, opt, &size, sizeof(size)) ? -errno : 0;
}

static int ring_map(int fd, struct ring *r, const struct xdp_ring_offset *off,
		    uint64_t pgoff, uint32_t size, size_t desc_size)
{
	uint8_t *map;

	r->map_len = off->desc + size * desc_size;
	map = mmap(NULL, r->map_len, PROT_READ | PROT_WRITE,
		   MAP_SHARED | MAP_POPULATE, fd, pgoff);
	if (map == MAP_FAILED)
		return -errno;
	r->map = map;
	r->producer = (uint32_t *)(map + off->producer);
	r->consumer = (uint32_t *)(map + off->consumer);
	r->flags = (uint32_t *)(map + off->flags);
	r->desc = map + off->desc;
	r->size = size;
	return 0;
}

/* A ring of size 0 is not there, or mapped already. */
static int map_rings(struct xsk *x, uint32_t tx, uint32_t rx, uint32_t fq,
		     uint32_t cq)
{
	struct xdp_mmap_offsets off;
	socklen_t len = sizeof(off);
	int ret = 0;

	if (getsockopt(x->fd, SOL_XDP, XDP_MMAP_OFFSETS, &off, &len))
		return -errno;
	if (tx)
		ret = ring_map(x->fd, &x->tx, &off.tx, XDP_PGOFF_TX_RING, tx,
			       sizeof(struct xdp_desc));
	if (!ret && rx)
		ret = ring_map(x->fd, &x->rx, &off.rx, XDP_PGOFF_RX_RING, rx,
			       sizeof(struct xdp_desc));
	if (!ret && fq)
		ret = ring_map(x->fd, &x->fq, &off.fr,
			       XDP_UMEM_PGOFF_FILL_RING, fq, sizeof(uint64_t));
	if (!ret && cq)
		ret = ring_map(x->fd, &x->cq, &off.cr,
			       XDP_UMEM_PGOFF_COMPLETION_RING, cq,
			       sizeof(uint64_t));
	return ret;
}

static int make_umem(struct xsk *x, const struct xsk_opts *o)
{
	struct xdp_umem_reg reg = {
		.chunk_size = x->chunk_size,
		.flags = o->umem_flags,
	};
	size_t len = (size_t)(x->nr_chunks + x->shadow) * x->chunk_size;
	void *map;

	x->umem_len = (size_t)x->nr_chunks * x->chunk_size;
	if (o->share) {
		x->umem = o->share->umem;
		return 0;
	}
	/* Shared, so that a forked child's writes reach the kernel too. */
	map = mmap(NULL, len, PROT_READ | PROT_WRITE,
		   MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	if (map == MAP_FAILED)
		return -errno;
	x->umem = map;
	x->umem_mapped = len;
	reg.addr = (uintptr_t)map;
	reg.len = len;
	if (setsockopt(x->fd, SOL_XDP, XDP_UMEM_REG, &reg, sizeof(reg)))
		return -errno;
	return 0;
}

static int make_accounts(struct xsk *x)
{
	uint32_t i;

	x->free_chunks = calloc(x->nr_chunks, sizeof(*x->free_chunks));
	x->in_kernel = calloc(x->nr_chunks, sizeof(*x->in_kernel));
	x->submit_no = calloc(x->nr_chunks, sizeof(*x->submit_no));
	if (!x->free_chunks || !x->in_kernel || !x->submit_no)
		return -ENOMEM;
	for (i = 0; i < x->nr_chunks / 2; i++)
		x->free_chunks[x->free_nr++] = i;
	x->fill_next = x->nr_chunks / 2;
	return 0;
}

static int make_rings(struct xsk *x, const struct xsk_opts *o)
{
	uint32_t tx = o->no_tx ? 0 : o->tx_size ?: 2048, rx = o->rx_size ?: 128;
	uint32_t cq = o->cq_size ?: 2048, fq = 2048;
	int ret = 0;

	if (o->share && o->share->queue == o->queue)
		cq = fq = 0;
	if (fq)
		ret = set_size(x->fd, XDP_UMEM_FILL_RING, fq);
	if (!ret && cq)
		ret = set_size(x->fd, XDP_UMEM_COMPLETION_RING, cq);
	if (!ret)
		ret = set_size(x->fd, XDP_RX_RING, rx);
	if (!ret && tx)
		ret = set_size(x->fd, XDP_TX_RING, tx);
	return ret ?: map_rings(x, tx, rx, fq, cq);
}

int xsk_open(struct xsk *x, const struct xsk_opts *o)
{
	struct sockaddr_xdp sxdp = {
		.sxdp_family = AF_XDP,
		.sxdp_ifindex = o->ifindex,
		.sxdp_queue_id = o->queue,
	};
	int room = 64 << 20;
	int ret;

	memset(x, 0, sizeof(*x));
	x->chunk_size = o->chunk_size ?: 2048;
	x->nr_chunks = o->nr_chunks ?: 4096;
	x->shadow = o->shadow;
	x->queue = o->queue;
	sxdp.sxdp_flags = (o->copy ? XDP_COPY : XDP_ZEROCOPY) |
			  XDP_USE_NEED_WAKEUP | o->bind_flags;
	if (o->share) {
		sxdp.sxdp_flags = XDP_SHARED_UMEM;
		sxdp.sxdp_shared_umem_fd = o->share->fd;
	}
	x->fd = socket(AF_XDP, SOCK_RAW | SOCK_CLOEXEC, 0);
	if (x->fd < 0)
		return -errno;
	/* Held packets of copy mode count as sent and not acknowledged. */
	setsockopt(x->fd, SOL_SOCKET, SO_SNDBUFFORCE, &room, sizeof(room));
	ret = make_umem(x, o);
	if (!ret)
		ret = make_accounts(x);
	if (!ret)
		ret = make_rings(x, o);
	if (ret)
		goto err_close;
	xsk_fill(x, o->fill);
	if (bind(x->fd, (struct sockaddr *)&sxdp, sizeof(sxdp))) {
		ret = -errno;
		goto err_close;
	}
	return 0;

err_close:
	xsk_close(x);
	return ret;
}

static void ring_unmap(struct ring *r)
{
	if (r->map)
		munmap(r->map, r->map_len);
	r->map = NULL;
}

int xsk_take_over(struct xsk *x, struct xsk *next)
{
	uint32_t fq = x->fq.size, cq = x->cq.size;
	int ret;

	/* A mapping keeps the socket that it was made by. */
	ring_unmap(&x->tx);
	ring_unmap(&x->rx);
	ring_unmap(&x->fq);
	ring_unmap(&x->cq);
	close(x->fd);
	x->fd = next->fd;
	x->tx = next->tx;
	x->rx = next->rx;
	next->fd = -1;
	next->tx.map = NULL;
	next->rx.map = NULL;
	ret = map_rings(x, 0, 0, fq, cq);
	xsk_close(next);
	return ret;
}

void xsk_leave(struct xsk *x)
{
	if (x->fd >= 0)
		close(x->fd);
	x->fd = -1;
	ring_unmap(&x->tx);
	ring_unmap(&x->rx);
	ring_unmap(&x->fq);
	ring_unmap(&x->cq);
}

void xsk_close(struct xsk *x)
{
	xsk_leave(x);
	if (x->umem_mapped)
		munmap(x->umem, x->umem_mapped);
	x->umem = NULL;
	x->umem_mapped = 0;
	free(x->free_chunks);
	free(x->in_kernel);
	free(x->submit_no);
	x->free_chunks = NULL;
	x->in_kernel = NULL;
	x->submit_no = NULL;
}

int64_t xsk_chunk(struct xsk *x)
{
	uint32_t chunk;

	if (!x->free_nr)
		return -1;
	chunk = x->free_chunks[x->free_head];
	x->free_head = (x->free_head + 1) % x->nr_chunks;
	x->free_nr--;
	return chunk;
}

uint8_t *xsk_data(struct xsk *x, uint32_t chunk)
{
	return x->umem + (size_t)chunk * x->chunk_size;
}

uint32_t xsk_pending(const struct xsk *x)
{
	return *x->tx.producer - ring_load(x->tx.consumer);
}

uint32_t xsk_room(const struct xsk *x)
{
	return x->tx.size - xsk_pending(x);
}

void xsk_submit_raw(struct xsk *x, uint64_t addr, uint32_t len, uint32_t options)
{
	uint32_t at = *x->tx.producer;
	struct xdp_desc *d = x->tx.desc;

	d[at & (x->tx.size - 1)] = (struct xdp_desc){
		.addr = addr, .len = len, .options = options,
	};
	ring_store(x->tx.producer, at + 1);
}

void xsk_submit(struct xsk *x, uint32_t chunk, uint32_t len)
{
	x->in_kernel[chunk]++;
	x->submit_no[chunk] = ++x->submitted;
	xsk_submit_raw(x, (uint64_t)chunk * x->chunk_size, len, 0);
}

int xsk_kick(struct xsk *x)
{
	if (sendto(x->fd, NULL, 0, MSG_DONTWAIT, NULL, 0) >= 0)
		return 0;
	switch (errno) {
	case EAGAIN:
	case EBUSY:
	case ENOBUFS:
	case EINTR:
		return 0;
	}
	return -errno;
}

static void account(struct xsk *x, uint64_t addr)
{
	uint64_t chunk = addr / x->chunk_size;

	if (chunk >= x->nr_chunks) {
		x->foreign++;
		return;
	}
	if (!x->in_kernel[chunk]) {
		x->dup++;
		return;
	}
	x->in_kernel[chunk]--;
	x->completed++;
	if (x->submit_no[chunk] < x->last_done)
		x->ooo++;
	else
		x->last_done = x->submit_no[chunk];
	if (x->in_kernel[chunk])
		return;
	x->free_chunks[(x->free_head + x->free_nr) % x->nr_chunks] = chunk;
	x->free_nr++;
}

uint32_t xsk_reap(struct xsk *x)
{
	uint32_t at = *x->cq.consumer, end = ring_load(x->cq.producer), i;
	uint64_t *addr = x->cq.desc;

	for (i = at; i != end; i++)
		account(x, addr[i & (x->cq.size - 1)]);
	ring_store(x->cq.consumer, end);
	return end - at;
}

static void fill_one(struct xsk *x, uint64_t addr)
{
	uint32_t at = *x->fq.producer;

	((uint64_t *)x->fq.desc)[at & (x->fq.size - 1)] = addr;
	ring_store(x->fq.producer, at + 1);
}

uint32_t xsk_fill(struct xsk *x, uint32_t nr)
{
	uint32_t i;

	for (i = 0; i < nr && x->fill_next < x->nr_chunks; i++)
		fill_one(x, (uint64_t)x->fill_next++ * x->chunk_size);
	return i;
}

void xsk_refill(struct xsk *x)
{
	uint32_t n = xsk_reap(x);
	int64_t chunk;

	while (n-- && (chunk = xsk_chunk(x)) >= 0)
		fill_one(x, (uint64_t)chunk * x->chunk_size);
}

uint8_t *xsk_packet(const struct xsk *x, const struct xdp_desc *d)
{
	return x->umem + d->addr;
}

void xsk_forward(struct xsk *x, const struct xdp_desc *d, uint32_t len)
{
	uint32_t chunk = d->addr / x->chunk_size;

	x->in_kernel[chunk]++;
	x->submit_no[chunk] = ++x->submitted;
	xsk_submit_raw(x, d->addr, len, 0);
}

const struct xdp_desc *xsk_rx_peek(struct xsk *x)
{
	uint32_t at = *x->rx.consumer;

	if (at == ring_load(x->rx.producer))
		return NULL;
	return &((struct xdp_desc *)x->rx.desc)[at & (x->rx.size - 1)];
}

void xsk_rx_release(struct xsk *x, bool refill)
{
	const struct xdp_desc *d = xsk_rx_peek(x);

	x->received++;
	if (refill)
		fill_one(x, d->addr & ~(uint64_t)(x->chunk_size - 1));
	ring_store(x->rx.consumer, *x->rx.consumer + 1);
}

int xsk_statistics(const struct xsk *x, struct xdp_statistics *st)
{
	socklen_t len = sizeof(*st);

	memset(st, 0, sizeof(*st));
	return getsockopt(x->fd, SOL_XDP, XDP_STATISTICS, st, &len) ? -errno : 0;
}

bool xsk_is_zerocopy(const struct xsk *x)
{
	struct xdp_options opts = {};
	socklen_t len = sizeof(opts);

	if (getsockopt(x->fd, SOL_XDP, XDP_OPTIONS, &opts, &len))
		return false;
	return opts.flags & XDP_OPTIONS_ZEROCOPY;
}
