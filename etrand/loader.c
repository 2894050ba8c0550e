// SPDX-License-Identifier: GPL-2.0-only
/*
 * Loading the transport, or adopting it from its pins.
 *
 * What must outlive etrand is pinned: the struct_ops link, the maps, and the
 * programs that a restarted etrand needs. Pins are made last to first, with
 * the map of tenant records at the very end: only a complete set is adopted,
 * anything less is removed and loaded afresh.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include <xdp/libxdp.h>

#include "loader.h"
#include "log.h"
#include "nic.h"
#include "pins.h"
#include "record.h"
#include "transport.h"
#include "uapi/etran_io.h"
#include "xdp.h"

struct transport transport = {
	.map = { [0 ... TRANSPORT_MAPS - 1] = -1 },
	.prog = { [0 ... TRANSPORT_PROGS - 1] = -1 },
};

static const struct map_shape core_maps[NR_CORE_MAPS] = {
	[MAP_TENANTS] = { .name = "tenants", .type = BPF_MAP_TYPE_ARRAY, .key = 4,
			  .value = sizeof(struct tenant_record),
			  .entries = ETRAN_MAX_TENANTS },
	[MAP_PUB] = { .name = "pub", .type = BPF_MAP_TYPE_ARRAY_OF_MAPS, .key = 4,
		      .value = 4, .entries = ETRAN_MAX_TENANTS },
	[MAP_XSKS] = { .name = "xsks", .type = BPF_MAP_TYPE_XSKMAP, .key = 4,
		       .value = 4,
		       .entries = ETRAN_MAX_TENANTS * ETRAN_MAX_QUEUES },
	[MAP_PORTS] = { .name = "ports", .type = BPF_MAP_TYPE_DEVMAP, .key = 4,
			.value = 4, .entries = ETRAN_MAX_TENANTS },
};

static const char *name(void)
{
	return transport.ops->name;
}

static int nr_maps(void)
{
	return NR_CORE_MAPS + transport.ops->nr_maps;
}

static const struct map_shape *shape(int i)
{
	return i < NR_CORE_MAPS ? &core_maps[i] :
		&transport.ops->maps[i - NR_CORE_MAPS];
}

static int nr_progs(void)
{
	return transport.ops->nr_progs;
}

static const char *prog_name(int i)
{
	return transport.ops->progs[i];
}

static int check_shape(int i, int fd)
{
	const struct map_shape *s = shape(i);
	struct bpf_map_info info = { 0 };
	uint32_t len = sizeof(info);

	if (bpf_map_get_info_by_fd(fd, &info, &len))
		return -errno;
	if ((s->type && info.type != s->type) ||
	    (s->key && info.key_size != s->key) ||
	    (s->value && info.value_size != s->value &&
	     !(s->longer && info.value_size > s->value)) ||
	    (s->entries && info.max_entries != s->entries))
		return -EPROTO;
	transport.value_size[i] = info.value_size;
	return 0;
}

static int get_pin(const char *pin)
{
	char path[128];
	int fd;

	if (pins_path(path, sizeof(path), name(), pin))
		return -ENAMETOOLONG;
	fd = bpf_obj_get(path);
	return fd < 0 ? -errno : fd;
}

static int put_pin(int fd, const char *pin)
{
	char path[128];
	int err;

	err = pins_path(path, sizeof(path), name(), pin);
	if (!err && bpf_obj_pin(fd, path))
		err = -errno;
	if (err)
		log_err("pin %s: %s", pin, strerror(-err));
	return err;
}

static void close_all(void)
{
	int i;

	for (i = 0; i < nr_maps(); i++) {
		if (transport.map[i] >= 0)
			close(transport.map[i]);
		transport.map[i] = -1;
	}
	for (i = 0; i < nr_progs(); i++) {
		if (transport.prog[i] >= 0)
			close(transport.prog[i]);
		transport.prog[i] = -1;
	}
}

static uint32_t prog_id(int fd)
{
	struct bpf_prog_info info = { 0 };
	uint32_t len = sizeof(info);

	return bpf_prog_get_info_by_fd(fd, &info, &len) ? 0 : info.id;
}

/* Put the loaded ingress program on the NICs that do not have it yet. */
static int attach_nics(void)
{
	struct xdp_program *prog;
	struct nic *nic;
	unsigned int i;
	int err = 0;

	for (i = 0; !err && (nic = nic_at(i)); i++) {
		if (xdp_is_attached(nic->ifindex, prog_id(transport.prog[PROG_INGRESS]),
				    &nic->generic))
			continue;
		prog = xdp_program__from_fd(transport.prog[PROG_INGRESS]);
		err = libxdp_get_error(prog);
		if (err)
			return err;
		err = xdp_attach(prog, nic->ifindex, nic->name, &nic->generic);
		xdp_program__close(prog);
	}
	return err;
}

