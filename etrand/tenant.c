// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tenants: what a process gets at HELLO, and what becomes of it afterwards.
 *
 * A tenant's number is what the module and the transport know it by. It is
 * given again only when no connection and no AF_XDP socket carries it any more.
 */
#include <bpf/bpf.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/random.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "config.h"
#include "log.h"
#include "peer.h"
#include "port.h"
#include "tenant.h"
#include "transport.h"
#include "xsk.h"

#define TX_FRAMES	4096
#define USER_TENANTS	16	/* of a user who is not root */
#define BIND_TRIES	12
#define BIND_DELAY	(10 * NSEC_PER_MSEC)

static struct tenant tenants[ETRAN_MAX_TENANTS];

/** tenant_at - entry by number, in whatever state; NULL for no valid number */
struct tenant *tenant_at(uint32_t id)
{
	return id && id < ETRAN_MAX_TENANTS ? &tenants[id] : NULL;
}

/** tenant_get - a living tenant with sockets, or NULL */
struct tenant *tenant_get(uint32_t id)
{
	struct tenant *t = tenant_at(id);

	return t && t->state == TENANT_READY ? t : NULL;
}

/** tenant_send - send an event; kept for a tenant that has yet to come back */
void tenant_send(struct tenant *t, const struct etran_ctl_msg *m)
{
	if (t->peer)
		peer_send(t->peer, m);
	else if (t->state == TENANT_READY &&
		 msgq_push(&t->pending, m, 4 * ETRAN_TENANT_CONNS))
		log_debug("tenant %u: event lost", t->id);
}

/** tenant_backlogged - does it have unread messages here? */
bool tenant_backlogged(const struct tenant *t)
{
	return t->peer ? t->peer->out.count : t->pending.count;
}

static void init_slots(struct tenant *t)
{
	unsigned int i;

	for (i = 0; i < ETRAN_TENANT_CONNS; i++)
		t->free_slots[i] = i;
	t->free_head = 0;
	t->nr_free = ETRAN_TENANT_CONNS;
}

/** tenant_slot_take - Return: a slot, or -ENOSPC */
int tenant_slot_take(struct tenant *t, struct conn *c)
{
	unsigned int slot;

	if (!t->nr_free)
		return -ENOSPC;
	slot = t->free_slots[t->free_head];
	t->free_head = (t->free_head + 1) % ETRAN_TENANT_CONNS;
	t->nr_free--;
	t->slots[slot] = c;
	return slot;
}

/** tenant_slot_claim - take a certain slot, when adopting */
int tenant_slot_claim(struct tenant *t, struct conn *c, uint32_t slot)
{
	unsigned int i, n = t->nr_free;
	uint16_t *first;

	if (slot >= ETRAN_TENANT_CONNS)
		return -EINVAL;
	for (i = 0; i < n; i++) {
		first = &t->free_slots[t->free_head];
		if (t->free_slots[(t->free_head + i) % ETRAN_TENANT_CONNS] != slot)
			continue;
		t->free_slots[(t->free_head + i) % ETRAN_TENANT_CONNS] = *first;
		t->free_head = (t->free_head + 1) % ETRAN_TENANT_CONNS;
		t->nr_free--;
		t->slots[slot] = c;
		return 0;
	}
	return -EEXIST;
}

/* What a restarted etrand must know of it; NULL: nothing any more. */
static void put_record(const struct tenant *t, const struct tenant_record *r)
{
	if (transport.live)
		record_put(transport.map[MAP_TENANTS], t->id, r);
}

static void free_if_done(struct tenant *t)
{
	if (t->state != TENANT_DEAD || t->nr_free != ETRAN_TENANT_CONNS)
		return;
	if (transport.live)
		bpf_map_delete_elem(transport.map[MAP_PUB], &t->id);
	t->state = TENANT_FREE;
}

/** tenant_slot_put - a slot is free; the last one frees a dead tenant */
void tenant_slot_put(struct tenant *t, uint32_t slot)
{
	t->slots[slot] = NULL;
	t->free_slots[(t->free_head + t->nr_free) % ETRAN_TENANT_CONNS] = slot;
	t->nr_free++;
	free_if_done(t);
}

