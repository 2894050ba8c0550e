/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ETRAND_CONFIG_H
#define ETRAND_CONFIG_H

#include <stdbool.h>
#include <stdint.h>

int config_read(const char *path);
bool config_zerocopy_allowed(uint32_t uid);

#endif
