/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * /sys/kernel/etran.
 */
#ifndef _ETRAN_SYSFS_H
#define _ETRAN_SYSFS_H

#include "etran.h"

int etran_sysfs_init(void);
void etran_sysfs_exit(void);

#endif /* _ETRAN_SYSFS_H */
