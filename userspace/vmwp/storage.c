// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The storage controller of a machine: files are opened and locked here, before the sandbox closes
 * or by whom they come from over the control socket; the kernel does the I/O.
 *
 * A file that a guest may write is locked for nobody else, one that it only reads against writers
 * (OFD locks on all of it, as other virtual machine monitors have them).  The kernel's LUN has
 * the same open file, so the lock lasts as long as there is I/O.  Block devices that a guest may
 * write are claimed too (O_EXCL), so that the host mounts none of them.
 */
#include "storage.h"

#include <errno.h>
#include <fcntl.h>
#include <json-c/json.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "machine.h"
#include "report.h"

#define DEVICE_PATH	"/dev/storvsp"
#define INSTANCE	"2cf3c9bd-4fee-42e0-8d45-93e746e3a8b6"

static int storvsp_ioctl(int fd, unsigned long request, void *argument)
{
	int result = ioctl(fd, request, argument);

	return result < 0 ? -errno : result;
}

/* ---- files */

static bool writes(const struct storvsp_add_lun *add)
{
	return !(add->flags & STORVSP_READ_ONLY);
}

/* -EBUSY: somebody else has it. */
static int lock_file(int fd, bool writing)
{
	struct flock lock = { .l_type = writing ? F_WRLCK : F_RDLCK, .l_whence = SEEK_SET };

	if (!fcntl(fd, F_OFD_SETLK, &lock))
		return 0;
	return errno == EACCES || errno == EAGAIN ? -EBUSY : -errno;
}

static int open_file(const struct disk_option *disk)
{
	bool writing = !(disk->flags & STORVSP_READ_ONLY);
	int flags = (writing ? O_RDWR : O_RDONLY) | O_CLOEXEC | O_NONBLOCK;
	struct stat status;
	int fd, err;

	if (writing && !stat(disk->path, &status) && S_ISBLK(status.st_mode))
		flags |= O_EXCL;
	fd = open(disk->path, flags);
	if (fd < 0)
		return -errno;
	err = lock_file(fd, writing);
	if (!err)
		return fd;
	close(fd);
	return err;
}

/* ---- what makes a disk unique: where its file lies, unless somebody knows better */

static uint64_t mix(uint64_t hash, uint64_t value)
{
	hash = (hash ^ value) * 0x9e3779b97f4a7c15ull;
	return hash ^ hash >> 29;
}

static int name_disk(struct storvsp_add_lun *add, int fd, const char *serial)
{
	struct stat status = { .st_ino = 0 };
	char text[DISK_SERIAL_MAX + 1];
	uint64_t words[2];

	if (fd >= 0 && fstat(fd, &status))
		return -errno;
	words[0] = mix(mix(1, S_ISBLK(status.st_mode) ? status.st_rdev : status.st_dev),
		       status.st_ino);
	words[1] = mix(words[0], add->lun);
	memcpy(add->id, words, sizeof(add->id));
	snprintf(text, sizeof(text), "%016llx", (unsigned long long)words[0]);
	memset(add->serial, 0, sizeof(add->serial));
	memcpy(add->serial, serial ? serial : text, strlen(serial ? serial : text));
	return 0;
}

/* ---- the disks of the command line */

static int free_lun(const struct storage *storage)
{
	unsigned int lun;

	for (lun = 0; lun < DISKS_MAX; lun++)
		if (!storage->disks[lun].used)
			return (int)lun;
	return -ENOSPC;
}

/* -ENOSPC, -EEXIST */
static int choose_lun(const struct storage *storage, int wanted)
{
	if (wanted < 0)
		return free_lun(storage);
	if (wanted >= (int)DISKS_MAX)
		return -EINVAL;
	return storage->disks[wanted].used ? -EEXIST : wanted;
}

static int add_option(struct storage *storage, const struct disk_option *option)
{
	int fd = -1, err, lun = choose_lun(storage, option->lun);
	struct disk *disk;

	if (lun < 0)
		return lun;
	if (option->path) {
		fd = open_file(option);
		if (fd < 0)
			return fd;
	}
	disk = &storage->disks[lun];
	disk->add = (struct storvsp_add_lun){
		.lun = (uint32_t)lun, .flags = option->flags, .block_size = option->block_size,
	};
	err = name_disk(&disk->add, fd, option->serial);
	if (err) {
		close(fd);
		return err;
	}
	disk->fd = fd;
	disk->used = true;
	return 0;
}

static void report_disk(const struct disk_option *option, int err)
{
	const char *path = option->path ? option->path : "none";

	if (err == -EBUSY)
		report("--disk %s: somebody else uses it", path);
	else
		report("--disk %s: %s", path, strerror(-err));
}

