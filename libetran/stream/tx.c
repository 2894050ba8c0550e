// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * The sending half of a connection.
 *
 * Payload is copied once, into frames of the UMEM that wait in the connection's
 * list, ordered by offset, until they are acknowledged. Windows are the
 * kernel's business: everything is submitted at once and held there. Sending
 * again is ours: the same frame is submitted a second time, since the first
 * time its request record was overwritten with headers but not the payload.
 *
 * How a blocked writer is woken. Acknowledgements alone do not reach the
 * application; a report does for a packet with NOTIFY. Let L be tx_limit, X the
 * frame with an unacknowledged NOTIFY if there is one, "low" a quarter of the
 * pool. may_take() grants a frame only if the connection has less than L, and
 * less than 2L/3 behind X. append() sets NOTIFY on a new frame if there is no X
 * and the connection then has L/2 frames or more, or the pool is low.
 *
 * - Blocked by L or by 2L/3: there is an X. For the second that is plain. For
 *   the first, let P be the last frame taken; the connection had L frames or
 *   more behind the acknowledged ones then, thus over L/2, so P became X or
 *   there was one, X'. If X' has been acknowledged since, then what is left is
 *   behind X', at most 2L/3: not blocked.
 * - When X is acknowledged at most 2L/3 frames are left and there is no X, so
 *   the report finds the socket writable, unless the pool is low.
 * - Pool low but not empty: may_take() refuses only if there is an X.
 * - Pool empty: whoever took the last frame took it while the pool was low, so
 *   it has an X; when the report for that comes, its frames become free (at
 *   the latest with their completion) and starved writers are looked at.
 *
 * A report can still be lost with a packet that egress had no room to hold, and
 * a driver may complete late: the service thread looks after starved writers
 * and unacknowledged data, slowly, as the last resort.
 */
#include <errno.h>
#include <string.h>

#include "libetran/service.h"
#include "tx.h"

#define TX_LIMIT	180	/* frames a connection may have unacknowledged: 256 KB */
#define TURN	16384	/* bytes that a connection submits before others have theirs */

/* The pool has its size: how much of it may one connection have? */
void et_tx_init(void)
{
	uint32_t half = et_tn.tx_frames / 2;

	et_st.tx_limit = half < TX_LIMIT ? half : TX_LIMIT;
}

static uint32_t pool_low(void)
{
	return et_tn.tx_frames / 4;
}

static bool behind_notify(const struct etran_sock *s)
{
	return s->tx_notify != ET_NONE && s->tx_after >= et_st.tx_limit * 2 / 3;
}

/* May the connection take one more frame? See above. */
static bool may_take(struct etran_sock *s)
{
	uint32_t low = pool_low(), share;

	if (s->tx_count >= et_st.tx_limit || behind_notify(s))
		return false;
	if (et_tn.tx_free > low)
		return true;
	share = low / (et_tn.tx_active + 1);
	if (et_tn.tx_free && (s->tx_count <= share || s->tx_notify == ET_NONE))
		return true;
	if (!s->starved) {
		s->starved = true;
		et_tn.nr_starved++;
		et_thread_wake();
	}
	return false;
}

/* EPOLLOUT: a third of the limit is free. */
bool et_tx_writable(struct etran_sock *s)
{
	if (s->tx_count > et_st.tx_limit * 2 / 3 || !may_take(s))
		return false;
	if (s->starved) {
		s->starved = false;
		et_tn.nr_starved--;
	}
	return true;
}

static void pend_last(struct etran_sock *s)
{
	s->pending_next = NULL;
	*et_tn.pending_tail = s;
	et_tn.pending_tail = &s->pending_next;
}

/* Put the connection on the list of those that et_tx_flush_all() serves. */
void et_tx_pend(struct etran_sock *s)
{
	if (s->pending)
		return;
	s->pending = true;
	pend_last(s);
}

static void list_add(struct etran_sock *s, uint32_t f)
{
	if (s->tx_tail == ET_NONE) {
		s->tx_head = f;
		et_tn.tx_active++;
	} else {
		et_tn.frames[s->tx_tail].next = f;
	}
	s->tx_tail = f;
	if (s->tx_unsent == ET_NONE)
		s->tx_unsent = f;
	s->tx_count++;
	if (s->tx_notify != ET_NONE)
		s->tx_after++;
}

