/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ETRAND_TCP_ISN_H
#define ETRAND_TCP_ISN_H

#include <stddef.h>
#include <stdint.h>

#include "bpf-progs/tcp/state.h"

uint64_t isn_siphash(const uint64_t key[2], const void *mem, size_t len);
uint32_t isn_make(const struct tcp_tuple *tuple, uint64_t now_ns);
int isn_init(void);

#endif