static void clear_queues(struct tenant *t)
{
	uint32_t q, key;

	for (q = 0; q < t->rec.nr_queues && transport.live; q++) {
		key = t->id * ETRAN_MAX_QUEUES + q;
		bpf_map_delete_elem(transport.map[MAP_XSKS], &key);
	}
	if (t->rec.port)
		port_close(t->id);
	if (t->nic && t->nic->owner == t)
		t->nic->owner = NULL;
	t->nic = NULL;
}

/**
 * tenant_end - the process is gone, or talks to us no more
 * What was closed properly goes on to its end without it; everything else is
 * reset.
 */
void tenant_end(struct tenant *t)
{
	if (t->state == TENANT_FREE || t->state == TENANT_DEAD)
		return;
	log_info("tenant %u ends: pid %u (%s)", t->id, t->rec.pid, t->rec.comm);
	timer_stop(&t->retry);
	watch_del(&t->pidfd);
	msgq_free(&t->pending);
	t->state = TENANT_DEAD;
	if (t->peer) {
		t->peer->tenant = NULL;
		peer_drop(t->peer);
		t->peer = NULL;
	}
	transport.ops->tenant_ended(t);
	clear_queues(t);
	put_record(t, NULL);
	free_if_done(t);
}

static void pidfd_event(struct watch *w, uint32_t events)
{
	(void)events;
	tenant_end(container_of(w, struct tenant, pidfd));
}

static int watch_process(struct tenant *t)
{
	t->pidfd.fd = syscall(SYS_pidfd_open, t->rec.pid, 0);
	t->pidfd.fn = pidfd_event;
	if (t->pidfd.fd < 0)
		return -errno;
	/* Was it that process, and not a later one of the same number? */
	if (record_start_time(t->rec.pid) != t->rec.start) {
		close(t->pidfd.fd);
		t->pidfd.fd = -1;
		return -ESRCH;
	}
	return watch_add(&t->pidfd, EPOLLIN);
}

static void reset_entry(struct tenant *t, uint32_t id)
{
	memset(t, 0, sizeof(*t));
	t->id = id;
	t->pidfd.fd = -1;
	init_slots(t);
}

static void mark_used(const struct nl_queue *q, void *arg)
{
	bool *used = arg;

	if (q->tenant < ETRAN_MAX_TENANTS)
		used[q->tenant] = true;
}

static struct tenant *alloc(void)
{
	bool used[ETRAN_MAX_TENANTS] = { false };
	struct tenant *t;
	uint32_t id;

	/* A process may keep its sockets when it leaves us. */
	if (nl_queues(&transport.nl, mark_used, used))
		return NULL;
	for (id = 1; id < ETRAN_MAX_TENANTS; id++) {
		t = &tenants[id];
		if (t->state != TENANT_FREE || used[id])
			continue;
		reset_entry(t, id);
		return t;
	}
	/* All that is left of a dead one are connections that wait. */
	for (id = 1; id < ETRAN_MAX_TENANTS; id++) {
		t = &tenants[id];
		if (t->state != TENANT_DEAD || used[id])
			continue;
		transport.ops->tenant_cleared(t);
		reset_entry(t, id);
		return t;
	}
	return NULL;
}

/*
 * Frozen, so that whoever has the descriptor can map it and read, but not write
 * and not update; a descriptor opened for reading alone could not be mapped.
 * Return: descriptor or a negative errno
 */
static int make_pub(struct tenant *t)
{
	LIBBPF_OPTS(bpf_map_create_opts, create, .map_flags = BPF_F_MMAPABLE);
	int fd, err;

	fd = bpf_map_create(BPF_MAP_TYPE_ARRAY, "etran_pub", 4,
			    transport.ops->pub_size, ETRAN_TENANT_CONNS, &create);
	if (fd < 0)
		return -errno;
	if (!bpf_map_freeze(fd) &&
	    !bpf_map_update_elem(transport.map[MAP_PUB], &t->id, &fd, 0))
		return fd;
	err = -errno;
	close(fd);
	return err;
}

