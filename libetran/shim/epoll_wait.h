/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* epoll: waiting. */
#ifndef LIBETRAN_SHIM_EPOLL_WAIT_H
#define LIBETRAN_SHIM_EPOLL_WAIT_H

#include <signal.h>
#include <sys/epoll.h>

#include "wait.h"

int shim_epoll_wait(struct shim_file *ep, int epfd, struct epoll_event *ev, int max,
		    const struct shim_until *u, const sigset_t *mask);
void shim_epoll_settle(struct shim_file *ep);

#endif /* LIBETRAN_SHIM_EPOLL_WAIT_H */
