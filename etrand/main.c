// SPDX-License-Identifier: GPL-2.0-only
/*
 * etrand: the control plane of eTran in one network namespace.
 *
 * Loads a transport, gives processes their UMEM and AF_XDP sockets, opens
 * and closes connections. It is never on the data path: established connections
 * do not notice when it is killed, and the next one takes them over.
 */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "admin.h"
#include "config.h"
#include "ctl.h"
#include "loader.h"
#include "log.h"
#include "loop.h"
#include "nic.h"
#include "route.h"
#include "self.h"
#include "tenant.h"
#include "transport.h"

#define DIR_LEN	300

static struct watch signals = { .fd = -1 };
static struct watch events = { .fd = -1 };
static struct nl event_nl;

static void usage(FILE *to)
{
	fprintf(to,
		"usage: etrand --nic IFNAME [--nic IFNAME...] [--object-dir DIR]\n"
		"              [-c CONFIG.json] [-v]\n"
		"Serves the network namespace it is started in, in the foreground.\n");
}

static int default_object_dir(char dir[DIR_LEN])
{
	char object[64];
	int err;

	snprintf(object, sizeof(object), "%s.bpf.o", transport.ops->name);
	err = self_object_dir(object, dir, DIR_LEN);
	if (err == -ENOENT)
		log_err("no %s in %s/../bpf or %s/../lib/etran/bpf: make bpf, or --object-dir",
			object, dir, dir);
	return err;
}

static void signal_event(struct watch *w, uint32_t ev)
{
	struct signalfd_siginfo si;

	(void)ev;
	if (read(w->fd, &si, sizeof(si)) == sizeof(si))
		loop_stop(0);
}

static int watch_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
	signals.fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (signals.fd < 0)
		return -errno;
	signals.fn = signal_event;
	return watch_add(&signals, EPOLLIN);
}

/* Somebody detached the transport, or the module threw it out. */
static void exited(const struct nl_transport *t, void *arg)
{
	(void)arg;
	if (strcmp(t->name, transport.ops->name) || !transport.live)
		return;
	log_info("transport %s was detached (%s, code %d)%s%s", t->name,
		 nl_exit_kind_name(t->exit_kind), t->exit_code, *t->exit_msg ? ": " : "",
		 t->exit_msg);
	transport.ops->stop();
	/* Its maps and programs keep the module: let go of them. */
	loader_close();
	tenant_transport_gone();
}

static void module_event(struct watch *w, uint32_t ev)
{
	(void)w;
	(void)ev;
	nl_events_read(&event_nl, exited, NULL);
}

static int watch_module(void)
{
	int err = nl_open(&event_nl);

	if (!err)
		err = nl_events_join(&event_nl);
	if (err) {
		log_err("events of etran.ko: %s", strerror(-err));
		return err;
	}
	events.fd = nl_fd(&event_nl);
	events.fn = module_event;
	return watch_add(&events, EPOLLIN);
}

static int add_nics(char **names, unsigned int n)
{
	unsigned int i;
	int err;

	for (i = 0; i < n; i++) {
		err = nic_add(names[i]);
		if (err)
			return err;
	}
	return 0;
}

static int start(const char *object_dir)
{
	int err;

	err = loader_start(object_dir);
	if (err)
		return err;
	err = route_init(transport.ops->neigh_changed);
	if (!err)
		err = watch_module();
	if (!err && transport.adopted) {
		tenant_adopt_all();
		transport.ops->adopt();
	}
	if (!err)
		err = transport.ops->start();
	if (!err && transport.adopted)
		tenant_reap_adopted();
	if (!err)
		err = ctl_serve();
	if (!err)
		err = admin_init();
	return err;
}

static int serve(const char *object_dir)
{
	int err;

	err = start(object_dir);
	if (!err) {
		log_info("ready");
		err = loop_run();
		log_info("ending");
	}
	admin_close();
	ctl_close();
	transport.ops->stop();
	/* An adopted transport survives a start that failed. */
	if (transport.live && (!err || !transport.adopted))
		loader_detach();
	else
		loader_close();
	nic_close_all();
	return err;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "nic", required_argument, NULL, 'n' },
		{ "object-dir", required_argument, NULL, 'o' },
		{ "config", required_argument, NULL, 'c' },
		{ "verbose", no_argument, NULL, 'v' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	const char *config = NULL, *object_dir = NULL;
	char *nics[NIC_MAX + 1], dir[DIR_LEN];
	struct rlimit files = { 65536, 65536 };
	unsigned int nr_nics = 0;
	int opt;

	transport.ops = transports[0];
	while ((opt = getopt_long(argc, argv, "c:vh", options, NULL)) != -1) {
		switch (opt) {
		case 'n':
			if (nr_nics <= NIC_MAX)
				nics[nr_nics++] = optarg;
			break;
		case 'o':
			object_dir = optarg;
			break;
		case 'c':
			config = optarg;
			break;
		case 'v':
			log_verbose = true;
			break;
		case 'h':
			usage(stdout);
			return 0;
		default:
			usage(stderr);
			return 1;
		}
	}
	if (!nr_nics || optind != argc) {
		usage(stderr);
		return 1;
	}
	log_capture_libs();
	if (geteuid()) {
		log_err("must be root");
		return 4;
	}
	setrlimit(RLIMIT_NOFILE, &files);
	if (loop_init() || transport.ops->init() || watch_signals()) {
		log_err("cannot start: %s", strerror(errno));
		return 5;
	}
	if (config && config_read(config))
		return 1;
	if (add_nics(nics, nr_nics))
		return 3;
	if (!object_dir) {
		if (default_object_dir(dir))
			return 3;
		object_dir = dir;
	}
	if (ctl_init())
		return 5;
	switch (serve(object_dir)) {
	case 0:
		return 0;
	case -ENOPKG:
		return 2;
	case -ENOENT:
		return 3;
	default:
		return 5;
	}
}
