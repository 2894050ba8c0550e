/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ETRAND_SELF_H
#define ETRAND_SELF_H

#include <stddef.h>
#include <stdint.h>

int self_object_dir(const char *object, char *dir, size_t size);
int self_netns(uint64_t *cookie);

#endif
