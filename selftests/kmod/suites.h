/* SPDX-License-Identifier: GPL-2.0-only */
/* The suites, one file each. */
#ifndef _KERNEL_SUITES_H
#define _KERNEL_SUITES_H

#include "ktap.h"

extern const struct ktap_suite suite_egress;
extern const struct ktap_suite suite_hold;
extern const struct ktap_suite suite_gen;
extern const struct ktap_suite suite_timer;
extern const struct ktap_suite suite_life;
extern const struct ktap_suite suite_hostile;
extern const struct ktap_suite suite_rx;
extern const struct ktap_suite suite_reject;
extern const struct ktap_suite suite_port;
extern const struct ktap_suite suite_safety;
extern const struct ktap_suite suite_cost;
extern const struct ktap_suite suite_wheel;
extern const struct ktap_suite suite_ceiling;
extern const struct ktap_suite suite_pace;
extern const struct ktap_suite suite_netdev;
extern const struct ktap_suite suite_strict;
extern const struct ktap_suite suite_meta;
extern const struct ktap_suite suite_fair;
extern const struct ktap_suite suite_credit;
extern const struct ktap_suite suite_slow;
extern const struct ktap_suite suite_pause;
extern const struct ktap_suite suite_hotplug;

#endif /* _KERNEL_SUITES_H */
