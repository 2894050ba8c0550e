/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ETRAND_XSK_H
#define ETRAND_XSK_H

#include <stdbool.h>
#include <stdint.h>

#include "uapi/etran_io.h"

/*
 * The RX ring has fewer entries than a driver keeps buffers (virtio and igb:
 * 256), and the fill ring starts with more frames than both together. So a
 * tenant that merely stops reading cannot take the NIC's last buffer, and with
 * it the queue, from everybody else.
 */
#define XSK_RX_SIZE	128
#define XSK_FILL_FRAMES	512
#define XSK_FILL_SIZE	1024
#define XSK_TX_SIZE	2048
#define XSK_COMP_SIZE	2048
/* In copy mode a held packet is charged to its socket: room for a full TX ring. */
#define XSK_SNDBUF	(8 << 20)

int xsk_umem(uint32_t nr_frames, void **mem);
void xsk_umem_unmap(void *mem, uint32_t nr_frames);
int xsk_open(void *mem, uint32_t nr_frames, int ifindex, uint32_t queue,
	     uint32_t index, bool zerocopy);

#endif
