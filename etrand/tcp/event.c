// SPDX-License-Identifier: GPL-2.0-only
/*
 * Events of the transport, and the time-outs that make it send some.
 *
 * The transport notes when something is due; tcp_tick looks at all of it.
 */
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>

#include "adopt.h"
#include "conn.h"
#include "etrand/log.h"
#include "etrand/nic.h"
#include "etrand/transport.h"
#include "event.h"
#include "handshake.h"
#include "segment.h"
#include "tcpsys.h"
#include "tick.h"

#define LOST_CHECK	16	/* ticks between two looks at rx_events_lost */

static unsigned int ticks;
static uint64_t events_lost;
static struct ring_buffer *ring;
static struct watch watch = { .fd = -1 };

static void check_lost(void)
{
	struct tcp_stats s;

	if (tcpsys_stats(&s) || s.rx_events_lost == events_lost)
		return;
	events_lost = s.rx_events_lost;
	log_info("events were lost, looking at all connections");
	adopt_rescan();
}

/* Return: ns until the next look */
static uint64_t look(void)
{
	struct tcp_sys_tick arg = { .nr = conn_top() };
	uint64_t delay = TICK_IDLE, now;
	int err;

	err = tcpsys_run(PROG_TICK, &arg, sizeof(arg));
	if (err < 0)
		log_debug("tcp_tick: %d", err);
	now = loop_now();
	if (arg.active && arg.next_ns < now + TICK_BUSY)
		delay = TICK_BUSY;
	else if (arg.active && arg.next_ns < now + TICK_IDLE)
		delay = arg.next_ns - now;
	if (++ticks % LOST_CHECK == 0)
		check_lost();
	return delay;
}

static void reset_ended(struct conn *c, int err)
{
	bool was_released = c->released;

	if (c->state == ETRAN_CS_SYN_SENT || c->state == ETRAN_CS_SYN_RCVD) {
		handshake_refused(c, err);
		return;
	}
	conn_event(c, ETRAN_CTL_RESET, err);
	/* A peer that never closed what our side has given up. */
	conn_end(c, err, was_released && err == ETIMEDOUT);
}

static void closed(struct conn *c, bool time_wait)
{
	if (c->state != ETRAN_CS_TIME_WAIT)
		conn_event(c, ETRAN_CTL_CLOSED, 0);
	if (time_wait)
		conn_time_wait(c);
	else
		conn_end(c, 0, false);
}

static void answer_reset(const struct tcp_event *ev)
{
	uint8_t frame[SEG_MAX_HDR];
	struct seg in, out;
	struct nic *nic;
	int len;

	nic = nic_find(ev->ifindex);
	if (!nic || seg_parse(ev->bytes, ev->len < sizeof(ev->bytes) ? ev->len :
			      sizeof(ev->bytes), ev->len, &in) ||
	    in.flags & SEG_RST)
		return;
	seg_reset_for(&in, &out);
	len = seg_build(&out, frame, sizeof(frame));
	if (len > 0)
		nic_send(nic, frame, len);
}

static int on_event(void *ctx, void *data, size_t size)
{
	const struct tcp_event *ev = data;
	struct conn *c;

	(void)ctx;
	if (size < sizeof(*ev))
		return 0;
	if (ev->type == TCP_EV_SYN) {
		handshake_syn(ev);
		return 0;
	}
	if (ev->type == TCP_EV_SEND_RST) {
		answer_reset(ev);
		return 0;
	}
	c = conn_get(ev->conn, ev->gen);
	if (!c)
		return 0;
	switch (ev->type) {
	case TCP_EV_SYNACK:
		handshake_synack(c, ev);
		break;
	case TCP_EV_ESTABLISHED:
		handshake_established(c);
		break;
	case TCP_EV_RESET:
		reset_ended(c, ev->err);
		break;
	case TCP_EV_CLOSED:
		closed(c, ev->time_wait);
		break;
	case TCP_EV_RTO:
		conn_event(c, ETRAN_CTL_REXMIT, 0);
		break;
	}
	return 0;
}

static void readable(struct watch *w, uint32_t events)
{
	(void)w;
	(void)events;
	ring_buffer__consume(ring);
}

/** event_start - listen to the transport; Return: 0 or a negative errno */
int event_start(void)
{
	struct tcp_stats s;

	ring = ring_buffer__new(transport.map[MAP_EVENTS], on_event, NULL, NULL);
	if (!ring)
		return -errno;
	/* What a former etrand missed shows in the state, not in the counter. */
	if (!tcpsys_stats(&s))
		events_lost = s.rx_events_lost;
	/* A copy, since the ring closes its own. */
	watch.fd = fcntl(ring_buffer__epoll_fd(ring), F_DUPFD_CLOEXEC, 3);
	watch.fn = readable;
	tick_start(look);
	ring_buffer__consume(ring);
	return watch_add(&watch, EPOLLIN);
}

/** event_stop - the transport is gone */
void event_stop(void)
{
	if (!ring)
		return;
	tick_stop();
	watch_del(&watch);
	ring_buffer__free(ring);
	ring = NULL;
}
