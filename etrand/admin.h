/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ETRAND_ADMIN_H
#define ETRAND_ADMIN_H

#define ADMIN_NAME	"etran-admin"	/* abstract, behind the leading NUL */
#define ADMIN_SCHEMA	1

int admin_init(void);
void admin_close(void);

#endif