static void fill_welcome(const struct tenant *t, struct etran_ctl_msg *m)
{
	struct etran_ctl_welcome *w = &m->u.welcome;

	m->type = ETRAN_CTL_WELCOME;
	w->tenant = t->id;
	w->nr_queues = t->rec.nr_queues;
	w->nr_frames = t->rec.nr_frames;
	w->fill_frames = XSK_FILL_FRAMES;
	w->fill_size = XSK_FILL_SIZE;
	w->comp_size = XSK_COMP_SIZE;
	w->rx_size = XSK_RX_SIZE;
	w->tx_size = XSK_TX_SIZE;
	w->cookie = t->rec.cookie;
	w->nr_slots = ETRAN_TENANT_CONNS;
	w->zerocopy = t->rec.mode != MODE_COPY;
	w->chunk_size = t->rec.chunk;
}

/* fds: UMEM, conn_pub, sockets. Return: 0 or a negative errno */
static int make_sockets(struct tenant *t, int *fds, unsigned int *nr,
			enum config_mode mode)
{
	int ifindex = t->nic->ifindex, out = 0, fd, err = 0;
	struct umem u = {
		.nr_frames = t->rec.nr_frames, .chunk = t->rec.chunk,
		/* Of the frames to send, which come last. */
		.shadow = mode == MODE_STRICT ? TX_FRAMES : 0,
	};
	uint32_t q, key;

	if (t->rec.port) {
		out = ifindex;
		ifindex = port_open(t->id, transport.prog[PROG_PORT],
				    transport.map[MAP_PORTS]);
		if (ifindex < 0)
			return ifindex;
	}

	fds[0] = umem_make(&u);
	if (fds[0] < 0)
		return fds[0];
	*nr = 1;
	fd = make_pub(t);
	if (fd >= 0)
		fds[(*nr)++] = fd;
	else
		err = fd;
	for (q = 0; !err && q < t->rec.nr_queues; q++) {
		fd = xsk_open(&u, ifindex, q, q, mode != MODE_COPY);
		if (fd < 0) {
			err = fd;
			break;
		}
		fds[(*nr)++] = fd;
		err = nl_queue_bind(&transport.nl, fd, t->id, transport.ops->name, out,
				    u.shadow);
		if (err) {
			log_err("queue-bind %s queue %u: %s%s%s", t->nic->name, q,
				strerror(-err), *transport.nl.error ? ": " : "",
				transport.nl.error);
			/* Whatever it was, waiting does not help. */
			if (err == -EBUSY)
				err = -EIO;
			break;
		}
		key = t->id * ETRAN_MAX_QUEUES + q;
		if (bpf_map_update_elem(transport.map[MAP_XSKS], &key, &fd, 0))
			err = -errno;
	}
	umem_unmap(&u);
	return err;
}

static void close_fds(int *fds, unsigned int nr)
{
	while (nr)
		close(fds[--nr]);
}

static void refuse(struct tenant *t, int err, uint32_t reason)
{
	struct peer *p = t->peer;

	p->refused = reason;
	peer_error(p, t->hello_id, err, reason);
	p->tenant = NULL;
	t->peer = NULL;
	watch_del(&t->pidfd);
	clear_queues(t);
	t->state = TENANT_DEAD;
	free_if_done(t);
}

static void welcome(struct tenant *t, int *fds, unsigned int nr)
{
	struct etran_ctl_msg m = { .id = t->hello_id };

	t->state = TENANT_READY;
	put_record(t, &t->rec);
	fill_welcome(t, &m);
	peer_send_fds(t->peer, &m, fds, nr);
	log_info("tenant %u: pid %u (%s), %s, %s, %s", t->id, t->rec.pid,
		 t->rec.comm, t->nic->name, t->rec.port ? "virtual port" : "queues",
		 tenant_mode(t));
}

/** tenant_mode - what it got, for people */
const char *tenant_mode(const struct tenant *t)
{
	switch (t->rec.mode) {
	case MODE_ZEROCOPY:
		return "zero copy";
	case MODE_STRICT:
		return "strict zero copy";
	default:
		return "copy mode";
	}
}

/* The queues of its NIC, for one tenant and in zero copy if it may be. */
static void use_queues(struct tenant *t)
{
	t->nic->owner = t;
	t->rec.nr_queues = t->nic->queues;
	t->rec.nr_frames = t->nic->queues * XSK_FILL_FRAMES + TX_FRAMES;
	t->rec.chunk = t->nic->chunk;
}

