// SPDX-License-Identifier: GPL-2.0-only
/*
 * etranctl: what the operator types.
 *
 * Talks netlink to the module for transports, so that showing and detaching
 * work when the daemon does not, and to etrand's admin socket for the rest.
 */
#include <errno.h>
#include <getopt.h>
#include <json-c/json.h>
#include <limits.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "etrand/admin.h"
#include "etrand/log.h"
#include "etrand/loop.h"
#include "etrand/netlink.h"
#include "etrand/pins.h"
#include "etran_trace.h"
#include "show.h"
#include "trace.h"

enum {
	EXIT_USAGE	= 1,
	EXIT_ABSENT	= 2,	/* no daemon or no module */
	EXIT_NOT_FOUND	= 3,
	EXIT_PERMISSION	= 4,
	EXIT_REFUSED	= 5,
};

static bool json;

static int complain(int status, const char *fmt, const char *arg)
{
	fputs("etranctl: ", stderr);
	fprintf(stderr, fmt, arg);
	fputc('\n', stderr);
	return status;
}

static int open_module(struct nl *nl)
{
	int err = nl_open(nl);

	if (!err)
		return 0;
	if (err == -ENOENT)
		return complain(EXIT_ABSENT, "etran.ko is not loaded%s", "");
	if (err == -EPROTO)
		return complain(EXIT_ABSENT, "etran.ko is of another version%s", "");
	return complain(EXIT_REFUSED, "etran.ko: %s", strerror(-err));
}

static int netlink_failed(const struct nl *nl, int err, const char *name)
{
	if (err == -EPERM || err == -EACCES)
		return complain(EXIT_PERMISSION, "not permitted: needs CAP_NET_ADMIN%s", "");
	if (err == -ENOENT)
		return complain(EXIT_NOT_FOUND, "no transport %s here", name);
	return complain(EXIT_REFUSED, "%s",
			*nl->error ? nl->error : strerror(-err));
}

/* Return: etrand's answer, NULL when there is no etrand */
static struct json_object *ask(const char *what)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	struct timeval timeout = { .tv_sec = 10 };
	struct json_object *root = NULL;
	char *text = NULL, *more;
	size_t have = 0;
	socklen_t len;
	ssize_t n = 0;
	int fd;

	memcpy(sun.sun_path + 1, ADMIN_NAME, strlen(ADMIN_NAME));
	len = offsetof(struct sockaddr_un, sun_path) + 1 + strlen(ADMIN_NAME);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return NULL;
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout));
	if (connect(fd, (struct sockaddr *)&sun, len) ||
	    send(fd, what, strlen(what), MSG_NOSIGNAL) < 0)
		goto out;
	do {
		more = realloc(text, have + 65536);
		if (!more)
			goto out;
		text = more;
		n = recv(fd, text + have, 65535, 0);
		if (n > 0)
			have += n;
	} while (n > 0);
	text[have] = '\0';
	if (!n)
		root = json_tokener_parse(text);
out:
	free(text);
	close(fd);
	return root;
}

static int show_answer(const char *what, void (*show)(struct json_object *))
{
	struct json_object *root = ask(what);

	if (!root)
		return complain(EXIT_ABSENT, "no etrand in this network namespace%s", "");
	if (json)
		puts(json_object_to_json_string_ext(root, JSON_C_TO_STRING_PRETTY |
						    JSON_C_TO_STRING_SPACED));
	else
		show(root);
	json_object_put(root);
	return 0;
}

static void read_version(char *buf, size_t size)
{
	FILE *f = fopen("/sys/module/etran/version", "re");

	buf[0] = '\0';
	if (!f)
		return;
	if (fgets(buf, size, f))
		buf[strcspn(buf, "\n")] = '\0';
	fclose(f);
}

static int do_status(int argc, char **argv)
{
	struct json_object *root, *module;
	char version[64];
	struct nl nl;
	int ret;

	(void)argv;
	if (argc)
		return EXIT_USAGE;
	ret = open_module(&nl);
	if (ret)
		return ret;
	root = ask("status");
	if (!root) {
		nl_disconnect(&nl);
		return complain(EXIT_ABSENT, "no etrand in this network namespace%s", "");
	}
	read_version(version, sizeof(version));
	module = json_object_new_object();
	json_object_object_add(module, "version", json_object_new_string(version));
	json_object_object_add(module, "netlink_version",
			       json_object_new_int(nl.version));
	json_object_object_add(root, "module", module);
	nl_disconnect(&nl);
	if (json)
		puts(json_object_to_json_string_ext(root, JSON_C_TO_STRING_PRETTY |
						    JSON_C_TO_STRING_SPACED));
	else
		show_status(root);
	json_object_put(root);
	return 0;
}

static int do_flow_show(int argc, char **argv)
{
	(void)argv;
	return argc ? EXIT_USAGE : show_answer("flows", show_flows);
}

