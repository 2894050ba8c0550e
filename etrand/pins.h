/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ETRAND_PINS_H
#define ETRAND_PINS_H

#include <stddef.h>

#define PINS_BPFFS	"/sys/fs/bpf"

int pins_path(char *buf, size_t size, const char *transport, const char *name);
int pins_prepare(const char *transport);
int pins_remove(const char *transport);
struct nl;
int pins_detach_transport(struct nl *nl, const char *transport);

#endif
