// SPDX-License-Identifier: GPL-2.0-only
/*
 * /sys/kernel/etran: version, leaked_frames, abort.
 */
#include <linux/kobject.h>
#include <linux/module.h>
#include <linux/sysfs.h>

#include "etran.h"

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

/* The administrator's switch: works whatever the daemon and BPF do. */
static ssize_t abort_store(struct kobject *kobj, struct kobj_attribute *attr,
			   const char *buf, size_t count)
{
	bool yes;

	if (kstrtobool(buf, &yes) || !yes)
		return -EINVAL;
	etran_transport_abort();
	return count;
}

static struct kobj_attribute version_attr = __ATTR_RO(version);
static struct kobj_attribute leaked_frames_attr = __ATTR_RO(leaked_frames);
static struct kobj_attribute abort_attr = __ATTR(abort, 0200, NULL, abort_store);

static struct attribute *sysfs_attrs[] = {
	&version_attr.attr,
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
