// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * Life of a connection inside of the library, and what poll() would say of it.
 *
 * An open connection owns an entry of the tenant's slot table. It loses it when
 * etrand says that the connection is over (CLOSED, RESET), when it is given up
 * (ABORT) or when everything including the FIN is acknowledged and the
 * application has closed it (RELEASE); from then on nothing of that generation
 * is believed. What was received before can still be read.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "conn.h"
#include "libetran/ctl.h"
#include "seg.h"
#include "tx.h"

struct et_stream et_st;

struct etran_sock *et_sock_new(uint8_t state)
{
	struct etran_sock *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->state = state;
	s->tx_head = ET_NONE;
	s->tx_tail = ET_NONE;
	s->tx_unsent = ET_NONE;
	s->tx_notify = ET_NONE;
	s->rcv_fin = ETRAN_NO_OFF;
	s->slot = ET_NONE;
	s->fd = -1;
	s->accept_tail = &s->accept_head;
	s->self.sin_family = AF_INET;
	s->peer.sin_family = AF_INET;
	s->next = et_st.socks;
	s->link = &et_st.socks;
	if (s->next)
		s->next->link = &s->next;
	et_st.socks = s;
	return s;
}

static void unlist(struct etran_sock *s)
{
	struct etran_sock **at;

	if (s->touched) {
		for (at = &et_tn.touched; *at && *at != s; at = &(*at)->touched_next)
			;
		if (*at)
			*at = s->touched_next;
		s->touched = false;
	}
	if (s->pending) {
		for (at = &et_tn.pending; *at && *at != s; at = &(*at)->pending_next)
			;
		if (*at)
			*at = s->pending_next;
		if (et_tn.pending_tail == &s->pending_next)
			et_tn.pending_tail = at;
		s->pending = false;
	}
}

void et_sock_free(struct etran_sock *s)
{
	et_conn_detach(s);
	et_seg_drop(&s->rx_head);
	et_refill();
	unlist(s);
	if (s->orphan)
		et_tn.nr_orphans--;
	if (s->fd >= 0)
		close(s->fd);
	*s->link = s->next;
	if (s->next)
		s->next->link = s->link;
	free(s);
}

/* Leave the slot; frames that are in the kernel come back without an owner. */
void et_conn_detach(struct etran_sock *s)
{
	struct et_slot *slot;

	et_tx_drop(s);
	if (s->slot == ET_NONE)
		return;
	slot = &et_st.slots[s->slot];
	if (slot->sock == s) {
		slot->sock = NULL;
		slot->dead = s->gen;
	}
	s->slot = ET_NONE;
}

/* RELEASE or ABORT of a connection, to etrand. */
void et_conn_say(uint32_t type, const struct etran_sock *s)
{
	struct etran_ctl_msg m = { .type = type, .id = et_ctl_id() };

	m.u.conn.conn = s->conn;
	m.u.conn.gen = s->gen;
	m.u.conn.slot = s->slot;
	et_ctl_send(&m, -1);
}

/**
 * et_conn_end - the connection is over
 * @err: positive errno, 0 for an orderly end
 * An orphan is freed.
 */
void et_conn_end(struct etran_sock *s, int err)
{
	et_conn_detach(s);
	s->state = ET_S_ENDED;
	if (s->orphan) {
		et_sock_free(s);
		return;
	}
	if (err) {
		s->err = err;
		s->reset = true;
	}
	if (s->rcv_fin == ETRAN_NO_OFF)
		s->rcv_fin = s->rcv_end;
	et_touch(s, true);
}

/**
 * et_conn_finish - etrand or the kernel's table says that it is over
 * @err: as for et_conn_end()
 *
 * This can overtake what was received before: the end is told from inside of
 * the XDP program, the RX ring is published at the end of the NAPI poll. What
 * the kernel has acknowledged is going to be in the ring, so wait for that.
 */