static int do_app_show(int argc, char **argv)
{
	(void)argv;
	return argc ? EXIT_USAGE : show_answer("apps", show_apps);
}

static void add_transport(const struct nl_transport *t, void *arg)
{
	struct json_object *o = json_object_new_object();
	struct json_object *c = json_object_new_object();
	int i;

	json_object_object_add(o, "name", json_object_new_string(t->name));
	json_object_object_add(o, "id", json_object_new_int64(t->id));
	json_object_object_add(o, "map_id", json_object_new_int64(t->map_id));
	json_object_object_add(o, "queues", json_object_new_int64(t->queues));
	for (i = 0; i <= ETRAN_A_COUNTERS_MAX; i++)
		if (nl_counter_name(i))
			json_object_object_add(c, nl_counter_name(i),
					       json_object_new_uint64(t->counters.v[i]));
	json_object_object_add(o, "counters", c);
	json_object_array_add(arg, o);
}

/* A list of the module's, under the name @key. */
static int show_module(const char *key,
		       int (*get)(struct nl *nl, nl_transport_fn fn, void *arg),
		       nl_transport_fn add, void (*show)(struct json_object *))
{
	struct json_object *root, *list;
	struct nl nl;
	int ret, err;

	ret = open_module(&nl);
	if (ret)
		return ret;
	root = json_object_new_object();
	list = json_object_new_array();
	json_object_object_add(root, key, list);
	json_object_object_add(root, "schema", json_object_new_int(ADMIN_SCHEMA));
	err = get(&nl, add, list);
	if (err)
		ret = netlink_failed(&nl, err, "");
	else if (json)
		puts(json_object_to_json_string_ext(root, JSON_C_TO_STRING_PRETTY |
						    JSON_C_TO_STRING_SPACED));
	else
		show(root);
	json_object_put(root);
	nl_disconnect(&nl);
	return ret;
}

static int do_transport_show(int argc, char **argv)
{
	(void)argv;
	return argc ? EXIT_USAGE :
		show_module("transports", nl_transports, add_transport, show_transports);
}

static void add_exit(const struct nl_transport *t, void *arg)
{
	struct json_object *o = json_object_new_object();

	json_object_object_add(o, "name", json_object_new_string(t->name));
	json_object_object_add(o, "id", json_object_new_int64(t->id));
	json_object_object_add(o, "kind",
			       json_object_new_string(nl_exit_kind_name(t->exit_kind)));
	json_object_object_add(o, "code", json_object_new_int(t->exit_code));
	json_object_object_add(o, "message", json_object_new_string(t->exit_msg));
	json_object_object_add(o, "time_ns", json_object_new_uint64(t->exit_time));
	json_object_object_add(o, "dump", json_object_new_string(t->exit_dump));
	json_object_array_add(arg, o);
}

static int do_transport_exits(int argc, char **argv)
{
	(void)argv;
	return argc ? EXIT_USAGE : show_module("exits", nl_exits, add_exit, show_exits);
}

static int do_transport_detach(int argc, char **argv)
{
	struct nl nl;
	int ret, err;

	if (argc != 1 || !*argv[0] || strspn(argv[0],
	    "abcdefghijklmnopqrstuvwxyz0123456789_-") != strlen(argv[0]) ||
	    strlen(argv[0]) >= ETRAN_NAME_LEN)
		return EXIT_USAGE;
	if (geteuid())
		return complain(EXIT_PERMISSION, "not permitted: must be root%s", "");
	ret = open_module(&nl);
	if (ret)
		return ret;
	err = pins_detach_transport(&nl, argv[0]);
	if (err)
		ret = netlink_failed(&nl, err, argv[0]);
	nl_disconnect(&nl);
	return ret;
}

/* Beside the build's binaries, or where make install puts it. */
static int find_shim(char *path, size_t size)
{
	char self[256];
	ssize_t n;

	n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	if (n < 0)
		return -errno;
	self[n] = '\0';
	*strrchr(self, '/') = '\0';
	snprintf(path, size, "%s/../lib/libetran-preload.so", self);
	return access(path, R_OK) ? -errno : 0;
}

static int do_run(int argc, char **argv)
{
	char shim[300], preload[1024];
	const char *before = getenv("LD_PRELOAD");

	while (argc && strncmp(argv[0], "--", 2) == 0) {
		const char *opt = *argv++;

		argc--;
		if (!strcmp(opt, "--"))
			break;
		if (!strcmp(opt, "--require")) {
			setenv("ETRAN_REQUIRE", "1", 1);
		} else if (!strcmp(opt, "--transport") && argc) {
			if (strcmp(*argv, "tcp"))
				return complain(EXIT_NOT_FOUND,
						"no transport %s for sockets", *argv);
			setenv("ETRAN_TRANSPORT", *argv++, 1);
			argc--;
		} else {
			return EXIT_USAGE;
		}
	}
	if (!argc)
		return EXIT_USAGE;
	if (find_shim(shim, sizeof(shim)))
		return complain(EXIT_ABSENT, "no %s", shim);
	snprintf(preload, sizeof(preload), "%s%s%s", shim,
		 before && *before ? ":" : "", before ? before : "");
	setenv("LD_PRELOAD", preload, 1);
	execvp(argv[0], argv);
	fprintf(stderr, "etranctl: %s: %s\n", argv[0], strerror(errno));
	return errno == ENOENT ? 127 : 126;
}

