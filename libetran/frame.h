/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Frames of the UMEM and who has them.
 */
#ifndef LIBETRAN_FRAME_H
#define LIBETRAN_FRAME_H

#include "tenant.h"

#define ET_NONE		UINT32_MAX	/* no frame */

/*
 * Life of a frame. Frames below nr_queues * fill_frames receive, the others
 * send; they never change sides.
 *
 *   FREE -> QUEUED -> KERNEL -> KEPT -> FREE		send
 *              KEPT -> KERNEL (retransmission)
 *   FILL -> HELD -> FILL				receive
 *
 * A frame in state KERNEL or FILL belongs to the kernel: nothing is written to
 * it and it is not submitted again before the completion ring (or the RX ring)
 * has given it back. An acknowledged frame that is still in state KERNEL loses
 * its owner and becomes FREE on completion.
 */
enum et_frame_state {
	ET_F_FREE,
	ET_F_QUEUED,		/* holds data, not submitted yet */
	ET_F_KERNEL,		/* submitted */
	ET_F_KEPT,		/* completed, not acknowledged */
	ET_F_FILL,
	ET_F_HELD,		/* holds received data */
};

#define ET_FR_AGAIN	(1 << 15)	/* in et_frame.flags: to be sent again */

/* Received payload, in a frame or (frame == ET_NONE) behind this header. */
struct et_seg {
	struct et_seg *next;
	uint64_t off;
	uint32_t len;
	uint32_t cap;		/* of a copy: bytes that fit */
	uint32_t frame;
	uint8_t *data;
};

struct et_frame {
	uint8_t state;		/* enum et_frame_state */
	uint16_t flags;		/* the shape's, and ET_FR_AGAIN */
	uint16_t len;		/* of the payload */
	uint32_t next;		/* in the free list or the owner's list */
	uint64_t off;		/* of the payload in what the owner sends */
	struct etran_sock *owner;	/* NULL: free it on completion */
	struct et_seg seg;	/* while HELD */
};

int et_frames_init(uint32_t nr, uint32_t nr_queues, uint32_t fill);
uint32_t et_frame_take(void);
void et_frame_free(uint32_t f);
bool et_frame_submit(struct et_queue *q, uint32_t f, uint32_t len);
bool et_frames_reap(void);
void et_frame_refill(uint32_t f);

/* Where a frame is in the UMEM. */
static inline uint64_t et_frame_addr(uint32_t f)
{
	return (uint64_t)f << et_tn.chunk_shift;
}

static inline uint8_t *et_frame_data(uint32_t f)
{
	return et_tn.umem + et_frame_addr(f);
}

#endif /* LIBETRAN_FRAME_H */
