/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Devices that pools send by: going away, coming up.
 */
#ifndef _ETRAN_NETDEV_H
#define _ETRAN_NETDEV_H

#include "etran.h"

int etran_netdev_init(void);
void etran_netdev_exit(void);

#endif /* _ETRAN_NETDEV_H */
