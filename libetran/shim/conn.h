/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* Sockets that become connections. */
#ifndef LIBETRAN_SHIM_CONN_H
#define LIBETRAN_SHIM_CONN_H

#include "file.h"

int shim_socket(int domain, int type, int proto);
int shim_connect(struct shim_file *f, int fd, const struct sockaddr *a, socklen_t n);
int shim_shutdown(struct shim_file *f, int fd, int how);
int shim_getname(struct shim_file *f, int fd, struct sockaddr *a, socklen_t *n, bool peer);

#endif /* LIBETRAN_SHIM_CONN_H */
