/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ETRAND_PORT_H
#define ETRAND_PORT_H

#include <stdint.h>

int port_open(uint32_t tenant, int prog, int ports);
int port_find(uint32_t tenant);
void port_close(uint32_t tenant);
int port_close_all(void);

#endif
