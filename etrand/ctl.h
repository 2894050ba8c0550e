/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ETRAND_CTL_H
#define ETRAND_CTL_H

struct peer;

int ctl_init(void);
int ctl_serve(void);
void ctl_close(void);
struct peer *ctl_peers(void);

#endif
