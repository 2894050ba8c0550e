// SPDX-License-Identifier: GPL-2.0-only
/*
 * One-line messages on stderr, and a muzzle for libbpf and libxdp.
 *
 * The libraries explain a failed load in dozens of lines; their first warning
 * is kept, so that our own one line can name the cause. All of it is shown
 * with --verbose.
 */
#include <bpf/libbpf.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <xdp/libxdp.h>

#include "log.h"

bool log_verbose;
static char lib_line[256];

static void emit(const char *level, const char *fmt, va_list ap)
{
	char line[512];
	int n, i;

	n = snprintf(line, sizeof(line), "etrand: %s", level);
	n += vsnprintf(line + n, sizeof(line) - n, fmt, ap);
	if (n > (int)sizeof(line) - 2)
		n = sizeof(line) - 2;
	/* What is quoted from elsewhere may end in a newline, or hold some. */
	while (n && line[n - 1] == '\n')
		n--;
	for (i = 0; i < n; i++)
		if (line[i] == '\n')
			line[i] = ' ';
	line[n] = '\n';
	/* One write(): lines of several daemons on one stream stay whole. */
	fwrite(line, 1, n + 1, stderr);
}

void log_err(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	emit("error: ", fmt, ap);
	va_end(ap);
}

void log_info(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	emit("", fmt, ap);
	va_end(ap);
}

void log_debug(const char *fmt, ...)
{
	va_list ap;

	if (!log_verbose)
		return;
	va_start(ap, fmt);
	emit("debug: ", fmt, ap);
	va_end(ap);
}

static void keep(const char *fmt, va_list ap)
{
	char line[sizeof(lib_line)];
	va_list copy;

	va_copy(copy, ap);
	vsnprintf(line, sizeof(line), fmt, copy);
	va_end(copy);
	line[strcspn(line, "\n")] = '\0';
	/* All of it: the verifier's log is one message. */
	if (log_verbose)
		vfprintf(stderr, fmt, ap);
	if (!lib_line[0])
		strcpy(lib_line, line);
}

static int bpf_print(enum libbpf_print_level level, const char *fmt, va_list ap)
{
	if (level == LIBBPF_WARN)
		keep(fmt, ap);
	return 0;
}

static int xdp_print(enum libxdp_print_level level, const char *fmt, va_list ap)
{
	if (level == LIBXDP_WARN)
		keep(fmt, ap);
	return 0;
}

/** log_capture_libs - take over what libbpf and libxdp would print */
void log_capture_libs(void)
{
	setvbuf(stderr, NULL, _IONBF, 0);
	libbpf_set_print(bpf_print);
	libxdp_set_print(xdp_print);
}

/** log_last_lib_line - the first warning since the last call, "" if none */
const char *log_last_lib_line(void)
{
	static char line[sizeof(lib_line)];

	strcpy(line, lib_line);
	lib_line[0] = '\0';
	return line;
}
