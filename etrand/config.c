// SPDX-License-Identifier: GPL-2.0-only
/*
 * The configuration file, JSON:
 *
 *   { "strict_users": [ "*" ], "zerocopy_users": [ "alice", 1001 ] }
 *
 * In zero copy a user can change a packet after it was checked, in strict zero
 * copy not. In both the buffers that a queue receives into are the user's, who
 * can take them all and leave nothing to the rest of the machine. So everybody
 * but root gets copy mode unless the operator says otherwise. Whom strict_users
 * names, root too, gets strict; "*" there is everybody who is in no list.
 */
#include <errno.h>
#include <json-c/json.h>
#include <pwd.h>
#include <stdbool.h>
#include <string.h>

#include "config.h"
#include "log.h"

#define MAX_USERS	64

struct users {
	const char *key;
	uint32_t uid[MAX_USERS];
	unsigned int nr;
	bool all;
};

static struct users plain = { .key = "zerocopy_users" };
static struct users strict = { .key = "strict_users" };

static int add_user(const char *path, struct users *u, struct json_object *v)
{
	const char *name = json_object_is_type(v, json_type_string) ?
		json_object_get_string(v) : NULL;
	struct passwd *pw;
	int64_t uid;

	if (u == &strict && name && !strcmp(name, "*")) {
		u->all = true;
		return 0;
	}
	if (u->nr == MAX_USERS) {
		log_err("%s: more than %d %s", path, MAX_USERS, u->key);
		return -E2BIG;
	}
	uid = json_object_is_type(v, json_type_int) ? json_object_get_int64(v) : -1;
	if (uid >= 0 && uid < UINT32_MAX) {
		u->uid[u->nr++] = uid;
		return 0;
	}
	pw = name ? getpwnam(name) : NULL;
	if (!pw) {
		log_err("%s: %s: no user %s", path, u->key,
			json_object_to_json_string(v));
		return -EINVAL;
	}
	u->uid[u->nr++] = pw->pw_uid;
	return 0;
}

static int add_users(const char *path, const char *key, struct json_object *v)
{
	struct users *u = NULL;
	int err = 0;
	size_t i;

	if (!strcmp(key, plain.key))
		u = &plain;
	if (!strcmp(key, strict.key))
		u = &strict;
	if (!u || !json_object_is_type(v, json_type_array)) {
		log_err("%s: unknown key or wrong type: %s", path, key);
		return -EINVAL;
	}
	for (i = 0; !err && i < json_object_array_length(v); i++)
		err = add_user(path, u, json_object_array_get_idx(v, i));
	return err;
}

/** config_read - says itself what is wrong; Return: 0 or a negative errno */
int config_read(const char *path)
{
	struct json_object *root = json_object_from_file(path);
	const char *why;
	int err = 0;

	if (!json_object_is_type(root, json_type_object)) {
		why = root ? "not an object" : json_util_get_last_err();
		log_err("%s: %s", path, why ? why : "malformed JSON");
		json_object_put(root);
		return -EINVAL;
	}
	json_object_object_foreach(root, key, v) {
		err = add_users(path, key, v);
		if (err)
			break;
	}
	json_object_put(root);
	return err;
}

static bool listed(const struct users *u, uint32_t uid)
{
	unsigned int i;

	for (i = 0; i < u->nr; i++)
		if (u->uid[i] == uid)
			return true;
	return false;
}

/** config_mode - what may this user have, where the NIC has it? */
enum config_mode config_mode(uint32_t uid)
{
	if (listed(&strict, uid))
		return MODE_STRICT;
	if (!uid || listed(&plain, uid))
		return MODE_ZEROCOPY;
	return strict.all ? MODE_STRICT : MODE_COPY;
}
