/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ETRAND_TCP_TCPSYS_H
#define ETRAND_TCP_TCPSYS_H

#include "bpf-progs/tcp/state.h"
#include "etrand/transport.h"

enum tcp_map {
	MAP_CONNS = NR_CORE_MAPS,
	MAP_FLOWS,
	MAP_LISTENERS,
	MAP_HOLD,
	MAP_EVENTS,
	MAP_STATS,
	NR_MAPS,
};

enum tcp_prog {
	PROG_OPEN = NR_CORE_PROGS,
	PROG_ESTABLISH,
	PROG_RELEASE,
	PROG_CLOSE,
	PROG_TICK,
	PROG_NEIGH,
	NR_PROGS,
};

int tcpsys_run(enum tcp_prog prog, void *ctx, uint32_t size);
int tcpsys_conn(uint32_t idx, struct tcp_conn *c);
int tcpsys_stats(struct tcp_stats *sum);

#endif
