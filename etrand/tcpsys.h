/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ETRAND_TCPSYS_H
#define ETRAND_TCPSYS_H

#include "bpf-progs/tcp/state.h"
#include "loader.h"

int tcpsys_run(enum tcp_prog prog, void *ctx, uint32_t size);
int tcpsys_conn(uint32_t idx, struct tcp_conn *c);
int tcpsys_stats(struct tcp_stats *sum);

#endif
