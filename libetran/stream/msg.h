/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * What etrand says of connections and listeners.
 */
#ifndef LIBETRAN_STREAM_MSG_H
#define LIBETRAN_STREAM_MSG_H

struct etran_ctl_msg;

void et_msg_handle(const struct etran_ctl_msg *m);
void et_msg_lost(void);
void et_msg_resume(void);

#endif /* LIBETRAN_STREAM_MSG_H */
