/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* poll() and select(). */
#ifndef LIBETRAN_SHIM_POLL_H
#define LIBETRAN_SHIM_POLL_H

#include <poll.h>
#include <signal.h>
#include <sys/select.h>

#include "wait.h"

int shim_poll(struct pollfd *p, nfds_t n, const struct shim_until *u, const sigset_t *mask);
int shim_select(int n, fd_set *r, fd_set *w, fd_set *e, const struct shim_until *u,
		const sigset_t *mask);
bool shim_poll_has_ours(const struct pollfd *p, nfds_t n);
bool shim_select_has_ours(int n, const fd_set *r, const fd_set *w, const fd_set *e);

#endif /* LIBETRAN_SHIM_POLL_H */