static uint32_t take(struct etran_sock *s)
{
	uint32_t f = et_frame_take();
	struct et_frame *fr = &et_tn.frames[f];

	fr->owner = s;
	fr->off = s->snd_end;
	list_add(s, f);
	if (s->tx_notify == ET_NONE && (s->tx_count >= et_st.tx_limit / 2 ||
					et_tn.tx_free <= pool_low())) {
		s->tx_notify = f;
		s->tx_after = 0;
		fr->flags |= ETRAN_TX_NOTIFY;
	}
	return f;
}

/* Copies what fits of the scattered bytes from *@iov, *@skip on. */
static size_t gather(uint8_t *to, size_t room, const struct iovec **iov,
		     int *iovcnt, size_t *skip)
{
	size_t done = 0, n;

	while (*iovcnt && done < room) {
		n = (*iov)->iov_len - *skip;
		if (n > room - done)
			n = room - done;
		memcpy(to + done, (uint8_t *)(*iov)->iov_base + *skip, n);
		done += n;
		*skip += n;
		if (*skip == (*iov)->iov_len) {
			(*iov)++;
			(*iovcnt)--;
			*skip = 0;
		}
	}
	return done;
}

/**
 * et_tx_append - copy bytes to the end of the stream
 * A last frame that was not submitted yet (corked, TX ring full) is filled up.
 * Return: bytes taken, 0 when there is no room.
 */
size_t et_tx_append(struct etran_sock *s, const struct iovec *iov, int iovcnt)
{
	struct et_frame *fr = NULL;
	size_t total = 0, skip = 0, n;
	uint32_t f = s->tx_tail;

	while (iovcnt && !iov->iov_len) {
		iov++;
		iovcnt--;
	}
	while (iovcnt) {
		if (f == ET_NONE || et_tn.frames[f].state != ET_F_QUEUED ||
		    et_tn.frames[f].len >= s->mss) {
			if (!may_take(s))
				break;
			f = take(s);
		}
		fr = &et_tn.frames[f];
		n = gather(et_frame_data(f) + ETRAN_TCP_ROOM + fr->len,
			   s->mss - fr->len, &iov, &iovcnt, &skip);
		fr->len += n;
		s->snd_end += n;
		total += n;
	}
	if (!total)
		return 0;
	fr->flags |= ETRAN_TX_PSH;
	et_tx_pend(s);
	return total;
}

/* End the stream: on the last frame if that is still ours, else on an empty one. */
void et_tx_fin(struct etran_sock *s)
{
	uint32_t f = s->tx_tail;

	if (s->fin_sent)
		return;
	if (f == ET_NONE || et_tn.frames[f].state != ET_F_QUEUED) {
		if (!et_tn.tx_free) {
			if (!s->fin_due)
				et_tn.nr_owed++;
			s->fin_due = true;
			et_tx_pend(s);
			et_thread_wake();
			return;
		}
		f = take(s);
	}
	if (s->fin_due)
		et_tn.nr_owed--;
	s->fin_due = false;
	s->fin_sent = true;
	et_tn.frames[f].flags |= ETRAN_TX_FIN;
	et_tx_pend(s);
}

static uint64_t frame_end(const struct et_frame *fr)
{
	return fr->off + fr->len + !!(fr->flags & ETRAN_TX_FIN);
}

static void list_pop(struct etran_sock *s)
{
	uint32_t f = s->tx_head;
	struct et_frame *fr = &et_tn.frames[f];

	s->tx_head = fr->next;
	if (s->tx_unsent == f)
		s->tx_unsent = fr->next;
	if (s->tx_head == ET_NONE) {
		s->tx_tail = ET_NONE;
		et_tn.tx_active--;
	}
	s->tx_count--;
	if (s->tx_notify == f) {
		s->tx_notify = ET_NONE;
		s->tx_after = 0;
	}
	if (fr->state == ET_F_KERNEL)
		fr->owner = NULL;
	else
		et_frame_free(f);
}

/**
 * et_tx_acked - the peer has everything below an offset
 * @una: counts the FIN; what was never submitted cannot be acknowledged
 */
