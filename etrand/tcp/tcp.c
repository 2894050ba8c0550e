// SPDX-License-Identifier: GPL-2.0-only
/*
 * TCP as etrand knows it: its object, and who does what the core asks for.
 */
#include <linux/bpf.h>

#include "adopt.h"
#include "conn.h"
#include "etrand/tenant.h"
#include "event.h"
#include "handshake.h"
#include "hop.h"
#include "isn.h"
#include "life.h"
#include "listener.h"
#include "show.h"
#include "tcp.h"
#include "tcpsys.h"

#define OWN(map)	[(map) - NR_CORE_MAPS]

static const struct map_shape maps[] = {
	OWN(MAP_CONNS) = { .name = "conns", .type = BPF_MAP_TYPE_ARRAY, .key = 4,
			   .value = sizeof(struct tcp_conn), .longer = true,
			   .entries = ETRAN_MAX_CONNS },
	OWN(MAP_FLOWS) = { .name = "flows", .type = BPF_MAP_TYPE_HASH,
			   .key = sizeof(struct tcp_tuple), .value = 4 },
	OWN(MAP_LISTENERS) = { .name = "listeners", .type = BPF_MAP_TYPE_HASH,
			       .key = sizeof(struct tcp_listen_key),
			       .value = sizeof(struct tcp_listener) },
	OWN(MAP_HOLD) = { .name = "hold" },
	OWN(MAP_EVENTS) = { .name = "events", .type = BPF_MAP_TYPE_RINGBUF },
	OWN(MAP_STATS) = { .name = "stats", .type = BPF_MAP_TYPE_PERCPU_ARRAY,
			   .key = 4, .value = sizeof(struct tcp_stats),
			   .entries = 1 },
};

static const char * const progs[] = {
	[PROG_INGRESS] = "tcp_ingress",
	[PROG_PORT] = "tcp_port",
	[PROG_OPEN] = "tcp_open",
	[PROG_ESTABLISH] = "tcp_establish",
	[PROG_RELEASE] = "tcp_release",
	[PROG_CLOSE] = "tcp_close",
	[PROG_TICK] = "tcp_tick",
	[PROG_NEIGH] = "tcp_neigh",
};

_Static_assert(NR_MAPS <= TRANSPORT_MAPS && NR_PROGS <= TRANSPORT_PROGS,
	       "struct transport has room for all descriptors");

static int init(void)
{
	int err = isn_init();

	return err ? err : conn_init(life_timeout);
}

static void adopt(void)
{
	listener_adopt_all();
	adopt_all();
}

static void message(struct tenant *t, const struct etran_ctl_msg *m, int fd)
{
	switch (m->type) {
	case ETRAN_CTL_LISTEN:
		listener_open(t, m, fd);
		break;
	case ETRAN_CTL_UNLISTEN:
		listener_unlisten(t, m);
		break;
	case ETRAN_CTL_CONNECT:
		handshake_connect(t, m, fd);
		break;
	case ETRAN_CTL_RELEASE:
		life_release(t, m->u.conn.conn, m->u.conn.gen);
		break;
	case ETRAN_CTL_ABORT:
		life_abort(t, m->u.conn.conn, m->u.conn.gen);
		break;
	}
}

static void tenant_ended(struct tenant *t)
{
	listener_end_all(t);
	life_orphan_all(t);
}

const struct transport_ops tcp_ops = {
	.name = "tcp",
	.state_version = TCP_STATE_VERSION,
	.pub_size = sizeof(struct etran_conn_pub),
	.maps = maps,
	.nr_maps = ARRAY_SIZE(maps),
	.progs = progs,
	.nr_progs = ARRAY_SIZE(progs),
	.init = init,
	.adopt = adopt,
	.start = event_start,
	.stop = event_stop,
	.message = message,
	.neigh_changed = hop_changed,
	.tenant_ended = tenant_ended,
	.tenant_cleared = life_end_all,
	.status = show_status,
	.flows = show_flows,
};
