/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * What has to be done from time to time, and the thread that does it while the
 * application does not.
 */
#ifndef LIBETRAN_SERVICE_H
#define LIBETRAN_SERVICE_H

#define ET_QUIET_MAX	16	/* busy services between looks at etrand's socket */

int et_thread_start(void);
void et_thread_wake(void);
void et_wake_app(void);

#endif /* LIBETRAN_SERVICE_H */