void et_tx_acked(struct etran_sock *s, uint64_t una)
{
	if (una > s->snd_sub)
		una = s->snd_sub;
	if (una <= s->snd_una)
		return;
	s->snd_una = una;
	while (s->tx_head != s->tx_unsent &&
	       frame_end(&et_tn.frames[s->tx_head]) <= una)
		list_pop(s);
}

/* All is over: give back what the kernel does not have. */
void et_tx_drop(struct etran_sock *s)
{
	while (s->tx_head != ET_NONE)
		list_pop(s);
	s->again = false;
	if (s->fin_due)
		et_tn.nr_owed--;
	s->fin_due = false;
	if (s->ack_due)
		et_tn.nr_owed--;
	s->ack_due = false;
	if (s->starved)
		et_tn.nr_starved--;
	s->starved = false;
}

static void mark(struct etran_sock *s, struct et_frame *fr)
{
	fr->flags |= ET_FR_AGAIN;
	s->again = true;
	et_tx_pend(s);
}

/* Send again @nr segments from the one on that holds an offset. */
void et_tx_rexmit(struct etran_sock *s, uint64_t off, uint32_t nr)
{
	uint32_t f;

	for (f = s->tx_head; f != s->tx_unsent && nr; f = et_tn.frames[f].next) {
		if (frame_end(&et_tn.frames[f]) <= off)
			continue;
		mark(s, &et_tn.frames[f]);
		nr--;
	}
}

/*
 * Retransmission time-out: from the first unacknowledged byte, as the window
 * allows. A frame that came back and was never sent was dropped by egress, which
 * had no room to hold it, and so was all that followed: these go again too, in
 * order, to be held.
 */
void et_tx_timeout(struct etran_sock *s)
{
	uint64_t lim = ET_READ(et_st.pub[s->slot].snd_lim);
	uint64_t nxt = ET_READ(et_st.pub[s->slot].snd_nxt);
	struct et_frame *fr;
	uint32_t f;

	for (f = s->tx_head; f != s->tx_unsent; f = fr->next) {
		fr = &et_tn.frames[f];
		if (f == s->tx_head || frame_end(fr) <= lim ||
		    (fr->state == ET_F_KEPT && fr->off >= nxt))
			mark(s, fr);
	}
}

static void fill_req(struct etran_sock *s, struct etran_tx_req *req)
{
	memset(req, 0, sizeof(*req));
	req->conn = s->conn;
	req->gen = s->gen;
	req->rcv_off = s->rcv_read;
}

/* The request stands where the headers will be. */
static bool give(struct etran_sock *s, uint32_t f, const struct etran_tx_req *req)
{
	memcpy(et_frame_data(f), req, sizeof(*req));
	return et_frame_submit(&et_tn.queues[s->queue], f, ETRAN_TCP_ROOM + req->len);
}

static bool submit(struct etran_sock *s, uint32_t f, uint32_t payload_of)
{
	struct et_frame *fr = &et_tn.frames[payload_of];
	struct etran_tx_req req;

	fill_req(s, &req);
	req.off = fr->off;
	req.len = fr->len;
	req.flags = fr->flags & ETRAN_TX_KNOWN;
	if (!give(s, f, &req))
		return false;
	s->rcv_told = req.rcv_off;
	if (frame_end(fr) > s->snd_sub)
		s->snd_sub = frame_end(fr);
	return true;
}

/*
 * Send a marked frame again. One that the kernel still has must not be touched:
 * either it waits there for a window and was never sent, which needs no second
 * time; or the driver has not said yet that it is sent, then a copy goes out
 * (losses are rare, copies cheap), or, without a free frame, it waits for its
 * completion.
 * Return: false when the ring is full.
 */
static bool send_again(struct etran_sock *s, uint32_t f)
{
	struct et_frame *fr = &et_tn.frames[f];
	uint32_t copy;

	if (!et_ring_room(&et_tn.queues[s->queue].tx))
		return false;
	if (fr->state == ET_F_KEPT) {
		submit(s, f, f);
	} else if (fr->off < ET_READ(et_st.pub[s->slot].snd_nxt)) {
		if (!et_tn.tx_free)
			return true;
		copy = et_frame_take();
		memcpy(et_frame_data(copy) + ETRAN_TCP_ROOM,
		       et_frame_data(f) + ETRAN_TCP_ROOM, fr->len);
		submit(s, copy, f);
	}
	fr->flags &= ~ET_FR_AGAIN;
	return true;
}

