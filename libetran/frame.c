// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * Frames of the UMEM and who has them; see enum et_frame_state.
 */
#include <errno.h>
#include <stdlib.h>

#include "frame.h"
#include "shape.h"
#include "tenant.h"

/**
 * et_frames_init - the state in which etrand hands the UMEM over
 * @nr: frames
 * @nr_queues: queues, each of which has @fill frames in its fill ring
 */
int et_frames_init(uint32_t nr, uint32_t nr_queues, uint32_t fill)
{
	struct et_tenant *t = &et_tn;
	uint32_t i;

	t->frames = calloc(nr, sizeof(*t->frames));
	if (!t->frames)
		return -ENOMEM;
	t->nr_frames = nr;
	t->fill_frames = fill;
	t->rx_frames = nr_queues * fill;
	t->rx_held = 0;
	t->tx_frames = nr - t->rx_frames;
	t->tx_free = 0;
	t->free_head = ET_NONE;
	for (i = nr; i-- > t->rx_frames;) {
		t->frames[i].state = ET_F_KERNEL;
		et_frame_free(i);
	}
	for (i = 0; i < t->rx_frames; i++)
		t->frames[i].state = ET_F_FILL;
	return 0;
}

/* Take a frame to send; the caller has looked whether there is one. */
uint32_t et_frame_take(void)
{
	struct et_tenant *t = &et_tn;
	uint32_t f = t->free_head;
	struct et_frame *fr = &t->frames[f];

	t->free_head = fr->next;
	t->tx_free--;
	fr->state = ET_F_QUEUED;
	fr->flags = 0;
	fr->len = 0;
	fr->next = ET_NONE;
	fr->owner = NULL;
	return f;
}

void et_frame_free(uint32_t f)
{
	struct et_tenant *t = &et_tn;
	struct et_frame *fr = &t->frames[f];

	fr->state = ET_F_FREE;
	fr->owner = NULL;
	fr->flags = 0;
	fr->next = t->free_head;
	t->free_head = f;
	t->tx_free++;
}

/**
 * et_frame_submit - give a frame to the kernel
 * @len: bytes from its beginning on, which the caller has written
 * Return: false when the TX ring is full.
 */
bool et_frame_submit(struct et_queue *q, uint32_t f, uint32_t len)
{
	struct xdp_desc *desc;

	if (!et_ring_room(&q->tx))
		return false;
	desc = et_ring_desc(&q->tx, q->tx.own);
	desc->addr = et_frame_addr(f);
	desc->len = len;
	desc->options = 0;
	q->tx.own++;
	q->dirty = true;
	et_tn.frames[f].state = ET_F_KERNEL;
	return true;
}

static void reap_one(uint64_t addr)
{
	struct et_tenant *t = &et_tn;
	uint64_t f = addr >> t->chunk_shift;
	struct et_frame *fr;

	if (f >= t->nr_frames || t->frames[f].state != ET_F_KERNEL) {
		t->bad_rx++;
		return;
	}
	fr = &t->frames[f];
	if (!fr->owner) {
		et_frame_free(f);
		return;
	}
	fr->state = ET_F_KEPT;
	if (fr->flags & ET_FR_AGAIN)
		et_shape.again(fr->owner);
}

/**
 * et_frames_reap - take back frames that the kernel has completed
 * Return: whether there were any.
 */
bool et_frames_reap(void)
{
	struct et_queue *q;
	uint32_t i, n;
	bool any = false;

	for (i = 0; i < et_tn.nr_queues; i++) {
		q = &et_tn.queues[i];
		n = et_ring_avail(&q->comp);
		if (!n)
			continue;
		any = true;
		while (n--)
			reap_one(*et_ring_addr(&q->comp, q->comp.own++));
		et_ring_release(&q->comp);
	}
	return any;
}

/*
 * Put a receive frame back into the fill ring it came from. There is always
 * room: a ring has at least as many entries as its queue has frames.
 */
void et_frame_refill(uint32_t f)
{
	struct et_frame *fr = &et_tn.frames[f];
	struct et_queue *q = &et_tn.queues[f / et_tn.fill_frames];

	if (fr->state == ET_F_HELD)
		et_tn.rx_held--;
	fr->state = ET_F_FILL;
	*et_ring_addr(&q->fill, q->fill.own) = et_frame_addr(f);
	q->fill.own++;
	q->refilled = true;
}
