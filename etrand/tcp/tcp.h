/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ETRAND_TCP_TCP_H
#define ETRAND_TCP_TCP_H

struct transport_ops;

extern const struct transport_ops tcp_ops;

#endif