void et_conn_finish(struct etran_sock *s, int err)
{
	const struct etran_conn_pub *p = &et_st.pub[s->slot];
	uint64_t end = s->rcv_end;

	et_conn_refresh(s);
	if (ET_READ(p->gen) == s->gen) {
		end = ET_READ(p->rcv_nxt);
		if (end > s->rcv_fin)
			end = s->rcv_fin;
	}
	if (s->orphan || s->rcv_end >= end) {
		et_conn_end(s, err);
		return;
	}
	s->ending = true;
	s->end_at = end;
	s->end_err = err;
}

/* Give up with a RST; an orphan is freed. */
void et_conn_abort(struct etran_sock *s)
{
	if (s->state == ET_S_OPEN)
		et_conn_say(ETRAN_CTL_ABORT, s);
	et_conn_end(s, 0);
}

/**
 * et_conn_attach - a connection is established
 * @c: etrand's word; checked against what we have
 * A connection that still has the slot ends; the caller has drained the RX rings
 * for it.
 * Return: 0 or a negative errno, with nothing changed.
 */
int et_conn_attach(struct etran_sock *s, const struct etran_ctl_conn *c)
{
	struct et_slot *slot;

	if (c->slot >= et_st.nr_slots || c->queue >= et_tn.nr_queues || !c->gen ||
	    !c->mss || c->mss > et_frame_addr(1) - ETRAN_TCP_ROOM ||
	    !c->rcvbuf)
		return -EPROTO;
	slot = &et_st.slots[c->slot];
	if (slot->sock)
		et_conn_end(slot->sock, slot->sock->ending ? slot->sock->end_err : ECONNRESET);
	s->conn = c->conn;
	s->gen = c->gen;
	s->slot = c->slot;
	s->queue = c->queue;
	s->mss = c->mss;
	s->rcvbuf = c->rcvbuf;
	s->self.sin_addr.s_addr = c->saddr;
	s->self.sin_port = c->sport;
	s->peer.sin_addr.s_addr = c->daddr;
	s->peer.sin_port = c->dport;
	s->state = ET_S_OPEN;
	s->req = 0;
	slot->sock = s;
	slot->dead = c->gen - 1;
	et_seg_adopt(s, slot);
	et_conn_refresh(s);
	et_touch(s, true);
	return 0;
}

/**
 * et_conn_refresh - read what the kernel shows of the connection
 * Entries are written under the connection's lock but read without: an entry
 * of another generation says nothing, and it is looked at twice because it can
 * change in between.
 */
void et_conn_refresh(struct etran_sock *s)
{
	const struct etran_conn_pub *p;
	uint64_t una, fin;

	if (s->state != ET_S_OPEN)
		return;
	p = &et_st.pub[s->slot];
	if (__atomic_load_n(&p->gen, __ATOMIC_ACQUIRE) != s->gen)
		return;
	una = ET_READ(p->snd_una);
	fin = ET_READ(p->rcv_fin);
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	if (ET_READ(p->gen) != s->gen)
		return;
	et_tx_acked(s, una);
	if (s->rcv_fin == ETRAN_NO_OFF && fin != ETRAN_NO_OFF && fin >= s->rcv_end) {
		s->rcv_fin = fin;
		et_touch(s, true);
	}
}

/* Look at all connections: frees frames, and finds resets while etrand is away. */
void et_refresh_all(void)
{
	struct etran_sock *s, *next;

	for (s = et_st.socks; s; s = next) {
		next = s->next;
		if (s->state != ET_S_OPEN)
			continue;
		et_conn_refresh(s);
		if (et_tn.ctl < 0 && et_st.pub[s->slot].gen == s->gen &&
		    ET_READ(et_st.pub[s->slot].state) == ETRAN_CS_RESET) {
			et_conn_finish(s, ET_READ(et_st.pub[s->slot].err) ?: ECONNRESET);
			continue;
		}
		if (s->starved)
			et_touch(s, false);
	}
}

