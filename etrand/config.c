// SPDX-License-Identifier: GPL-2.0-only
/*
 * The configuration file, JSON:
 *
 *   { "zerocopy_users": [ "alice", 1001 ] }
 *
 * Zero copy lets a user change a packet after it was checked, so it is given to
 * root and to whom the operator names; everybody else gets copy mode.
 */
#include <errno.h>
#include <json-c/json.h>
#include <pwd.h>
#include <string.h>

#include "config.h"
#include "log.h"

#define MAX_USERS	64

static uint32_t users[MAX_USERS];
static unsigned int nr_users;

static int add_user(const char *path, struct json_object *v)
{
	struct passwd *pw;

	if (nr_users == MAX_USERS) {
		log_err("%s: more than %d zerocopy_users", path, MAX_USERS);
		return -E2BIG;
	}
	if (json_object_is_type(v, json_type_int)) {
		users[nr_users++] = json_object_get_int64(v);
		return 0;
	}
	pw = json_object_is_type(v, json_type_string) ?
		getpwnam(json_object_get_string(v)) : NULL;
	if (!pw) {
		log_err("%s: zerocopy_users: no user %s", path,
			json_object_to_json_string(v));
		return -EINVAL;
	}
	users[nr_users++] = pw->pw_uid;
	return 0;
}

/** config_read - says itself what is wrong; Return: 0 or a negative errno */
int config_read(const char *path)
{
	struct json_object *root = json_object_from_file(path);
	const char *why;
	int err = 0;
	size_t i;

	if (!json_object_is_type(root, json_type_object)) {
		why = root ? "not an object" : json_util_get_last_err();
		log_err("%s: %s", path, why ? why : "malformed JSON");
		json_object_put(root);
		return -EINVAL;
	}
	json_object_object_foreach(root, key, v) {
		if (strcmp(key, "zerocopy_users") ||
		    !json_object_is_type(v, json_type_array)) {
			log_err("%s: unknown key or wrong type: %s", path, key);
			err = -EINVAL;
			break;
		}
		for (i = 0; !err && i < json_object_array_length(v); i++)
			err = add_user(path, json_object_array_get_idx(v, i));
	}
	json_object_put(root);
	return err;
}

/** config_zerocopy_allowed - may this user have zero copy? */
bool config_zerocopy_allowed(uint32_t uid)
{
	unsigned int i;

	for (i = 0; i < nr_users; i++)
		if (users[i] == uid)
			return true;
	return uid == 0;
}
