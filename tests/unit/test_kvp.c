// SPDX-License-Identifier: GPL-2.0-or-later
/* LINK: userspace/vmwp/vdev/ic.c userspace/vmwp/vdev/ic_text.c userspace/vmwp/vdev/ic_kvp.c */
/* LINK: userspace/vmwp/vdev/ic_fcopy.c userspace/vmwp/bus.c tests/unit/fake_host.c */
/*
 * The integration components that have many requests for one task: KVP and file copy.
 */
#include <errno.h>
#include <stdio.h>

#include "fake_guest.h"
#include "vdev/ic_services.h"

static struct fake_host fake;
static struct fake_guest guest;
static struct kvp kvp;
static struct fcopy fcopy;
static char listed[4096];
static struct kvp_ip ip;
static int result;
static unsigned int ends;
static const char *source;
static size_t source_left;
static int source_error;

static void note_pair(void *ctx, const struct kvp_pair *pair)
{
	size_t used = strlen(listed);

	snprintf(listed + used, sizeof(listed) - used, "%s=%s;", pair->key, pair->value);
}

static void note_ip(void *ctx, const struct kvp_ip *address)
{
	ip = *address;
}

static void note_end(void *ctx, int err)
{
	result = err;
	ends++;
}

static int read_source(void *ctx, void *to, size_t room)
{
	size_t count = source_left < room ? source_left : room;

	if (source_error)
		return source_error;
	memcpy(to, source, count);
	source += count;
	source_left -= count;
	return (int)count;
}

static void setup(void)
{
	struct vdev_port port = fake_guest_port(&guest);

	memset(&guest, 0, sizeof(guest));
	listed[0] = '\0';
	result = 1;
	ends = 0;
	source_error = 0;
	fake_host_init(&fake);
	kvp_init(&kvp, &fake.host, &port);
	fcopy_init(&fcopy, &fake.host, &port);
	ic_opened(&kvp.ic);
	fake_guest_choose(&guest, &kvp.ic, 4, 0);
	ic_opened(&fcopy.ic);
	fake_guest_choose(&guest, &fcopy.ic, 1, 1);
}

static void teardown(void)
{
	ic_closed(&kvp.ic);
	ic_closed(&fcopy.ic);
	ck_assert_ptr_null(fake.timers);
	fake_host_fini(&fake);
}

static struct ic_kvp_message *request(void)
{
	return fake_guest_payload(&guest);
}

static void put(uint8_t *to, uint32_t *size, const char *text)
{
	uint16_t units[256];
	size_t count = ic_utf16(units, 256, text);

	*size = (uint32_t)(2 * count + 2);
	memcpy(to, units, *size);
}

static void fill(struct ic_kvp_item *item, const char *key, const char *value)
{
	uint32_t size;

	item->value_type = IC_KVP_STRING;
	put(item->key, &size, key);
	item->key_size = size;
	put(item->value, &size, value);
	item->value_size = size;
}

START_TEST(a_pool_is_listed)
{
	ck_assert_int_eq(kvp_list(&kvp, IC_KVP_AUTO, note_pair, note_end, NULL), 0);
	ck_assert_uint_eq(guest.size, 28 + 2580);
	ck_assert_uint_eq(request()->operation, 3);
	ck_assert_uint_eq(request()->pool, 2);
	ck_assert_uint_eq(request()->list.index, 0);
	fill(&request()->list.item, "OSName", "Debian");
	fake_guest_answer(&guest, &kvp.ic, 0);
	ck_assert_uint_eq(request()->list.index, 1);
	ck_assert_int_eq(kvp_get(&kvp, IC_KVP_AUTO, "a", note_pair, note_end, NULL), -EBUSY);
	fill(&request()->list.item, "OSVersion", "6.1");
	fake_guest_answer(&guest, &kvp.ic, 0);
	ck_assert_uint_eq(ends, 0);
	fake_guest_answer(&guest, &kvp.ic, IC_NO_MORE_ITEMS);
	ck_assert_int_eq(result, 0);
	ck_assert_str_eq(listed, "OSName=Debian;OSVersion=6.1;");
}
END_TEST

START_TEST(a_pool_without_end)
{
	unsigned int i;

	kvp_list(&kvp, IC_KVP_GUEST, note_pair, note_end, NULL);
	for (i = 0; i < KVP_LIST_MAX; i++)
		fake_guest_answer(&guest, &kvp.ic, 0);
	ck_assert_int_eq(result, -E2BIG);
	ck_assert_uint_eq(ends, 1);
	ck_assert(!ic_busy(&kvp.ic));
}
END_TEST

START_TEST(pairs_that_lie)
{
	kvp_list(&kvp, IC_KVP_GUEST, note_pair, note_end, NULL);
	request()->list.item.key_size = UINT32_MAX;
	request()->list.item.value_size = 0;
	memset(request()->list.item.key, 'k', IC_KVP_KEY_BYTES);
	fake_guest_answer(&guest, &kvp.ic, 0);
	ck_assert_uint_eq(strlen(listed), 3 * IC_KVP_KEY_BYTES / 2 + 2);
	guest.size -= 8;
	fake_guest_answer(&guest, &kvp.ic, 0);
	ck_assert_int_eq(result, -EPROTO);
}
END_TEST

