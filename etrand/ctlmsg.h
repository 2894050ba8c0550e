/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ETRAND_CTLMSG_H
#define ETRAND_CTLMSG_H

#include <stdbool.h>
#include <stddef.h>

#include "etran_ctl.h"
#include "etran_io.h"

struct msgq {
	struct etran_ctl_msg *msgs;
	unsigned int head, count, size;
};

int ctlmsg_check(const struct etran_ctl_msg *m, size_t len, int nr_fds,
		 bool has_tenant);
int msgq_push(struct msgq *q, const struct etran_ctl_msg *m, unsigned int limit);
const struct etran_ctl_msg *msgq_first(const struct msgq *q);
void msgq_pop(struct msgq *q);
void msgq_free(struct msgq *q);

#endif
