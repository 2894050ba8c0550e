/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* Sockets: what poll() would say, who is told of it, and their end. */
#ifndef LIBETRAN_SHIM_SOCK_H
#define LIBETRAN_SHIM_SOCK_H

#include "file.h"

uint32_t shim_sock_events(struct shim_file *f);
int shim_sock_wait(struct shim_file *f, uint32_t want, const struct timespec *timeo);
bool shim_check_refused(struct shim_file *f);
void shim_changed(struct etran_sock *s, void *user);
void shim_sock_release(struct shim_file *f);

#endif /* LIBETRAN_SHIM_SOCK_H */
