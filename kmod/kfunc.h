/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The functions that programs call.
 */
#ifndef _ETRAN_KFUNC_H
#define _ETRAN_KFUNC_H

#include "etran.h"

int etran_kfunc_init(void);

#endif /* _ETRAN_KFUNC_H */
