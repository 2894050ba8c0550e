/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ETRAND_LOADER_H
#define ETRAND_LOADER_H

int loader_start(const char *object_dir);
void loader_close(void);
void loader_detach(void);

#endif
