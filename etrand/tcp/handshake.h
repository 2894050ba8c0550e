/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ETRAND_TCP_HANDSHAKE_H
#define ETRAND_TCP_HANDSHAKE_H

#include <stdint.h>

#include "bpf-progs/tcp/state.h"
#include "uapi/etran_ctl.h"

struct conn;
struct tenant;

void handshake_syn(const struct tcp_event *ev);
void handshake_synack(struct conn *c, const struct tcp_event *ev);
void handshake_established(struct conn *c);
void handshake_refused(struct conn *c, int err);
void handshake_connect(struct tenant *t, const struct etran_ctl_msg *m, int fd);
void handshake_resolved(struct conn *c, const uint8_t mac[6]);
void handshake_timeout(struct conn *c);
void handshake_adopted(struct conn *c);

#endif
