/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A NIC that a case may take away, as host h1's: on veth a pair of its own,
 * kt0 at h1 and kt1 at h2; else h1's one NIC, which comes back by its bus.
 */
#ifndef _KERNEL_NIC_H
#define _KERNEL_NIC_H

#include <stdbool.h>

/** nic_open - false (and a failed check) when there is none */
bool nic_open(void);

/** nic_close - as it was before nic_open(), whatever happened meanwhile */
void nic_close(void);

/** nic_remove - returns when the kernel has forgotten it; 0 or an error */
int nic_remove(void);

/** nic_lost - the case has seen to it that it is gone */
void nic_lost(void);

/** nic_restore - it is there again, up and with a link */
bool nic_restore(void);

/** nic_wait - until both ends are up and have a link */
bool nic_wait(void);

#endif /* _KERNEL_NIC_H */
