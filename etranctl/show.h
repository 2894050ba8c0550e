/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ETRANCTL_SHOW_H
#define ETRANCTL_SHOW_H

struct json_object;

void show_status(struct json_object *root);
void show_flows(struct json_object *root);
void show_apps(struct json_object *root);
void show_transports(struct json_object *root);
void show_exits(struct json_object *root);

#endif