START_TEST(one_pair)
{
	char text[16];

	ck_assert_int_eq(kvp_get(&kvp, IC_KVP_GUEST, "key", note_pair, note_end, NULL), 0);
	ck_assert_uint_eq(request()->operation, 3);
	fill(&request()->list.item, "ke", "other");
	fake_guest_answer(&guest, &kvp.ic, 0);
	ck_assert_uint_eq(request()->list.index, 1);
	ck_assert_uint_eq(ends, 0);
	fill(&request()->list.item, "key", "value");
	fake_guest_answer(&guest, &kvp.ic, 0);
	ck_assert_str_eq(listed, "key=value;");
	ck_assert_int_eq(result, 0);
	kvp_get(&kvp, IC_KVP_GUEST, "none", note_pair, note_end, NULL);
	fill(&request()->list.item, "key", "value");
	fake_guest_answer(&guest, &kvp.ic, 0);
	fake_guest_answer(&guest, &kvp.ic, IC_NO_MORE_ITEMS);
	ck_assert_str_eq(listed, "key=value;");
	ck_assert_int_eq(result, -ENOENT);
	ck_assert_int_eq(kvp_set(&kvp, IC_KVP_EXTERNAL, "a", "bc", note_end, NULL), 0);
	ck_assert_uint_eq(request()->operation, 1);
	ck_assert_uint_eq(request()->pool, 0);
	ck_assert_uint_eq(request()->item.value_type, 1);
	ck_assert_uint_eq(request()->item.value_size, 6);
	ic_utf8(text, sizeof(text), request()->item.value, 6);
	ck_assert_str_eq(text, "bc");
	fake_guest_answer(&guest, &kvp.ic, 0);
	ck_assert_int_eq(result, 0);
	ck_assert_int_eq(kvp_delete(&kvp, IC_KVP_EXTERNAL, "a", note_end, NULL), 0);
	ck_assert_uint_eq(request()->operation, 2);
	ck_assert_uint_eq(request()->remove.size, 4);
	fake_guest_answer(&guest, &kvp.ic, IC_FAIL);
	ck_assert_int_eq(result, -EIO);
	ck_assert_uint_eq(ends, 4);
}
END_TEST

START_TEST(addresses)
{
	struct ic_kvp_ip_message *message = fake_guest_payload(&guest);
	const struct kvp_ip given = { "{a}", true, false, "::1;::2", "64;64", "::3", "::4" };
	char text[16];

	ck_assert_int_eq(kvp_get_ip(&kvp, "00:5d", false, note_ip, note_end, NULL), 0);
	ck_assert_uint_eq(guest.size, 28 + 7428);
	ck_assert_uint_eq(message->operation, 4);
	ck_assert_uint_eq(message->family, 1);
	memcpy(message->address, u"10.0.0.1", 18);
	memset(message->dns, 0xff, sizeof(message->dns));
	message->dhcp = 1;
	fake_guest_answer(&guest, &kvp.ic, 0);
	ck_assert_int_eq(result, 0);
	ck_assert_str_eq(ip.address, "10.0.0.1");
	ck_assert_str_eq(ip.adapter, "00:5D");
	ck_assert(ip.dhcp);
	ck_assert_uint_lt(strlen(ip.dns), sizeof(ip.dns));
	ck_assert_int_eq(kvp_set_ip(&kvp, &given, note_end, NULL), 0);
	ck_assert_uint_eq(message->operation, 5);
	ck_assert_uint_eq(message->family, 2);
	ic_utf8(text, sizeof(text), message->address, sizeof(message->address));
	ck_assert_str_eq(text, "::1;::2");
	fake_guest_answer(&guest, &kvp.ic, 0);
	ck_assert_uint_eq(ends, 2);
	kvp_get_ip(&kvp, "00:5d", false, note_ip, note_end, NULL);
	guest.size = 100;
	fake_guest_answer(&guest, &kvp.ic, 0);
	ck_assert_int_eq(result, -EPROTO);
}
END_TEST

START_TEST(nobody_waits_for_a_list)
{
	kvp_list(&kvp, IC_KVP_AUTO, note_pair, note_end, NULL);
	kvp_forget(&kvp);
	ck_assert_int_eq(kvp_get(&kvp, IC_KVP_AUTO, "a", note_pair, note_end, NULL), -EBUSY);
	fake_guest_answer(&guest, &kvp.ic, 0);
	ck_assert_uint_eq(ends, 0);
	ck_assert_str_eq(listed, "");
	ck_assert_int_eq(kvp_get(&kvp, IC_KVP_AUTO, "a", note_pair, note_end, NULL), 0);
	ic_closed(&kvp.ic);
	ck_assert_int_eq(result, -ECONNRESET);
}
END_TEST