/* Return: 0, -ENOENT when something is missing or does not fit */
static int open_pins(void)
{
	int i;

	for (i = 0; i < nr_maps(); i++) {
		transport.map[i] = get_pin(shape(i)->name);
		if (transport.map[i] < 0 || check_shape(i, transport.map[i]))
			goto unfit;
	}
	for (i = 0; i < nr_progs(); i++) {
		transport.prog[i] = get_pin(prog_name(i));
		if (transport.prog[i] < 0)
			goto unfit;
	}
	if (!record_version_fits(transport.map[MAP_TENANTS], transport.ops->state_version))
		goto unfit;
	return 0;
unfit:
	close_all();
	return -ENOENT;
}

/* Return: 0 adopted, -ENOENT nothing that could be adopted */
static int adopt(void)
{
	struct nl_transport t;
	int err;

	if (nl_transport_find(&transport.nl, name(), &t))
		return -ENOENT;
	if (open_pins()) {
		log_info("transport %s is attached, but its state does not fit this etrand; replacing it",
			 name());
		return -ENOENT;
	}
	err = attach_nics();
	if (!err)
		log_info("adopted transport %s (id %u, %u queues)", name(),
			 t.id, t.queues);
	return err;
}

static int find_parts(struct bpf_object *obj)
{
	struct bpf_program *prog;
	struct bpf_map *map;
	int i;

	for (i = 0; i < nr_progs(); i++) {
		prog = bpf_object__find_program_by_name(obj, prog_name(i));
		if (!prog) {
			log_err("malformed object: no program %s", prog_name(i));
			return -EINVAL;
		}
	}
	for (i = MAP_TENANTS + 1; i < nr_maps(); i++) {
		map = bpf_object__find_map_by_name(obj, shape(i)->name);
		if (!map) {
			log_err("malformed object: no map %s", shape(i)->name);
			return -EINVAL;
		}
	}
	map = bpf_object__find_map_by_name(obj, name());
	if (!map || bpf_map__type(map) != BPF_MAP_TYPE_STRUCT_OPS) {
		log_err("malformed object: no struct_ops map %s", name());
		return -EINVAL;
	}
	return 0;
}

static int keep_fds(struct bpf_object *obj)
{
	struct bpf_program *prog;
	struct bpf_map *map;
	int i, fd;

	for (i = 0; i < nr_progs(); i++) {
		prog = bpf_object__find_program_by_name(obj, prog_name(i));
		fd = bpf_program__fd(prog);
		transport.prog[i] = fcntl(fd, F_DUPFD_CLOEXEC, 3);
		if (transport.prog[i] < 0)
			return -errno;
	}
	for (i = MAP_TENANTS + 1; i < nr_maps(); i++) {
		map = bpf_object__find_map_by_name(obj, shape(i)->name);
		fd = bpf_map__fd(map);
		transport.map[i] = fcntl(fd, F_DUPFD_CLOEXEC, 3);
		if (transport.map[i] < 0)
			return -errno;
		if (check_shape(i, transport.map[i])) {
			log_err("malformed object: map %s has another layout than this etrand",
				shape(i)->name);
			return -EPROTO;
		}
	}
	return 0;
}

/* Tie the other programs to the instance, attach it, keep it by a pin. */
static int attach_ops(struct bpf_object *obj)
{
	struct bpf_map *ops = bpf_object__find_map_by_name(obj, name());
	struct bpf_link *link;
	int i, err;

	for (i = 0; i < nr_progs(); i++) {
		err = bpf_prog_assoc_struct_ops(transport.prog[i], bpf_map__fd(ops),
						NULL);
		if (err) {
			log_err("associate %s: %s", prog_name(i), strerror(-err));
			return err;
		}
	}
	link = bpf_map__attach_struct_ops(ops);
	if (!link) {
		err = -errno;
		log_err("attach transport %s: %s", name(), strerror(-err));
		return err;
	}
	err = put_pin(bpf_link__fd(link), "link");
	/* Without the pin this ends the transport again. */
	bpf_link__destroy(link);
	return err;
}

static int pin_all(void)
{
	int i, err = 0;

	for (i = 0; !err && i < nr_progs(); i++)
		err = put_pin(transport.prog[i], prog_name(i));
	for (i = nr_maps(); !err && i > 0; i--)
		err = put_pin(transport.map[i - 1], shape(i - 1)->name);
	return err;
}