/* What there is any number of. */
static void use_port(struct tenant *t)
{
	if (t->nic->owner == t)
		t->nic->owner = NULL;
	t->tries = 0;
	t->rec.port = 1;
	t->rec.nr_queues = 1;
	t->rec.nr_frames = XSK_FILL_FRAMES + TX_FRAMES;
	t->rec.chunk = ETRAN_CHUNK_SIZE;
}

static void try_bind(struct tenant *t)
{
	enum config_mode mode = t->rec.port || t->nic->generic ? MODE_COPY :
				config_mode(t->rec.uid);
	int fds[ETRAN_MAX_QUEUES + 2], err;
	unsigned int nr = 0;

	err = make_sockets(t, fds, &nr, mode);
	if (err && err != -EBUSY && mode != MODE_COPY) {
		/* The driver has no zero copy, or not with these rings. */
		log_debug("%s: zero copy: %s", t->nic->name, strerror(-err));
		close_fds(fds, nr);
		mode = MODE_COPY;
		nr = 0;
		err = make_sockets(t, fds, &nr, mode);
	}
	t->rec.mode = mode;
	if (!err)
		welcome(t, fds, nr);
	close_fds(fds, nr);
	if (!err)
		return;
	/* A former user's memory is given back by deferred work: wait for it. */
	if (err == -EBUSY && ++t->tries < BIND_TRIES) {
		timer_arm(&t->retry, BIND_DELAY << (t->tries > 5 ? 5 : t->tries));
		return;
	}
	log_info("%s: no %s for pid %u (%s): %s", t->nic->name,
		 t->rec.port ? "port" : "queue", t->rec.pid, t->rec.comm,
		 strerror(-err));
	if (t->rec.port) {
		refuse(t, err, ETRAN_R_NO_QUEUE);
		return;
	}
	/* Somebody else's AF_XDP socket, which does not mind a port. */
	use_port(t);
	try_bind(t);
}

static void retry_bind(struct timer *timer)
{
	struct tenant *t = container_of(timer, struct tenant, retry);

	if (transport.live)
		try_bind(t);
	else
		refuse(t, ENODEV, ETRAN_R_NO_TRANSPORT);
}

static void resume(struct peer *p, const struct etran_ctl_msg *m)
{
	struct tenant *t = tenant_get(m->u.hello.tenant);
	struct etran_ctl_msg answer = { .id = m->id };
	const struct etran_ctl_msg *event;

	if (!t || t->peer || t->rec.cookie != m->u.hello.cookie ||
	    t->rec.pid != (uint32_t)p->cred.pid || t->rec.uid != p->cred.uid ||
	    t->rec.start != p->start) {
		peer_error(p, m->id, ESTALE, ETRAN_R_NONE);
		return;
	}
	/* It lost patience and asks again; this end would be the tenant's. */
	if (peer_hung_up(p))
		return;
	t->peer = p;
	p->tenant = t;
	fill_welcome(t, &answer);
	peer_send(p, &answer);
	while ((event = msgq_first(&t->pending))) {
		peer_send(p, event);
		msgq_pop(&t->pending);
	}
	log_info("tenant %u is back: pid %u (%s)", t->id, t->rec.pid, t->rec.comm);
}

/** tenant_ports - how many tenants have a port on this NIC? */
unsigned int tenant_ports(const struct nic *nic)
{
	unsigned int n = 0;
	uint32_t id;

	for (id = 1; id < ETRAN_MAX_TENANTS; id++)
		n += tenants[id].nic == nic && tenants[id].rec.port;
	return n;
}

/* One whose queues are free, else the one with the fewest ports. */
static struct nic *choose_nic(void)
{
	struct nic *nic, *best = nic_at(0);
	unsigned int i;

	for (i = 0; (nic = nic_at(i)); i++) {
		if (!nic->owner)
			return nic;
		if (tenant_ports(nic) < tenant_ports(best))
			best = nic;
	}
	return best;
}

