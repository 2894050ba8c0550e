// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tables for people, from the same JSON that -j prints.
 */
#include <json-c/json.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "show.h"

static struct json_object *get(struct json_object *o, const char *key)
{
	return json_object_object_get(o, key);
}

static const char *str(struct json_object *o, const char *key)
{
	const char *s = json_object_get_string(get(o, key));

	return s ? s : "";
}

static unsigned long long num(struct json_object *o, const char *key)
{
	return json_object_get_uint64(get(o, key));
}

static size_t count(struct json_object *list)
{
	return list ? json_object_array_length(list) : 0;
}

/* The non-zero members of an object of numbers, on one line. */
static void print_counters(const char *title, struct json_object *o)
{
	int n = 0;

	if (!o)
		return;
	json_object_object_foreach(o, key, v) {
		if (!json_object_get_uint64(v))
			continue;
		printf("%s %s %llu", n++ ? "," : title, key,
		       (unsigned long long)json_object_get_uint64(v));
	}
	if (n)
		putchar('\n');
}

/** show_transports - table of transports */
void show_transports(struct json_object *root)
{
	struct json_object *list = get(root, "transports"), *o;
	size_t i;

	for (i = 0; i < count(list); i++) {
		o = json_object_array_get_idx(list, i);
		printf("transport %s: id %llu, queues %llu\n", str(o, "name"),
		       num(o, "id"), num(o, "queues"));
		print_counters("  ", get(o, "counters"));
	}
}

/** show_exits - transports that ended, with their dumps */
void show_exits(struct json_object *root)
{
	struct json_object *list = get(root, "exits"), *o;
	char when[32];
	struct tm tm;
	time_t sec;
	size_t i;

	for (i = 0; i < count(list); i++) {
		o = json_object_array_get_idx(list, i);
		sec = num(o, "time_ns") / 1000000000;
		strftime(when, sizeof(when), "%F %T", localtime_r(&sec, &tm));
		printf("%s transport %s id %llu: %s code %lld: %s\n", when,
		       str(o, "name"), num(o, "id"), str(o, "kind"),
		       (long long)json_object_get_int64(get(o, "code")),
		       str(o, "message"));
		fputs(str(o, "dump"), stdout);
	}
}

/** show_status - everything about this namespace in a few lines */
void show_status(struct json_object *root)
{
	struct json_object *list = get(root, "nics"), *o;
	const char *version = str(get(root, "module"), "version");
	size_t i;

	printf("module: etran%s%s\n", *version ? " " : "", version);
	printf("etrand: pid %llu, %llu connections\n", num(root, "pid"),
	       num(root, "connections"));
	for (i = 0; i < count(list); i++) {
		o = json_object_array_get_idx(list, i);
		printf("nic %s: mtu %llu, queues %llu, XDP %s, ", str(o, "name"),
		       num(o, "mtu"), num(o, "queues"), str(o, "xdp"));
		if (num(o, "tenant"))
			printf("tenant %llu in %s, ", num(o, "tenant"),
			       str(o, "mode"));
		else
			printf("free, ");
		printf("%llu virtual ports\n", num(o, "ports"));
	}
	show_transports(root);
	print_counters("tcp:", get(root, "tcp"));
	print_counters("fallbacks:", get(root, "fallbacks"));
}

/** show_flows - table of connections */
void show_flows(struct json_object *root)
{
	struct json_object *list = get(root, "flows"), *o;
	size_t i;

	if (!count(list))
		return;
	printf("%-21s %-21s %-12s %12s %12s %8s %8s %6s %s\n", "LOCAL", "PEER",
	       "STATE", "ACKED", "RECEIVED", "CWND", "SRTT_US", "REXMIT",
	       "PROCESS");
	for (i = 0; i < count(list); i++) {
		o = json_object_array_get_idx(list, i);
		printf("%-21s %-21s %-12s %12llu %12llu %8llu %8llu %6llu %llu/%s\n",
		       str(o, "local"), str(o, "peer"), str(o, "state"),
		       num(o, "bytes_acked"), num(o, "bytes_received"),
		       num(o, "cwnd"), num(o, "srtt_us"), num(o, "retransmits"),
		       num(o, "pid"), str(o, "comm"));
	}
}

/** show_apps - table of processes */
void show_apps(struct json_object *root)
{
	struct json_object *list = get(root, "apps"), *queues, *o, *q;
	size_t i, j;

	for (i = 0; i < count(list); i++) {
		o = json_object_array_get_idx(list, i);
		printf("pid %llu %s: ", num(o, "pid"), str(o, "comm"));
		if (!num(o, "tenant")) {
			printf("on kernel sockets%s%s\n",
			       *str(o, "refused") ? ": " : "", str(o, "refused"));
		} else {
			printf("tenant %llu, %s, %llu connections\n",
			       num(o, "tenant"), str(o, "mode"),
			       num(o, "connections"));
		}
		queues = get(o, "queues");
		for (j = 0; j < count(queues); j++) {
			q = json_object_array_get_idx(queues, j);
			if (*str(q, "port"))
				printf("  %s port %s", str(q, "nic"),
				       str(q, "port"));
			else
				printf("  %s queue %llu", str(q, "nic"),
				       num(q, "queue"));
			if (*str(q, "stall") && strcmp(str(q, "stall"), "none"))
				printf(" (does not move: %s)", str(q, "stall"));
			putchar('\n');
			print_counters("   ", get(q, "counters"));
		}
		print_counters("  fallbacks:", get(o, "fallbacks"));
	}
}
