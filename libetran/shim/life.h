/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* Beginning, fork and end of a preloaded process. */
#ifndef LIBETRAN_SHIM_LIFE_H
#define LIBETRAN_SHIM_LIFE_H

#include <stdbool.h>
#include <stdint.h>

extern bool shim_require, shim_forked;
__attribute__((format(printf, 1, 2)))
void shim_debug(const char *fmt, ...);
void shim_kernel(const char *call, uint32_t reason);
uint32_t shim_open(void);
void shim_init(void);
void shim_at_exit(void);

#endif /* LIBETRAN_SHIM_LIFE_H */
