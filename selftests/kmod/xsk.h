/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A raw AF_XDP socket with a UMEM and rings of its own, made by hand: the
 * tests must be able to do with descriptors and indexes what a library would
 * never do. It keeps count, per chunk, of what it gave to the kernel and what
 * came back.
 */
#ifndef _KERNEL_XSK_H
#define _KERNEL_XSK_H

#include <linux/if_xdp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ring {
	uint32_t *producer;
	uint32_t *consumer;
	uint32_t *flags;
	void *desc;
	uint32_t size;
	void *map;
	size_t map_len;
};

struct xsk_opts {
	unsigned int ifindex;
	uint32_t queue;
	bool copy;
	uint32_t tx_size;	/* 0: 2048 */
	uint32_t rx_size;	/* 0: 128; smaller than a driver's ring */
	uint32_t cq_size;	/* 0: 2048 */
	uint32_t chunk_size;	/* 0: 2048; igb needs 4096 to receive 1514 bytes */
	uint32_t nr_chunks;	/* 0: 4096; the first half is for TX */
	uint32_t fill;		/* chunks put into the fill ring at once */
	uint32_t shadow;	/* chunks behind those, for strict mode */
	uint32_t umem_flags;
	uint16_t bind_flags;	/* more of them */
	bool no_tx;		/* without a TX ring */
	struct xsk *share;	/* use its UMEM, on the same queue its rings too */
};

struct xsk {
	int fd;
	uint32_t queue;
	uint8_t *umem;
	size_t umem_len;	/* without the shadow */
	size_t umem_mapped;	/* 0: it is another socket's */
	uint32_t shadow;
	uint32_t chunk_size;
	uint32_t nr_chunks;
	struct ring tx, rx, fq, cq;
	uint32_t fill_next;	/* next RX chunk never given to the kernel */

	uint32_t *free_chunks;	/* TX chunks that are ours: FIFO */
	uint32_t free_head, free_nr;
	uint8_t *in_kernel;	/* per chunk: submissions not completed yet */
	uint64_t *submit_no;	/* per chunk: its last submission */
	uint64_t last_done;	/* submit_no of the last completion */

	uint64_t submitted;
	uint64_t completed;
	uint64_t dup;		/* completions of chunks the kernel had not */
	uint64_t foreign;	/* completions of what is no chunk */
	uint64_t ooo;		/* completions not in order of submission */
	uint64_t received;
};

/**
 * xsk_open - make a socket, its UMEM and rings, and bind it
 * Return: 0 or a negative errno.
 */
int xsk_open(struct xsk *x, const struct xsk_opts *opts);

/**
 * xsk_take_over - go on with a socket of the same pool; the own one is closed
 * @x: keeps its UMEM and accounts
 * @next: bound; its socket and rings are @x's then
 * Return: 0 or a negative errno.
 */
int xsk_take_over(struct xsk *x, struct xsk *next);

/** xsk_close - give everything up; safe after a failed xsk_open() */
void xsk_close(struct xsk *x);

/** xsk_leave - give up the socket and the rings, whose mappings hold it; not the UMEM */
void xsk_leave(struct xsk *x);

/** xsk_chunk - a free TX chunk, or -1 */
int64_t xsk_chunk(struct xsk *x);

/** xsk_data - where chunk @chunk begins */
uint8_t *xsk_data(struct xsk *x, uint32_t chunk);

/** xsk_room - how many descriptors fit into the TX ring now */
uint32_t xsk_room(const struct xsk *x);

/** xsk_pending - how many descriptors the kernel has not taken yet */
uint32_t xsk_pending(const struct xsk *x);

/** xsk_submit - put a packet into the TX ring; the chunk is the kernel's */
void xsk_submit(struct xsk *x, uint32_t chunk, uint32_t len);

/** xsk_submit_raw - put any descriptor there; nothing is accounted */
void xsk_submit_raw(struct xsk *x, uint64_t addr, uint32_t len, uint32_t options);

/** xsk_kick - tell the kernel; 0 or a negative errno that is not transient */
int xsk_kick(struct xsk *x);

/** xsk_reap - take all completions; returns how many */
uint32_t xsk_reap(struct xsk *x);

/** xsk_fill - put up to @nr fresh chunks into the fill ring; returns how many */
uint32_t xsk_fill(struct xsk *x, uint32_t nr);

/** xsk_rx_peek - next received packet without taking it, or NULL */
const struct xdp_desc *xsk_rx_peek(struct xsk *x);

/** xsk_rx_release - take it, with @refill back into the fill ring */
void xsk_rx_release(struct xsk *x, bool refill);

/** xsk_packet - bytes of a received packet */
uint8_t *xsk_packet(const struct xsk *x, const struct xdp_desc *d);

/** xsk_forward - send @len bytes of a received packet as it lies there */
void xsk_forward(struct xsk *x, const struct xdp_desc *d, uint32_t len);

/** xsk_refill - take all completions, and fill as many chunks: of what forwards */
void xsk_refill(struct xsk *x);

/** xsk_statistics - the kernel's own counters of the socket */
int xsk_statistics(const struct xsk *x, struct xdp_statistics *st);

/** xsk_is_zerocopy - does the driver use the UMEM directly? */
bool xsk_is_zerocopy(const struct xsk *x);

static inline uint32_t ring_load(const uint32_t *index)
{
	return __atomic_load_n(index, __ATOMIC_ACQUIRE);
}

static inline void ring_store(uint32_t *index, uint32_t value)
{
	__atomic_store_n(index, value, __ATOMIC_RELEASE);
}

#endif /* _KERNEL_XSK_H */
