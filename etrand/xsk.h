/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ETRAND_XSK_H
#define ETRAND_XSK_H

#include <stdbool.h>
#include <stdint.h>

#include "uapi/etran_io.h"

/*
 * A tenant that merely stops reading must not take the NIC's last buffer, and
 * with it the queue, from everybody else. It then has what is in the RX ring
 * and what its library holds, at most a quarter of the frames; the rest is more
 * than a driver keeps posted (virtio and igb: 256). The ring has room for a
 * packet of each connection that a tenant can have.
 */
#define XSK_RX_SIZE	1024
#define XSK_FILL_FRAMES	2048
#define XSK_FILL_SIZE	2048
#define XSK_TX_SIZE	2048
#define XSK_COMP_SIZE	2048
/* In copy mode a held packet is charged to its socket: room for a full TX ring. */
#define XSK_SNDBUF	(8 << 20)

_Static_assert(XSK_FILL_FRAMES / 4 * 3 > XSK_RX_SIZE + 256, "a driver needs buffers");
_Static_assert(XSK_RX_SIZE >= ETRAN_TENANT_CONNS, "see above");

/**
 * struct umem - a tenant's frames
 * @mem: where they are mapped here, and the shadow behind them
 * @nr_frames: chunks
 * @chunk: bytes of each, ETRAN_CHUNK_SIZE or ETRAN_CHUNK_MAX
 * @shadow: strict mode: chunks of the shadow, which the tenant never gets
 */
struct umem {
	void *mem;
	uint32_t nr_frames;
	uint32_t chunk;
	uint32_t shadow;
};

int umem_make(struct umem *u);
void umem_unmap(struct umem *u);
int xsk_open(const struct umem *u, int ifindex, uint32_t queue, uint32_t index,
	     bool zerocopy);

#endif
