// SPDX-License-Identifier: GPL-2.0-only
/* Programs that the verifier must refuse; see verifier.h and reject.bpf.h. */
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "transport.h"
#include "verifier.h"

#define SUFFIX	".bpf.o"

static char verifier_log[1 << 20];

/* What a file says of its program: @words of the verifier, NULL when it is accepted. */
static struct bpf_program *tagged(const struct bpf_object *obj, const char **words)
{
	const struct btf *btf = bpf_object__btf(obj);
	const struct btf_type *t, *func;
	const char *tag;
	unsigned int id;

	for (id = 1; id < btf__type_cnt(btf); id++) {
		t = btf__type_by_id(btf, id);
		if (!btf_is_decl_tag(t))
			continue;
		tag = btf__name_by_offset(btf, t->name_off);
		*words = strncmp(tag, "refused:", 8) ? NULL : tag + 8;
		if (!*words && strcmp(tag, "accepted"))
			continue;
		func = btf__type_by_id(btf, t->type);
		return bpf_object__find_program_by_name(obj,
					btf__name_by_offset(btf, func->name_off));
	}
	return NULL;
}

/* What it complained of comes before the explanations. */
static void last_lines(void)
{
	char *explained = strstr(verifier_log, "\n\nVerification failed");
	size_t len;

	if (explained)
		*explained = '\0';
	len = strlen(verifier_log);
	ktap_note("the verifier said: ...%s",
		  verifier_log + (len > 300 ? len - 300 : 0));
}

static void load(struct bpf_object *obj)
{
	struct bpf_program *prog;
	const char *words;
	bool ok;
	int ret;

	prog = tagged(obj, &words);
	if (!CHECK(prog, "the file does not say what it expects"))
		return;
	verifier_log[0] = '\0';
	bpf_program__set_log_buf(prog, verifier_log, sizeof(verifier_log));
	bpf_program__set_log_level(prog, 1);
	ret = bpf_object__load(obj);
	if (words)
		ok = CHECK(ret < 0, "accepted") &&
		     CHECK(strstr(verifier_log, words), "not '%s' (%d)", words, ret);
	else
		ok = CHECK_EQ(ret, 0, "load what is allowed");
	if (!ok)
		last_lines();
}

static void load_file(void)
{
	struct bpf_object *obj;
	char path[512];

	snprintf(path, sizeof(path), "%s/%s" SUFFIX, transport_dir, ktap_case_name());
	obj = bpf_object__open_file(path, NULL);
	if (CHECK(obj, "open %s", path))
		load(obj);
	bpf_object__close(obj);
}

static int is_object(const struct dirent *d)
{
	size_t len = strlen(d->d_name);

	return len > strlen(SUFFIX) && !strcmp(d->d_name + len - strlen(SUFFIX), SUFFIX);
}

unsigned int verifier_cases(struct ktap_case *cases, unsigned int max)
{
	struct dirent **found;
	char path[512];
	int i, nr;

	snprintf(path, sizeof(path), "%s/reject", transport_dir);
	nr = scandir(path, &found, is_object, alphasort);
	if (nr <= 0 || nr > (int)max)
		ktap_bail("%d objects in %s", nr, path);
	for (i = 0; i < nr; i++) {
		cases[i].run = load_file;
		if (asprintf((char **)&cases[i].name, "reject/%.*s",
			     (int)(strlen(found[i]->d_name) - strlen(SUFFIX)),
			     found[i]->d_name) < 0)
			ktap_bail("no memory");
		free(found[i]);
	}
	free(found);
	return nr;
}
