// SPDX-License-Identifier: GPL-2.0-only
/* etrand/config.c: who gets which mode, and what is no configuration. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "etrand/config.c"
#include "etrand/log.c"

#define NOBODY	65534
#define ALICE	4711	/* a number needs no user of that name */

static int read_text(const char *text)
{
	int fd = memfd_create("config", 0), err;
	char path[32];

	plain.nr = strict.nr = 0;
	strict.all = false;
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	err = config_read(path);
	close(fd);
	return err;
}

static void says(const char *text, enum config_mode root, enum config_mode nobody,
		 enum config_mode alice)
{
	assert_int_equal(read_text(text), 0);
	assert_int_equal(config_mode(0), root);
	assert_int_equal(config_mode(NOBODY), nobody);
	assert_int_equal(config_mode(ALICE), alice);
}

static void modes(void **state)
{
	(void)state;
	says("{}", MODE_ZEROCOPY, MODE_COPY, MODE_COPY);
	says("{ \"zerocopy_users\": [ 4711 ] }", MODE_ZEROCOPY, MODE_COPY, MODE_ZEROCOPY);
	says("{ \"strict_users\": [ \"nobody\" ] }", MODE_ZEROCOPY, MODE_STRICT, MODE_COPY);
	says("{ \"strict_users\": [ \"*\" ] }", MODE_ZEROCOPY, MODE_STRICT, MODE_STRICT);
	says("{ \"strict_users\": [ \"*\" ], \"zerocopy_users\": [ 4711 ] }",
	     MODE_ZEROCOPY, MODE_STRICT, MODE_ZEROCOPY);
	says("{ \"zerocopy_users\": [ 4711 ], \"strict_users\": [ \"root\", 4711 ] }",
	     MODE_STRICT, MODE_COPY, MODE_STRICT);
	says("{ \"strict_users\": [ \"*\", 0 ] }", MODE_STRICT, MODE_STRICT, MODE_STRICT);
}

static void malformed(void **state)
{
	static const char * const texts[] = {
		"", "{", "[]", "1", "{ \"strict_users\": \"*\" }",
		"{ \"strict_users\": [ \"no such user\" ] }",
		"{ \"strict_users\": [ -1 ] }", "{ \"strict_users\": [ 4294967295 ] }",
		"{ \"strict_users\": [ 1.5 ] }", "{ \"strict_users\": [ null ] }",
		"{ \"strict_users\": [ [ 0 ] ] }",
		/* That would be what strict mode is there to prevent. */
		"{ \"zerocopy_users\": [ \"*\" ] }",
		"{ \"zerocopy_users\": [ 0 ], \"frobnicate\": 1 }",
	};
	char many[1024] = "{ \"strict_users\": [ 1";
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		assert_int_not_equal(read_text(texts[i]), 0);
	for (i = 1; i < MAX_USERS; i++)
		strcat(many, ", 1");
	strcat(many, " ] }");
	assert_int_equal(read_text(many), 0);
	strcpy(many + strlen(many) - strlen(" ] }"), ", 1 ] }");
	assert_int_equal(read_text(many), -E2BIG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(modes),
		cmocka_unit_test(malformed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
