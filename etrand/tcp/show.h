/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ETRAND_TCP_SHOW_H
#define ETRAND_TCP_SHOW_H

struct json_object;

void show_status(struct json_object *root);
void show_flows(struct json_object *list);

#endif
