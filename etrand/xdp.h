/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ETRAND_XDP_H
#define ETRAND_XDP_H

#include <stdbool.h>
#include <stdint.h>

struct xdp_program;

bool xdp_is_attached(int ifindex, uint32_t prog_id, bool *generic);
int xdp_attach(struct xdp_program *prog, int ifindex, const char *ifname,
	       bool *generic);
int xdp_detach_named(int ifindex, const char *prog_name);
void xdp_for_each(int ifindex, const char *suffix,
		  void (*fn)(void *ctx, int ifindex, uint32_t id, const char *name),
		  void *ctx);

#endif