/**
 * storage_init() - no device, no disks
 * @storage: filled in
 */
void storage_init(struct storage *storage)
{
	memset(storage, 0, sizeof(*storage));
	storage->device = -1;
	storage->controller = -1;
}

/**
 * storage_open() - open /dev/storvsp, and the disks of the command line
 * @storage: from storage_init()
 * @options: the command line
 *
 * Without rs_storvsp there is no controller, which is no mistake unless disks were asked for.
 *
 * Return: 0 or -errno; a line on stderr has said why.
 */
int storage_open(struct storage *storage, const struct options *options)
{
	unsigned int i;
	int err = 0;

	storage->device = open(DEVICE_PATH, O_RDWR | O_CLOEXEC);
	if (storage->device < 0 && options->disk_count) {
		err = -errno;
		report("cannot open " DEVICE_PATH ": %s", strerror(-err));
	}
	for (i = 0; !err && i < options->disk_count; i++) {
		err = add_option(storage, &options->disks[i]);
		if (err)
			report_disk(&options->disks[i], err);
	}
	return err;
}

static void forget(struct disk *disk)
{
	if (disk->fd >= 0)
		close(disk->fd);
	disk->used = false;
	disk->fd = -1;
}

/**
 * storage_close() - close the device and all files
 * @storage: there is no controller
 */
void storage_close(struct storage *storage)
{
	unsigned int i;

	for (i = 0; i < DISKS_MAX; i++)
		if (storage->disks[i].used)
			forget(&storage->disks[i]);
	if (storage->device >= 0)
		close(storage->device);
	storage->device = -1;
}

/* ---- the controller */

static int tell_kernel(const struct storage *storage, struct disk *disk)
{
	disk->add.file = disk->fd;
	return storvsp_ioctl(storage->controller, STORVSP_ADD_LUN, &disk->add);
}

static int add_all(struct storage *storage)
{
	unsigned int i;
	int err = 0;

	for (i = 0; !err && i < DISKS_MAX; i++) {
		if (!storage->disks[i].used)
			continue;
		err = tell_kernel(storage, &storage->disks[i]);
		if (err)
			report("LUN %u cannot be a disk: %s", i, strerror(-err));
	}
	return err;
}

/**
 * storage_create() - make the controller, and its disks
 * @machine: its bus exists, no VP of it runs; may have neither bus nor /dev/storvsp
 *
 * Return: 0 or -errno; a line on stderr has said why.
 */
int storage_create(struct machine *machine)
{
	struct storage *storage = &machine->storage;
	struct storvsp_create create = { .channels = machine->options->processors - 1 };
	int err;

	if (storage->device < 0 || !machine->synthetic.bus)
		return 0;
	create.bus = vmbus_bus_fd(machine->synthetic.bus);
	vmbus_guid_parse(INSTANCE, create.instance);
	storage->controller = storvsp_ioctl(storage->device, STORVSP_CREATE, &create);
	if (storage->controller < 0) {
		err = storage->controller;
		report("cannot make a storage controller: %s", strerror(-err));
		return err;
	}
	err = add_all(storage);
	if (err)
		storage_destroy(machine);
	return err;
}

/**
 * storage_destroy() - take the controller away; files stay open
 * @machine: no VP of it runs; may have no controller
 */
void storage_destroy(struct machine *machine)
{
	struct storage *storage = &machine->storage;

	if (storage->controller >= 0)
		close(storage->controller);
	storage->controller = -1;
}

/* ---- the control socket */

