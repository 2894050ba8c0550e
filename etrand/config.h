/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ETRAND_CONFIG_H
#define ETRAND_CONFIG_H

#include <stdint.h>

/**
 * enum config_mode - how a program may use the queues of a NIC
 * @MODE_COPY: the kernel copies each packet out and in
 * @MODE_ZEROCOPY: the program can change a packet after it was checked
 * @MODE_STRICT: zero copy, but what leaves is a copy out of the program's reach
 */
enum config_mode {
	MODE_COPY,
	MODE_ZEROCOPY,
	MODE_STRICT,
};

int config_read(const char *path);
enum config_mode config_mode(uint32_t uid);

#endif