static bool flush_again(struct etran_sock *s)
{
	struct et_frame *fr;
	uint32_t f;

	s->again = false;
	for (f = s->tx_head; f != s->tx_unsent; f = fr->next) {
		fr = &et_tn.frames[f];
		if (!(fr->flags & ET_FR_AGAIN))
			continue;
		if (!send_again(s, f)) {
			s->again = true;
			return false;
		}
		if (fr->flags & ET_FR_AGAIN)
			s->again = true;	/* when it is completed */
	}
	return true;
}

/* Ask for a window update; a data packet would have told as well. */
static bool flush_ack(struct etran_sock *s)
{
	struct etran_tx_req req;
	uint32_t f;

	if (s->rcv_told == s->rcv_read)
		goto done;
	if (!et_tn.tx_free || !et_ring_room(&et_tn.queues[s->queue].tx))
		return false;
	f = et_frame_take();
	fill_req(s, &req);
	req.off = s->snd_sub;
	req.flags = ETRAN_TX_ACK;
	give(s, f, &req);
	s->rcv_told = req.rcv_off;
done:
	if (s->ack_due)
		et_tn.nr_owed--;
	s->ack_due = false;
	return true;
}

enum flushed { DONE, NO_ROOM, TURN_OVER };

/* Submit all that is due, or while others wait as much as its turn lasts. */
static enum flushed flush(struct etran_sock *s)
{
	bool room = true, others = et_tn.pending;

	if (s->state != ET_S_OPEN)
		return DONE;
	if (s->fin_due)
		et_tx_fin(s);
	if (s->again)
		room = flush_again(s);
	if (s->turn <= 0)
		s->turn += TURN;
	while (room && s->tx_unsent != ET_NONE) {
		if (others && s->turn <= 0)
			return TURN_OVER;
		if (!submit(s, s->tx_unsent, s->tx_unsent)) {
			room = false;
			break;
		}
		if (others)
			s->turn -= et_tn.frames[s->tx_unsent].len;
		s->tx_unsent = et_tn.frames[s->tx_unsent].next;
	}
	if (s->ack_due && !flush_ack(s))
		room = false;
	if (s->tx_head != ET_NONE && et_tn.thread_deep)
		et_thread_wake();
	if (!room || s->fin_due)
		return NO_ROOM;
	s->turn = 0;
	return DONE;
}

/*
 * Serve every pending connection and make the kernel look. All share the TX rings:
 * who has found no room keeps its place and what is left of its turn, who has had
 * its turn goes behind the others. That is deficit round robin, by bytes.
 */
void et_tx_flush_all(void)
{
	struct etran_sock *s, *waiting = NULL, **last = &waiting;

	while ((s = et_tn.pending)) {
		et_tn.pending = s->pending_next;
		if (!et_tn.pending)
			et_tn.pending_tail = &et_tn.pending;
		switch (flush(s)) {
		case DONE:
			s->pending = false;
			break;
		case NO_ROOM:
			s->pending_next = NULL;
			*last = s;
			last = &s->pending_next;
			break;
		case TURN_OVER:
			pend_last(s);
			break;
		}
	}
	if (waiting) {
		et_tn.pending = waiting;
		et_tn.pending_tail = last;
	}
	et_kick_all();
}

/**
 * et_tx_window - the application has read: does the peer have to know?
 * Yes when a quarter of the buffer was read since we told, or when the window
 * is nearly closed and a full segment fits again.
 */
void et_tx_window(struct etran_sock *s)
{
	uint64_t news = s->rcv_read - s->rcv_told;
	uint64_t left = s->rcv_told + s->rcvbuf - s->rcv_end;

	if (s->ack_due || s->state != ET_S_OPEN || s->rcv_fin != ETRAN_NO_OFF)
		return;
	if (news >= s->rcvbuf / 4 || (left < s->rcvbuf / 4 && news >= s->mss)) {
		s->ack_due = true;
		et_tn.nr_owed++;
		et_tx_pend(s);
	}
}