static int load_object(struct bpf_object *obj)
{
	DECLARE_LIBXDP_OPTS(xdp_program_opts, opts,
		.obj = obj,
		.prog_name = prog_name(PROG_INGRESS),
	);
	struct nic *nic = nic_at(0);
	struct xdp_program *prog;
	int err;

	prog = xdp_program__create(&opts);
	err = libxdp_get_error(prog);
	if (err) {
		log_err("ingress: %s: %s", strerror(-err), log_last_lib_line());
		return err;
	}
	/* The first NIC makes libxdp load the object, as its freplace. */
	err = xdp_attach(prog, nic->ifindex, nic->name, &nic->generic);
	if (!err)
		err = keep_fds(obj);
	xdp_program__close(prog);
	if (!err)
		err = attach_nics();
	if (!err)
		err = attach_ops(obj);
	return err;
}

static int load(const char *object_dir)
{
	struct bpf_object *obj;
	char path[512];
	int err;

	/* Leftovers of a crash, or of another layout. */
	err = pins_detach_transport(&transport.nl, name());
	if (err && err != -ENOENT) {
		log_err("cannot remove the old transport %s: %s", name(),
			strerror(-err));
		return err;
	}
	err = pins_prepare(name());
	if (err)
		return err;
	snprintf(path, sizeof(path), "%s/%s.bpf.o", object_dir, name());
	obj = bpf_object__open_file(path, NULL);
	if (!obj) {
		err = -errno;
		log_err("%s: %s", path, err == -ENOENT ? "no such object" :
			"malformed object");
		return err;
	}
	err = find_parts(obj);
	if (!err)
		err = load_object(obj);
	bpf_object__close(obj);
	if (!err)
		err = record_create(&transport.map[MAP_TENANTS], transport.ops->state_version);
	if (!err)
		err = pin_all();
	if (err)
		loader_detach();
	else
		log_info("loaded transport %s from %s", name(), path);
	return err;
}

/* What the process that loads has to tell. */
struct outcome {
	int err;
	bool adopted;
	bool generic[NIC_MAX];
};

static void load_or_adopt(const char *object_dir, struct outcome *out)
{
	struct nic *nic;
	unsigned int i;

	log_last_lib_line();
	out->err = adopt();
	out->adopted = !out->err;
	if (out->err == -ENOENT)
		out->err = load(object_dir);
	for (i = 0; (nic = nic_at(i)); i++)
		out->generic[i] = nic->generic;
}

/*
 * libxdp keeps descriptors of programs for good, and with them the module, long
 * after the transport was detached. So it works in a process of its own, which
 * leaves behind what it has pinned.
 */
static int run_apart(const char *object_dir)
{
	struct outcome *out;
	struct nic *nic;
	unsigned int i;
	int err, status;
	pid_t pid;

	out = mmap(NULL, sizeof(*out), PROT_READ | PROT_WRITE,
		   MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (out == MAP_FAILED)
		return -errno;
	out->err = -EIO;
	pid = fork();
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		load_or_adopt(object_dir, out);
		_exit(0);
	}
	if (pid < 0)
		out->err = -errno;
	else
		while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
			;
	for (i = 0; (nic = nic_at(i)); i++)
		nic->generic = out->generic[i];
	transport.adopted = out->adopted;
	err = out->err;
	munmap(out, sizeof(*out));
	return err;
}

static bool kernel_has_hooks(void)
{
	char line[256];
	bool found = false;
	FILE *f;

	f = fopen("/proc/kallsyms", "re");
	if (!f)
		return true;
	while (!found && fgets(line, sizeof(line), f))
		found = strstr(line, " xsk_hooks_register");
	fclose(f);
	return found;
}

static void say_no_module(int err)
{
	if (err == -EPROTO)
		log_err("etran.ko is of another version: load the one that belongs to this etrand");
	else if (err != -ENOENT)
		log_err("etran.ko: %s", strerror(-err));
	else if (kernel_has_hooks())
		log_err("etran.ko is not loaded: modprobe etran");
	else
		log_err("this kernel lacks the eTran patch: boot one that was built with core-hooks.patch, then load etran.ko");
}

/**
 * loader_start - make the transport run; says itself why not
 * Return: 0, -ENOPKG when it is for the module, -ENOENT when there is no
 * object, or another negative errno
 */
int loader_start(const char *object_dir)
{
	int err;

	err = nl_open(&transport.nl);
	if (err) {
		say_no_module(err);
		return -ENOPKG;
	}
	err = run_apart(object_dir);
	if (!err)
		err = open_pins();
	transport.live = !err;
	return err;
}

/** loader_close - let go of everything; what is pinned lives on */
void loader_close(void)
{
	close_all();
	transport.live = false;
}

/** loader_detach - end the transport */
void loader_detach(void)
{
	int err;

	loader_close();
	err = pins_detach_transport(&transport.nl, name());
	if (err && err != -ENOENT)
		log_err("detach %s: %s", name(), strerror(-err));
}
