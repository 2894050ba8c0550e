/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* Reading and writing. */
#ifndef LIBETRAN_SHIM_IO_H
#define LIBETRAN_SHIM_IO_H

#include "file.h"

ssize_t shim_recvv(struct shim_file *f, const struct iovec *iov, int n, int flags);
ssize_t shim_sendv(struct shim_file *f, const struct iovec *iov, int n, int flags);
ssize_t shim_read(struct shim_file *f, const struct iovec *iov, int n);
ssize_t shim_recv(struct shim_file *f, void *buf, size_t len, int flags);
ssize_t shim_recvfrom(struct shim_file *f, void *buf, size_t len, int flags,
		      struct sockaddr *a, socklen_t *n);
ssize_t shim_recvmsg(struct shim_file *f, struct msghdr *m, int flags);
int shim_recvmmsg(struct shim_file *f, struct mmsghdr *m, unsigned int n, int flags,
		  struct timespec *t);
ssize_t shim_send(struct shim_file *f, const void *buf, size_t len, int flags);
ssize_t shim_sendmsg(struct shim_file *f, const struct msghdr *m, int flags);
int shim_sendmmsg(struct shim_file *f, struct mmsghdr *m, unsigned int n, int flags);
ssize_t shim_sendfile(struct shim_file *f, int in, off_t *off, size_t len);
ssize_t shim_ret(struct shim_file *f, ssize_t r);

#endif /* LIBETRAN_SHIM_IO_H */
