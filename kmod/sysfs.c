// SPDX-License-Identifier: GPL-2.0-only
/*
 * /sys/kernel/etran, for root whatever the network namespace:
 *
 *   version
 *   state		"attached N" or "idle"
 *   enable_seq		transports attached since the module was loaded
 *   exits		one line for each of the last transports that ended
 *   leaked_frames	frames that nobody can account for
 *   abort		1 ends all transports
 *
 * Everybody may read what has no mode of its own below, so reading takes no lock
 * and waits for nobody.
 */
#include <linux/kobject.h>
#include <linux/module.h>
#include <linux/sysfs.h>

#include "account.h"
#include "exit.h"
#include "sysfs.h"
#include "transport.h"

static struct kobject *sysfs_kobj;

static ssize_t version_show(struct kobject *kobj, struct kobj_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%s\n", THIS_MODULE->version);
}

static ssize_t leaked_frames_show(struct kobject *kobj, struct kobj_attribute *attr,
				  char *buf)
{
	return sysfs_emit(buf, "%llu\n", etran_pool_leaked());
}

static ssize_t state_show(struct kobject *kobj, struct kobj_attribute *attr, char *buf)
{
	u32 nr = etran_transport_attached() - etran_exit_nr();

	return nr ? sysfs_emit(buf, "attached %u\n", nr) : sysfs_emit(buf, "idle\n");
}

static ssize_t enable_seq_show(struct kobject *kobj, struct kobj_attribute *attr,
			       char *buf)
{
	return sysfs_emit(buf, "%u\n", etran_transport_attached());
}

static ssize_t exits_show(struct kobject *kobj, struct kobj_attribute *attr, char *buf)
{
	const struct etran_exit_record *r;
	int len = 0;
	u32 i;

	spin_lock(&etran_lock);
	for (i = 0; (r = etran_exit_get(i)); i++)
		len += sysfs_emit_at(buf, len, "%s id %u netns %llu %s code %d: %s\n",
				     r->name, r->id, r->net_cookie,
				     etran_exit_name(r->info.kind), r->info.code,
				     r->info.msg);
	spin_unlock(&etran_lock);
	return len;
}

/* The administrator's switch: works whatever the daemon and BPF do. */
static ssize_t abort_store(struct kobject *kobj, struct kobj_attribute *attr,
			   const char *buf, size_t count)
{
	bool yes;
	int err;

	if (kstrtobool(buf, &yes) || !yes)
		return -EINVAL;
	err = etran_transport_abort();
	return err ?: count;
}

static struct kobj_attribute version_attr = __ATTR_RO(version);
static struct kobj_attribute leaked_frames_attr = __ATTR_RO(leaked_frames);
static struct kobj_attribute state_attr = __ATTR_RO(state);
static struct kobj_attribute enable_seq_attr = __ATTR_RO(enable_seq);
static struct kobj_attribute exits_attr = __ATTR(exits, 0400, exits_show, NULL);
static struct kobj_attribute abort_attr = __ATTR(abort, 0200, NULL, abort_store);

static struct attribute *sysfs_attrs[] = {
	&version_attr.attr,
	&state_attr.attr,
	&enable_seq_attr.attr,
	&exits_attr.attr,
	&leaked_frames_attr.attr,
	&abort_attr.attr,
	NULL,
};

static const struct attribute_group sysfs_group = {
	.attrs = sysfs_attrs,
};

/**
 * etran_sysfs_init - make the files
 * Return: 0 or errno.
 */
int etran_sysfs_init(void)
{
	int err;

	sysfs_kobj = kobject_create_and_add("etran", kernel_kobj);
	if (!sysfs_kobj)
		return -ENOMEM;
	err = sysfs_create_group(sysfs_kobj, &sysfs_group);
	if (err)
		kobject_put(sysfs_kobj);
	return err;
}

/**
 * etran_sysfs_exit - remove them
 */
void etran_sysfs_exit(void)
{
	sysfs_remove_group(sysfs_kobj, &sysfs_group);
	kobject_put(sysfs_kobj);
}