static void refuse_peer(struct peer *p, uint32_t id, int err, uint32_t reason)
{
	p->refused = reason;
	peer_error(p, id, err, reason);
}

/* Ports are for everybody, but their frames are charged to nobody. */
static bool has_enough(uint32_t uid)
{
	unsigned int n = 0;
	uint32_t id;

	for (id = 1; uid && id < ETRAN_MAX_TENANTS; id++)
		n += tenants[id].rec.uid == uid &&
		     (tenants[id].state == TENANT_BINDING ||
		      tenants[id].state == TENANT_READY);
	return n >= USER_TENANTS;
}

/** tenant_hello - answer HELLO, maybe later */
void tenant_hello(struct peer *p, const struct etran_ctl_msg *m)
{
	struct tenant *t;

	if (m->u.hello.version != ETRAN_CTL_VERSION) {
		refuse_peer(p, m->id, EPROTO, ETRAN_R_VERSION);
		return;
	}
	if (!transport.live) {
		refuse_peer(p, m->id, ENODEV, ETRAN_R_NO_TRANSPORT);
		return;
	}
	if (m->u.hello.flags & ETRAN_HELLO_RESUME) {
		resume(p, m);
		return;
	}
	t = has_enough(p->cred.uid) ? NULL : alloc();
	if (!t) {
		refuse_peer(p, m->id, EBUSY, ETRAN_R_TENANTS);
		return;
	}
	t->state = TENANT_BINDING;
	t->peer = p;
	p->tenant = t;
	t->hello_id = m->id;
	t->nic = choose_nic();
	if (t->nic->owner)
		use_port(t);
	else
		use_queues(t);
	t->retry.fn = retry_bind;
	t->rec.used = 1;
	t->rec.version = transport.ops->state_version;
	t->rec.pid = p->cred.pid;
	t->rec.uid = p->cred.uid;
	t->rec.start = p->start;
	t->rec.ifindex = t->nic->ifindex;
	memcpy(t->rec.comm, p->comm, sizeof(t->rec.comm));
	if (getrandom(&t->rec.cookie, sizeof(t->rec.cookie), 0) < 0 ||
	    watch_process(t)) {
		refuse(t, ESRCH, ETRAN_R_NONE);
		return;
	}
	try_bind(t);
}

/** tenant_orphanage - the entry for adopted connections without a process */
struct tenant *tenant_orphanage(uint32_t id)
{
	struct tenant *t = tenant_at(id);

	if (!t)
		return NULL;
	if (t->state == TENANT_FREE) {
		reset_entry(t, id);
		t->state = TENANT_DEAD;
	}
	return t;
}

/** tenant_adopt_all - take over the records of a former etrand */
void tenant_adopt_all(void)
{
	struct tenant_record r;
	struct tenant *t;
	uint32_t id;

	for (id = 1; id < ETRAN_MAX_TENANTS; id++) {
		if (record_get(transport.map[MAP_TENANTS], id, &r)) {
			port_close(id);	/* its etrand died while it was made */
			continue;
		}
		t = &tenants[id];
		reset_entry(t, id);
		t->rec = r;
		t->rec.comm[sizeof(t->rec.comm) - 1] = '\0';
		t->state = TENANT_READY;
		t->nic = r.port && !port_find(id) ? NULL : nic_find(r.ifindex);
		if (t->nic && !r.port)
			t->nic->owner = t;
	}
}

/** tenant_reap_adopted - end those whose process died without an etrand */
void tenant_reap_adopted(void)
{
	struct tenant *t;
	uint32_t id;

	for (id = 1; id < ETRAN_MAX_TENANTS; id++) {
		t = &tenants[id];
		if (t->state == TENANT_READY && (!t->nic || watch_process(t)))
			tenant_end(t);
		free_if_done(t);
	}
}

/** tenant_transport_gone - the transport was detached: all tenants end */
void tenant_transport_gone(void)
{
	uint32_t id;

	for (id = 1; id < ETRAN_MAX_TENANTS; id++) {
		if (tenants[id].state == TENANT_BINDING)
			continue;	/* its timer finds out */
		tenant_end(&tenants[id]);
		transport.ops->tenant_cleared(&tenants[id]);
		free_if_done(&tenants[id]);
	}
}
