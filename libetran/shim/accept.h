/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* Listeners. */
#ifndef LIBETRAN_SHIM_ACCEPT_H
#define LIBETRAN_SHIM_ACCEPT_H

#include "file.h"

int shim_listen(struct shim_file *f, int fd, int backlog);
int shim_accept(struct shim_file *f, int fd, struct sockaddr *a, socklen_t *n, int flags);

#endif /* LIBETRAN_SHIM_ACCEPT_H */
