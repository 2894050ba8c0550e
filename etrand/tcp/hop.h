/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ETRAND_TCP_HOP_H
#define ETRAND_TCP_HOP_H

#include <stdint.h>
#include <linux/types.h>

struct conn;

void hop_changed(int ifindex, __be32 addr, const uint8_t mac[6]);
void hop_adopt(struct conn *c);

#endif