/* A descriptor of ours for a file that came, locked as it is open. */
static int take_file(int file, uint32_t *flags)
{
	int mode = fcntl(file, F_GETFL), fd, err;

	if (mode < 0)
		return -errno;
	if ((mode & O_ACCMODE) == O_RDONLY)
		*flags |= STORVSP_READ_ONLY;
	fd = fcntl(file, F_DUPFD_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	err = lock_file(fd, !(*flags & STORVSP_READ_ONLY));
	if (!err)
		return fd;
	close(fd);
	return err;
}

int storage_add(struct storage *storage, int file, int lun, uint32_t flags)
{
	struct disk *disk;
	int err;

	if (storage->controller < 0)
		return -ENODEV;
	lun = choose_lun(storage, lun);
	if (lun < 0)
		return lun;
	disk = &storage->disks[lun];
	disk->fd = take_file(file, &flags);
	if (disk->fd < 0)
		return disk->fd;
	disk->add = (struct storvsp_add_lun){ .lun = (uint32_t)lun, .flags = flags };
	err = name_disk(&disk->add, disk->fd, NULL);
	if (!err)
		err = tell_kernel(storage, disk);
	if (err) {
		forget(disk);
		return err;
	}
	disk->used = true;
	return lun;
}

static struct disk *find_disk(struct storage *storage, int lun)
{
	return lun >= 0 && lun < (int)DISKS_MAX && storage->disks[lun].used ?
	       &storage->disks[lun] : NULL;
}

int storage_remove(struct storage *storage, int lun)
{
	struct storvsp_medium medium = { .lun = (uint32_t)lun };
	struct disk *disk = find_disk(storage, lun);
	int err;

	if (storage->controller < 0)
		return -ENODEV;
	if (!disk)
		return -ENOENT;
	err = storvsp_ioctl(storage->controller, STORVSP_REMOVE_LUN, &medium);
	if (!err || err == -EINTR)
		forget(disk);
	return err;
}

int storage_set_medium(struct storage *storage, int lun, int file, bool force)
{
	struct storvsp_medium medium = {
		.lun = (uint32_t)lun, .file = -1, .flags = force ? STORVSP_FORCE : 0,
	};
	struct disk *disk = find_disk(storage, lun);
	uint32_t flags = STORVSP_READ_ONLY;
	int err;

	if (storage->controller < 0)
		return -ENODEV;
	if (!disk)
		return -ENOENT;
	if (file >= 0) {
		medium.file = take_file(file, &flags);
		if (medium.file < 0)
			return medium.file;
	}
	err = storvsp_ioctl(storage->controller, STORVSP_SET_MEDIUM, &medium);
	if (err) {
		if (medium.file >= 0)
			close(medium.file);
		return err;
	}
	if (disk->fd >= 0)
		close(disk->fd);
	disk->fd = medium.file;
	return 0;
}

int storage_resize(struct storage *storage, int lun)
{
	struct storvsp_medium medium = { .lun = (uint32_t)lun };

	if (storage->controller < 0)
		return -ENODEV;
	if (!find_disk(storage, lun))
		return -ENOENT;
	return storvsp_ioctl(storage->controller, STORVSP_RESIZE_LUN, &medium);
}

static void add_number(struct json_object *to, const char *name, uint64_t number)
{
	json_object_object_add(to, name, json_object_new_uint64(number));
}

static void add_flag(struct json_object *to, const char *name, bool flag)
{
	json_object_object_add(to, name, json_object_new_boolean(flag));
}

static struct json_object *describe_disk(const struct storage *storage, unsigned int lun)
{
	struct storvsp_lun_state state = { .lun = lun };
	struct json_object *to;

	if (storvsp_ioctl(storage->controller, STORVSP_GET_LUN_STATE, &state))
		return NULL;
	to = json_object_new_object();
	add_number(to, "lun", lun);
	add_flag(to, "dvd", state.flags & STORVSP_DVD);
	add_flag(to, "read-only", !writes(&storage->disks[lun].add));
	add_flag(to, "present", state.state & STORVSP_LUN_PRESENT);
	add_flag(to, "locked", state.state & STORVSP_LUN_LOCKED);
	add_flag(to, "direct", state.state & STORVSP_LUN_DIRECT);
	add_flag(to, "write-cache", state.state & STORVSP_LUN_WRITE_CACHE);
	add_number(to, "block_size", state.block_size);
	add_number(to, "blocks", state.blocks);
	add_number(to, "reads", state.reads);
	add_number(to, "read_bytes", state.read_bytes);
	add_number(to, "writes", state.writes);
	add_number(to, "written_bytes", state.written_bytes);
	add_number(to, "flushes", state.flushes);
	add_number(to, "unmaps", state.unmaps);
	add_number(to, "errors", state.errors);
	return to;
}

int storage_describe(const struct storage *storage, struct json_object *to)
{
	struct json_object *list, *disk;
	struct storvsp_state state;
	unsigned int lun;

	if (storage->controller < 0)
		return -ENODEV;
	if (!storvsp_ioctl(storage->controller, STORVSP_GET_STATE, &state)) {
		add_number(to, "protocol", state.protocol);
		add_number(to, "channels", state.channels);
		add_number(to, "packets", state.packets);
		add_number(to, "refused", state.refused);
	}
	list = json_object_new_array();
	for (lun = 0; lun < DISKS_MAX; lun++) {
		disk = storage->disks[lun].used ? describe_disk(storage, lun) : NULL;
		if (disk)
			json_object_array_add(list, disk);
	}
	json_object_object_add(to, "disks", list);
	return 0;
}
