/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ETRAND_LOADER_H
#define ETRAND_LOADER_H

#include <stdbool.h>
#include <stdint.h>

#include "netlink.h"

#define TCP_NAME	"tcp"

enum tcp_map {
	MAP_CONNS,
	MAP_FLOWS,
	MAP_LISTENERS,
	MAP_PUB,
	MAP_XSKS,
	MAP_PORTS,
	MAP_HOLD,
	MAP_EVENTS,
	MAP_STATS,
	MAP_TENANTS,		/* ours, not the object's: see record.c */
	NR_MAPS,
};

enum tcp_prog {
	PROG_INGRESS,
	PROG_PORT,
	PROG_OPEN,
	PROG_ESTABLISH,
	PROG_RELEASE,
	PROG_CLOSE,
	PROG_TICK,
	PROG_NEIGH,
	NR_PROGS,
};

/**
 * struct transport - the loaded TCP transport
 * @live: attached as far as we know
 * @adopted: found in pins, from a former etrand
 * @conn_size: bytes of a value of the conns map
 */
struct transport {
	bool live;
	bool adopted;
	int map[NR_MAPS];
	int prog[NR_PROGS];
	uint32_t conn_size;
	struct nl nl;
};

extern struct transport tcp;

int loader_start(const char *object_dir);
void loader_close(void);
void loader_detach(void);

#endif
