// SPDX-License-Identifier: GPL-2.0-only
/*
 * Answers to etranctl.
 *
 * An abstract stream socket: one line with a word comes in, one JSON object
 * goes out, end. Nothing can be changed here, so everybody may ask; detaching
 * is between etranctl and the module.
 */
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "admin.h"
#include "config.h"
#include "ctl.h"
#include "json.h"
#include "log.h"
#include "loop.h"
#include "nic.h"
#include "peer.h"
#include "tenant.h"
#include "transport.h"

#define MAX_CLIENTS	16
#define CLIENT_TIME	(10 * NSEC_PER_SEC)

struct client {
	struct watch watch;
	struct timer timer;
	char *answer;
	size_t len, sent;
};

static struct watch server = { .fd = -1 };
static unsigned int nr_clients;
static const char * const reasons[ETRAN_R_MAX] = { ETRAN_REASON_NAMES };

static struct json_object *fallbacks(const uint64_t *counts)
{
	struct json_object *o = json_object_new_object();
	unsigned int i;

	for (i = 1; i < ETRAN_R_MAX; i++)
		if (counts[i])
			json_add_int(o, reasons[i], counts[i]);
	return o;
}

static struct json_object *nics(void)
{
	struct json_object *list = json_object_new_array(), *o;
	struct nic *nic;
	unsigned int i;

	for (i = 0; (nic = nic_at(i)); i++) {
		o = json_object_new_object();
		json_add_str(o, "name", nic->name);
		json_add_int(o, "ifindex", nic->ifindex);
		json_add_int(o, "mtu", nic->mtu);
		json_add_int(o, "queues", nic->queues);
		json_add_str(o, "xdp", !transport.live ? "none" :
			     nic->generic ? "generic" : "native");
		json_add_int(o, "tenant", nic->owner ? nic->owner->id : 0);
		json_add_str(o, "mode", nic->owner ? tenant_mode(nic->owner) : "");
		json_add_int(o, "sent", nic->sent);
		json_add_int(o, "ports", tenant_ports(nic));
		json_object_array_add(list, o);
	}
	return list;
}

static struct json_object *counters(const struct nl_counters *c)
{
	struct json_object *o = json_object_new_object();
	int i;

	for (i = 0; i <= ETRAN_A_COUNTERS_MAX; i++)
		if (nl_counter_name(i))
			json_add_int(o, nl_counter_name(i), c->v[i]);
	return o;
}

static void add_transport(const struct nl_transport *t, void *arg)
{
	struct json_object *o = json_object_new_object();

	json_add_str(o, "name", t->name);
	json_add_int(o, "id", t->id);
	json_add_int(o, "queues", t->queues);
	json_object_object_add(o, "counters", counters(&t->counters));
	json_object_array_add(arg, o);
}

static struct json_object *status(void)
{
	struct json_object *root = json_object_new_object();

	json_add_int(root, "pid", getpid());
	json_object_object_add(root, "nics", nics());
	nl_transports(&transport.nl, add_transport, json_add_list(root, "transports"));
	transport.ops->status(root);
	json_object_object_add(root, "fallbacks", fallbacks(peer_fallbacks));
	return root;
}

static struct json_object *flows(void)
{
	struct json_object *root = json_object_new_object();

	transport.ops->flows(json_add_list(root, "flows"));
	return root;
}

struct find_queues {
	struct json_object *list;
	uint32_t tenant;
};

static void add_queue(const struct nl_queue *q, void *arg)
{
	char port[IF_NAMESIZE] = "";
	struct find_queues *f = arg;
	struct json_object *o;
	struct nic *nic;

	if (q->tenant != f->tenant)
		return;
	nic = nic_find(q->out_ifindex ? q->out_ifindex : q->ifindex);
	if (q->out_ifindex)
		if_indextoname(q->ifindex, port);
	o = json_object_new_object();
	json_add_str(o, "nic", nic ? nic->name : "");
	json_add_str(o, "port", port);
	json_add_int(o, "queue", q->queue);
	json_add_bool(o, "zerocopy", q->zerocopy);
	json_add_bool(o, "strict", q->strict);
	json_add_str(o, "stall", nl_stall_name(q->stall));
	json_object_object_add(o, "counters", counters(&q->counters));
	json_object_array_add(f->list, o);
}

