/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * The socket to etrand: messages out, answers and events in.
 */
#ifndef LIBETRAN_CTL_H
#define LIBETRAN_CTL_H

#include <stdbool.h>
#include <stdint.h>

#include "uapi/etran_ctl.h"

#define ET_ANSWER_MS	5000		/* etrand has to answer within this */

int et_ctl_dial(void);
int et_ctl_recv(int fd, struct etran_ctl_msg *m, int *fds, int *nr_fds, int wait_ms);
int et_ctl_send(struct etran_ctl_msg *m, int fd);
int et_ctl_ask(struct etran_ctl_msg *m, int fd);
bool et_ctl_read(void);
void et_ctl_flush(void);
void et_ctl_lost(void);
void et_ctl_settle(void);
uint32_t et_ctl_id(void);

#endif /* LIBETRAN_CTL_H */