/* Both sides have closed: etrand knows, it has been told by the transport. */
static bool over(const struct etran_sock *s)
{
	const struct etran_conn_pub *p = &et_st.pub[s->slot];
	uint32_t state = ET_READ(p->state);

	return (state == ETRAN_CS_TIME_WAIT || state == ETRAN_CS_CLOSED) &&
	       ET_READ(p->gen) == s->gen;
}

/* Everything acknowledged, FIN too? Then let go; or time is over. */
static void serve_orphan(struct etran_sock *s)
{
	if (s->state == ET_S_OPEN) {
		et_conn_refresh(s);
		if (s->fin_sent && s->snd_una > s->snd_end) {
			if (!over(s))
				et_conn_say(ETRAN_CTL_RELEASE, s);
			et_conn_end(s, 0);
			return;
		}
	}
	if (et_now() > s->deadline)
		et_conn_abort(s);
}

void et_serve_orphans(void)
{
	struct etran_sock *s, *next;

	for (s = et_st.socks; s && et_tn.nr_orphans; s = next) {
		next = s->next;
		if (s->orphan)
			serve_orphan(s);
	}
}

/*
 * poll()'s view, see tcp_poll() in the kernel: after the FIN a socket is always
 * readable, after an error everything is reported.
 */
static uint32_t listen_events(const struct etran_sock *s)
{
	return (s->accept_head ? EPOLLIN | EPOLLRDNORM : 0) | (s->err ? EPOLLERR : 0);
}

uint32_t et_conn_events(struct etran_sock *s)
{
	uint32_t ev = 0;
	bool rd_end, wr_end;

	/* The usual case, many times a request. */
	if (s->state == ET_S_OPEN && !s->rd_shut && !s->wr_shut && !s->err &&
	    s->rcv_end < s->rcv_fin) {
		if (s->rcv_end > s->rcv_read)
			ev = EPOLLIN | EPOLLRDNORM;
		return et_tx_writable(s) ? ev | EPOLLOUT | EPOLLWRNORM : ev;
	}
	if (s->state == ET_S_LISTEN)
		return listen_events(s);
	if (s->state == ET_S_CONNECTING)
		return 0;
	/* FIN seen: everything before it has arrived, though not been read. */
	rd_end = s->rd_shut || s->rcv_end >= s->rcv_fin;
	wr_end = s->wr_shut;
	if (s->state == ET_S_ENDED)
		rd_end = wr_end = true;
	if (s->rcv_end > s->rcv_read || rd_end)
		ev |= EPOLLIN | EPOLLRDNORM;
	if (rd_end)
		ev |= EPOLLRDHUP;
	if (rd_end && wr_end)
		ev |= EPOLLHUP;
	if (wr_end || et_tx_writable(s))
		ev |= EPOLLOUT | EPOLLWRNORM;
	if (s->err)
		ev |= EPOLLERR;
	return ev;
}

/*
 * As et_conn_events(), with what the kernel shows. Every report from the kernel
 * says what is acknowledged and a FIN comes as one, so there is no need to look
 * while the socket is writable.
 */
uint32_t et_conn_look(struct etran_sock *s)
{
	uint32_t ev = et_conn_events(s);

	if ((ev & EPOLLOUT) || s->state != ET_S_OPEN)
		return ev;
	et_conn_refresh(s);
	return et_conn_events(s);
}

/* Note that a socket's events may have changed; @news: there is more to read. */
void et_touch(struct etran_sock *s, bool news)
{
	s->news |= news;
	if (s->touched)
		return;
	s->touched = true;
	s->touched_next = et_tn.touched;
	et_tn.touched = s;
}

/* Tell the users of touched sockets. */
void et_tell(void)
{
	struct etran_sock *s;
	uint32_t ev;

	while ((s = et_tn.touched)) {
		et_tn.touched = s->touched_next;
		s->touched = false;
		if (s->orphan) {
			serve_orphan(s);
			continue;
		}
		ev = et_conn_look(s);
		if (ev == s->last_events && !s->news)
			continue;
		s->last_events = ev;
		s->news = false;
		et_tn.told = true;
		if (s->changed)
			s->changed(s, s->user);
	}
}
