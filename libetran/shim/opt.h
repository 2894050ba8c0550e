/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* Options, fcntl() and ioctl(). */
#ifndef LIBETRAN_SHIM_OPT_H
#define LIBETRAN_SHIM_OPT_H

#include "file.h"

int shim_getsockopt(struct shim_file *f, int fd, int level, int opt, void *val, socklen_t *len);
int shim_setsockopt(struct shim_file *f, int fd, int level, int opt, const void *val,
		    socklen_t len);
int shim_fcntl(struct shim_file *f, int fd, int cmd, long arg);
int shim_ioctl(struct shim_file *f, int fd, unsigned long req, long arg);

#endif /* LIBETRAN_SHIM_OPT_H */
