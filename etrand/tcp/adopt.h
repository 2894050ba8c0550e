/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ETRAND_TCP_ADOPT_H
#define ETRAND_TCP_ADOPT_H

void adopt_all(void);
void adopt_rescan(void);

#endif
