/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ETRAND_LOG_H
#define ETRAND_LOG_H

#include <stdbool.h>

extern bool log_verbose;

void log_err(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_info(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_debug(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_capture_libs(void);
const char *log_last_lib_line(void);

#endif