static int begin(const char *path, const char *bytes)
{
	source = bytes;
	source_left = strlen(bytes);
	return fcopy_start(&fcopy, path, source_left, IC_FCOPY_OVERWRITE, read_source, note_end,
			   NULL);
}

static struct ic_fcopy_data *chunk(void)
{
	return fake_guest_payload(&guest);
}

START_TEST(a_file_in_chunks)
{
	static char bytes[IC_FCOPY_CHUNK + 11];
	struct ic_fcopy_start *start = fake_guest_payload(&guest);
	char text[300];

	memset(bytes, 'b', sizeof(bytes) - 1);
	ck_assert_int_eq(begin("/tmp/d/file", bytes), 0);
	ck_assert_uint_eq(guest.size, 28 + 1088);
	ck_assert_uint_eq(start->header.operation, 0);
	ck_assert_uint_eq(start->size, IC_FCOPY_CHUNK + 10);
	ck_assert_uint_eq(start->flags, 1);
	ic_utf8(text, sizeof(text), start->name, sizeof(start->name));
	ck_assert_str_eq(text, "file");
	ic_utf8(text, sizeof(text), start->path, sizeof(start->path));
	ck_assert_str_eq(text, "/tmp/d");
	ck_assert_int_eq(begin("/tmp/other", "x"), -EBUSY);
	source = bytes;
	source_left = sizeof(bytes) - 1;
	fake_guest_answer(&guest, &fcopy.ic, 0);
	ck_assert_uint_eq(chunk()->header.operation, 1);
	ck_assert_uint_eq(chunk()->offset, 0);
	ck_assert_uint_eq(chunk()->size, IC_FCOPY_CHUNK);
	fake_guest_answer(&guest, &fcopy.ic, 0);
	ck_assert_uint_eq(chunk()->offset, IC_FCOPY_CHUNK);
	ck_assert_uint_eq(chunk()->size, 10);
	fake_guest_answer(&guest, &fcopy.ic, 0);
	ck_assert_uint_eq(chunk()->header.operation, 2);
	ck_assert_uint_eq(ends, 0);
	fake_guest_answer(&guest, &fcopy.ic, 0);
	ck_assert_int_eq(result, 0);
	ck_assert_uint_eq(ends, 1);
}
END_TEST

START_TEST(files_that_fail)
{
	begin("/f", "abc");
	fake_guest_answer(&guest, &fcopy.ic, IC_EXISTS);
	ck_assert_int_eq(result, -EEXIST);
	begin("/f", "abc");
	fake_guest_answer(&guest, &fcopy.ic, 0);
	fake_guest_answer(&guest, &fcopy.ic, IC_DISK_FULL);
	ck_assert_uint_eq(chunk()->header.operation, 3);
	fake_guest_answer(&guest, &fcopy.ic, 0);
	ck_assert_int_eq(result, -ENOSPC);
	begin("/f", "abc");
	source_error = -EIO;
	fake_guest_answer(&guest, &fcopy.ic, 0);
	ck_assert_uint_eq(chunk()->header.operation, 3);
	fake_guest_answer(&guest, &fcopy.ic, 0);
	ck_assert_int_eq(result, -EIO);
	source_error = 0;
	begin("/f", "abc");
	source_left = 0;
	fake_guest_answer(&guest, &fcopy.ic, 0);
	fake_guest_answer(&guest, &fcopy.ic, 0);
	ck_assert_int_eq(result, -ENODATA);
	begin("/f", "abc");
	fcopy_forget(&fcopy);
	fake_guest_answer(&guest, &fcopy.ic, 0);
	ck_assert_uint_eq(chunk()->header.operation, 3);
	fake_guest_answer(&guest, &fcopy.ic, 0);
	ck_assert_uint_eq(ends, 4);
	begin("/f", "abc");
	ic_closed(&fcopy.ic);
	ck_assert_int_eq(result, -ECONNRESET);
	ck_assert_uint_eq(ends, 5);
}
END_TEST

START_TEST(paths_that_cannot_be_said)
{
	char path[1000];

	ck_assert_int_eq(begin("file", "x"), -EINVAL);
	ck_assert_int_eq(begin("", "x"), -EINVAL);
	ck_assert_int_eq(begin("/tmp/", "x"), -EINVAL);
	memset(path, 'p', sizeof(path));
	path[0] = '/';
	path[999] = '\0';
	ck_assert_int_eq(begin(path, "x"), -EINVAL);
	path[IC_FCOPY_NAME + 1] = '\0';
	ck_assert_int_eq(begin(path, "x"), -EINVAL);
	path[IC_FCOPY_NAME] = '\0';
	ck_assert_int_eq(begin(path, "x"), 0);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		a_pool_is_listed, a_pool_without_end, pairs_that_lie, one_pair, addresses,
		nobody_waits_for_a_list, a_file_in_chunks, files_that_fail,
		paths_that_cannot_be_said,
	};

	return run_tests("kvp", tests, ARRAY_SIZE(tests), setup, teardown);
}
