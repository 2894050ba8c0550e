/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* One wake-up of the NIC for what a program sends at a time. */
#ifndef LIBETRAN_SHIM_CORK_H
#define LIBETRAN_SHIM_CORK_H

#include <stddef.h>

void shim_cork(int n);
void shim_got(size_t n);
void shim_uncork(void);
void shim_sent(void);

#endif /* LIBETRAN_SHIM_CORK_H */