/* Return: 0, or EXIT_USAGE when it is no number from @min to @max */
static int number(const char *text, unsigned long long min, unsigned long long max,
		  unsigned long long *res)
{
	char *end;

	errno = 0;
	*res = strtoull(text, &end, 10);
	return *text < '0' || *text > '9' || *end || errno || *res < min || *res > max ?
		EXIT_USAGE : 0;
}

static int do_trace_pcap(int argc, char **argv)
{
	unsigned long long snaplen = ETRAN_TRACE_SNAPLEN, count = 0, kib = 4096;
	struct trace_opts o = {};
	int err = 0, ret;
	struct nl nl;

	for (; argc > 1 && !err; argc -= 2, argv += 2) {
		if (!strcmp(argv[0], "-w"))
			o.path = argv[1];
		else if (!strcmp(argv[0], "-c"))
			err = number(argv[1], 1, ULLONG_MAX, &count);
		else if (!strcmp(argv[0], "-s"))
			err = number(argv[1], 1, ETRAN_TRACE_SNAPLEN, &snaplen);
		else if (!strcmp(argv[0], "-B"))
			err = number(argv[1], 4, 1 << 20, &kib);
		else
			err = EXIT_USAGE;
	}
	if (err || argc || !o.path || kib & (kib - 1))
		return EXIT_USAGE;
	if (geteuid())
		return complain(EXIT_PERMISSION, "not permitted: must be root%s", "");
	ret = open_module(&nl);
	if (ret)
		return ret;
	nl_disconnect(&nl);
	o.count = count;
	o.snaplen = snaplen;
	o.buffer = kib << 10;
	ret = trace_pcap(&o);
	return ret ? complain(EXIT_REFUSED, "trace: %s", strerror(-ret)) : 0;
}

static const struct command {
	const char *noun, *verb, *args, *help;
	int (*fn)(int argc, char **argv);
} commands[] = {
	{ "status", NULL, "", "module, NICs, transports, counters", do_status },
	{ "flow", "show", "", "connections", do_flow_show },
	{ "app", "show", "", "processes, and why their sockets stayed with the kernel", do_app_show },
	{ "transport", "show", "", "attached transports", do_transport_show },
	{ "transport", "exits", "", "the last transports that ended, and why", do_transport_exits },
	{ "transport", "detach", " NAME", "end a transport; works without etrand", do_transport_detach },
	{ "trace", "pcap", " -w FILE|- [-c N] [-s N] [-B KB]", "packets that tcpdump does not see, as pcapng", do_trace_pcap },
	{ "run", NULL, " [--require] [--transport T] -- CMD...", "run CMD over eTran", do_run },
};

static int usage(FILE *to)
{
	char line[128];
	size_t i;

	fprintf(to, "usage: etranctl [-j] COMMAND\n");
	for (i = 0; i < ARRAY_SIZE(commands); i++) {
		snprintf(line, sizeof(line), "%s%s%s%s", commands[i].noun,
			 commands[i].verb ? " " : "",
			 commands[i].verb ? commands[i].verb : "",
			 commands[i].args);
		fprintf(to, "  %-42s %s\n", line, commands[i].help);
	}
	fprintf(to, "  -j  JSON\n"
		"exit: 0 ok, 1 usage, 2 no daemon or module, 3 not found, 4 not permitted, 5 refused\n");
	return to == stdout ? 0 : EXIT_USAGE;
}

int main(int argc, char **argv)
{
	const struct command *c;
	int opt, skip, ret;
	size_t i;

	while ((opt = getopt(argc, argv, "+jh")) != -1) {
		if (opt == 'h')
			return usage(stdout);
		if (opt != 'j')
			return usage(stderr);
		json = true;
	}
	argc -= optind;
	argv += optind;
	log_capture_libs();
	for (i = 0; argc && i < ARRAY_SIZE(commands); i++) {
		c = &commands[i];
		if (strcmp(c->noun, argv[0]))
			continue;
		skip = 1;
		/* "ip"-style: the verb may be left out where it is "show". */
		if (c->verb && argc > 1) {
			if (strcmp(c->verb, argv[1]))
				continue;
			skip = 2;
		} else if (c->verb && strcmp(c->verb, "show")) {
			continue;
		}
		ret = c->fn(argc - skip, argv + skip);
		return ret == EXIT_USAGE ? usage(stderr) : ret;
	}
	return usage(stderr);
}