static struct json_object *app(uint32_t pid, uint32_t uid, const char *comm,
			       const struct tenant *t, const uint64_t *fallback,
			       uint32_t refused)
{
	static const uint64_t none[ETRAN_R_MAX];
	struct json_object *o = json_object_new_object();
	struct find_queues f;

	json_add_int(o, "pid", pid);
	json_add_int(o, "uid", uid);
	json_add_str(o, "comm", comm);
	json_add_int(o, "tenant", t ? t->id : 0);
	json_add_str(o, "refused", refused ? reasons[refused] : "");
	json_add_bool(o, "connected", fallback);
	json_add_bool(o, "zerocopy", t && t->rec.mode != MODE_COPY);
	json_add_str(o, "mode", t ? tenant_mode(t) : "");
	json_add_int(o, "connections", t ? ETRAN_TENANT_CONNS - t->nr_free : 0);
	f.list = json_add_list(o, "queues");
	f.tenant = t ? t->id : 0;
	if (t)
		nl_queues(&transport.nl, add_queue, &f);
	json_object_object_add(o, "fallbacks",
			       fallbacks(fallback ? fallback : none));
	return o;
}

static struct json_object *apps(void)
{
	struct json_object *root = json_object_new_object();
	struct json_object *list = json_add_list(root, "apps");
	struct tenant *t;
	struct peer *p;
	uint32_t id;

	for (p = ctl_peers(); p; p = p->next)
		json_object_array_add(list, app(p->cred.pid, p->cred.uid, p->comm,
						p->tenant, p->fallback,
						p->refused));
	/* Those that have not come back after a restart of etrand. */
	for (id = 1; id < ETRAN_MAX_TENANTS; id++) {
		t = tenant_get(id);
		if (t && !t->peer)
			json_object_array_add(list, app(t->rec.pid, t->rec.uid,
							t->rec.comm, t, NULL, 0));
	}
	return root;
}

static struct json_object *answer(const char *what)
{
	struct json_object *root;

	if (!strcmp(what, "status")) {
		root = status();
	} else if (!strcmp(what, "flows")) {
		root = flows();
	} else if (!strcmp(what, "apps")) {
		root = apps();
	} else {
		root = json_object_new_object();
		json_add_str(root, "error", "unknown request");
	}
	json_add_int(root, "schema", ADMIN_SCHEMA);
	return root;
}

static void end(struct client *c)
{
	timer_stop(&c->timer);
	watch_del(&c->watch);
	free(c->answer);
	free(c);
	nr_clients--;
}

static void timed_out(struct timer *t)
{
	end(container_of(t, struct client, timer));
}

static int read_request(struct client *c)
{
	struct json_object *root;
	char what[64];
	ssize_t n;

	n = recv(c->watch.fd, what, sizeof(what) - 1, MSG_DONTWAIT);
	if (n <= 0)
		return -EPROTO;
	what[n] = '\0';
	what[strcspn(what, "\n")] = '\0';
	root = answer(what);
	c->answer = strdup(json_object_to_json_string_ext(root,
							  JSON_C_TO_STRING_PLAIN));
	json_object_put(root);
	if (!c->answer)
		return -ENOMEM;
	c->len = strlen(c->answer);
	return watch_set(&c->watch, EPOLLOUT);
}

static void client_event(struct watch *w, uint32_t events)
{
	struct client *c = container_of(w, struct client, watch);
	ssize_t n;

	(void)events;
	if (!c->answer) {
		if (read_request(c))
			end(c);
		return;
	}
	n = send(w->fd, c->answer + c->sent, c->len - c->sent,
		 MSG_DONTWAIT | MSG_NOSIGNAL);
	if (n < 0 && errno == EAGAIN)
		return;
	if (n > 0)
		c->sent += n;
	if (n <= 0 || c->sent == c->len)
		end(c);
}

static void accept_client(struct watch *w, uint32_t events)
{
	struct client *c;
	int fd;

	(void)events;
	fd = accept4(w->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (fd < 0)
		return;
	c = nr_clients < MAX_CLIENTS ? calloc(1, sizeof(*c)) : NULL;
	if (!c) {
		close(fd);
		return;
	}
	nr_clients++;
	c->watch.fd = fd;
	c->watch.fn = client_event;
	c->timer.fn = timed_out;
	timer_arm(&c->timer, CLIENT_TIME);
	if (watch_add(&c->watch, EPOLLIN))
		end(c);
}

/** admin_init - Return: 0 or a negative errno */
int admin_init(void)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	socklen_t len;

	memcpy(sun.sun_path + 1, ADMIN_NAME, strlen(ADMIN_NAME));
	len = offsetof(struct sockaddr_un, sun_path) + 1 + strlen(ADMIN_NAME);
	server.fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (server.fd < 0 || bind(server.fd, (struct sockaddr *)&sun, len) ||
	    listen(server.fd, MAX_CLIENTS)) {
		int err = -errno;

		log_err("admin socket: %s", strerror(-err));
		return err;
	}
	server.fn = accept_client;
	return watch_add(&server, EPOLLIN);
}

/** admin_close - no more clients */
void admin_close(void)
{
	watch_del(&server);
}
